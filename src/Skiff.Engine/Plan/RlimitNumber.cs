using Skiff.Linux;

namespace Skiff.Engine.Plan;

/// <summary>RLIMIT_* of getrlimit(2) by name; x86-64 and arm64 agree.</summary>
internal static class RlimitNumber
{
    private static readonly string[] s_names =
    [
        "RLIMIT_CPU",
        "RLIMIT_FSIZE",
        "RLIMIT_DATA",
        "RLIMIT_STACK",
        "RLIMIT_CORE",
        "RLIMIT_RSS",
        "RLIMIT_NPROC",
        "RLIMIT_NOFILE",
        "RLIMIT_MEMLOCK",
        "RLIMIT_AS",
        "RLIMIT_LOCKS",
        "RLIMIT_SIGPENDING",
        "RLIMIT_MSGQUEUE",
        "RLIMIT_NICE",
        "RLIMIT_RTPRIO",
        "RLIMIT_RTTIME",
    ];

    internal static int Of(string name)
    {
        int number = Array.IndexOf(s_names, name);
        return number >= 0 ? number : throw new SkiffException($"the resource limit {name} is unknown", 125);
    }
}
