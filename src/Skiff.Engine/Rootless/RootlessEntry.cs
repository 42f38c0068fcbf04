using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Rootless;

/// <summary>Brings a command of an ordinary user into the user's namespaces, where it is root and works as root's commands do.</summary>
public static class RootlessEntry
{
    /// <summary>Enters the user namespace and a mount namespace of this command's own, and begins this program again there. It stays the same process. Does not return.</summary>
    /// <param name="runroot"><c>--runroot</c>; null for the user's.</param>
    /// <exception cref="SkiffException">The host does not let the user.</exception>
    public static void Enter(string? runroot)
    {
        const int SIGPIPE = 13;
        RootlessUser user = RootlessUser.Current!;
        string directory = runroot is null ? user.Runroot : Path.GetFullPath(runroot);
        UserDirectory.Ensure(directory, user.Uid);
        using SafeFd ns = new UserNamespace(directory, user).Open(out FileLock? gate);
        CallList calls = new();
        calls.Add(
            $"skiff: the user namespace of your containers cannot be entered{NewUserNamespace.Restriction()}\n",
            SyscallNumber.setns,
            ns.Value,
            (long)CloneFlags.CLONE_NEWUSER
        );
        calls.Add("", SyscallNumber.close, ns.Value);
        if (gate is not null)
        {
            calls.Add("", SyscallNumber.close, gate.Fd.Value);
        }
        calls.Add(
            $"skiff: no mount namespace can be made in your user namespace{NewUserNamespace.Restriction()}\n",
            SyscallNumber.unshare,
            (long)CloneFlags.CLONE_NEWNS
        );
        calls.Add("", SyscallNumber.setresgid, 0, 0, 0);
        calls.Add("", SyscallNumber.setresuid, 0, 0, 0);
        // The runtime ignores it, which would be inherited.
        calls.Add("", SyscallNumber.rt_sigaction, SIGPIPE, calls.Memory(new byte[32]), 0, 8);
        string program =
            Files.TryReadLink("/proc/self/exe", out int errno) ?? throw new LinuxException("readlink", "/proc/self/exe", errno);
        byte[] arguments = Read("/proc/self/cmdline");
        byte[] environment = [.. CString.Encode((user with { Runroot = directory }).Entry), .. Read("/proc/self/environ")];
        ReadOnlySpan<int> inherited = gate is null ? [ns.Value] : [ns.Value, gate.Fd.Value];
        throw calls.Execute(program, arguments, environment, inherited);
    }

    private static byte[] Read(string path) => Files.TryReadAll(path, out int errno) ?? throw new LinuxException("read", path, errno);
}
