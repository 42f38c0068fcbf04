using System.Globalization;
using Skiff.Linux;

namespace Skiff.Engine.Rootless;

/// <summary>The ordinary user for whom this process works: see docs/rootless.md.</summary>
/// <param name="Uid">The user's id on the host.</param>
/// <param name="Gid">The user's group on the host.</param>
/// <param name="Entered">Whether this process is in the user's namespaces already, where it is root.</param>
/// <param name="Runroot">The directory of what need not survive a reboot.</param>
public sealed record RootlessUser(uint Uid, uint Gid, bool Entered, string Runroot)
{
    /// <summary>Tells a process that has entered the namespaces for whom it works: <c>UID:GID:RUNROOT</c>.</summary>
    internal const string Variable = "SKIFF_ROOTLESS_USER";

    /// <summary>Options of overlayfs, each after a comma: for an ordinary user it keeps its notes in attributes that users may set (Linux 5.11), and then neither redirects nor copies in parts.</summary>
    internal static string OverlayOptions => Current is null ? ",redirect_dir=off,metacopy=off" : ",userxattr";

    /// <summary>The user; null when this process is root's own.</summary>
    public static RootlessUser? Current { get; } = Find();

    /// <summary>Whether processes here may set groups: the kernel lets a user map only the own group on the condition that they may not.</summary>
    internal static bool SetsGroups =>
        Current is null || Files.TryReadText("/proc/self/setgroups", out _)?.StartsWith("deny", StringComparison.Ordinal) != true;

    /// <exception cref="SkiffException">There is no HOME.</exception>
    /// <summary>Where images, containers and volumes are: <c>$XDG_DATA_HOME/skiff</c>, by default <c>~/.local/share/skiff</c>.</summary>
    public static string DataRoot() =>
        Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data && data[0] == '/' ? data + "/skiff"
        : Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? home + "/.local/share/skiff"
        : throw new SkiffException("HOME is not set, so there is no place for images: set it, or name one with --root", 125);

    /// <summary>As <see cref="Entry"/>, of the current user; none for root.</summary>
    public static string[] Inherited => Current is null ? [] : [Current.Entry];

    /// <summary>The entry of the environment that hands the user on to a process that is started.</summary>
    internal string Entry => string.Create(CultureInfo.InvariantCulture, $"{Variable}={Uid}:{Gid}:{Runroot}");

    private static RootlessUser? Find()
    {
        uint uid = (uint)RawCall.Invoke(SyscallNumber.geteuid);
        if (uid != 0)
        {
            return new RootlessUser(uid, (uint)RawCall.Invoke(SyscallNumber.getegid), Entered: false, DefaultRunroot(uid));
        }
        string[] fields = Environment.GetEnvironmentVariable(Variable)?.Split(':', 3) ?? [];
        return
            fields.Length == 3
            && uint.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out uid)
            && uint.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out uint gid)
            && uid != 0
            && UserIdMap.Outside(UserIdMap.Own("uid_map"), 0) == uid
            ? new RootlessUser(uid, gid, Entered: true, fields[2])
            : null;
    }

    /// <summary><c>$XDG_RUNTIME_DIR/skiff</c> where that directory is the user's own, else <c>/tmp/skiff-UID</c>.</summary>
    private static string DefaultRunroot(uint uid) =>
        Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime
        && runtime[0] == '/'
        && UserDirectory.IsOwn(runtime, uid)
            ? runtime + "/skiff"
            : string.Create(CultureInfo.InvariantCulture, $"/tmp/skiff-{uid}");
}
