using Skiff.Linux;

namespace Skiff.Engine.Launch;

/// <summary>RLIMIT_NOFILE as the caller had it, for the container: this program changes no limit of its own.</summary>
public static unsafe class CallerLimits
{
    private const int RLIMIT_NOFILE = 7;

    /// <summary>Soft and hard limit; null when they cannot be read.</summary>
    public static (ulong Soft, ulong Hard)? OpenFiles()
    {
        ulong* limit = stackalloc ulong[2];
        return RawCall.Invoke(SyscallNumber.prlimit64, 0, RLIMIT_NOFILE, 0, (nint)limit) == 0 ? (limit[0], limit[1]) : null;
    }
}
