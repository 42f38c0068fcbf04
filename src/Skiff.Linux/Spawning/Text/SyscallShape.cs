using static Skiff.Linux.Spawning.ArgumentKind;

namespace Skiff.Linux.Spawning;

/// <summary>What the disassembler knows of a system call.</summary>
/// <param name="Number">Its number on this architecture.</param>
/// <param name="Name">The kernel's name.</param>
/// <param name="ManPage">The page that explains it.</param>
/// <param name="MakesDescriptor">Its result is a new descriptor.</param>
/// <param name="Arguments">The kinds of its arguments.</param>
internal sealed record SyscallShape(int Number, string Name, string ManPage, bool MakesDescriptor, ArgumentKind[] Arguments)
{
    /// <summary>The shape of a call, or null for one that no program uses yet.</summary>
    internal static SyscallShape? Of(nint number) => Array.Find(Table.Shapes, shape => shape.Number == number);

    private static SyscallShape Plain(int number, string name, params ArgumentKind[] arguments) =>
        new(number, name, name + "(2)", false, arguments);

    private static SyscallShape Opens(int number, string name, params ArgumentKind[] arguments) =>
        new(number, name, name + "(2)", true, arguments);

    private static SyscallShape See(int number, string name, string page, params ArgumentKind[] arguments) =>
        new(number, name, page, false, arguments);

    /// <summary>A class of its own: it is made when the first instruction is described, and never on the way of a run.</summary>
    private static class Table
    {
        internal static readonly SyscallShape[] Shapes =
        [
            Plain(SyscallNumber.read, "read", Descriptor, ArgumentKind.Buffer, Count),
            Plain(SyscallNumber.write, "write", Descriptor, Written, Count),
            Plain(SyscallNumber.close, "close", Descriptor),
            Opens(SyscallNumber.openat, "openat", Descriptor, ArgumentKind.Text, ArgumentKind.OpenFlags, NodeMode),
            Opens(SyscallNumber.openat2, "openat2", Descriptor, ArgumentKind.Text, OpenHow, Count),
            Plain(SyscallNumber.mkdirat, "mkdirat", Descriptor, ArgumentKind.Text, Mode),
            Plain(SyscallNumber.mknodat, "mknodat", Descriptor, ArgumentKind.Text, NodeMode, Device),
            Plain(SyscallNumber.symlinkat, "symlinkat", ArgumentKind.Text, Descriptor, ArgumentKind.Text),
            Plain(SyscallNumber.linkat, "linkat", Descriptor, ArgumentKind.Text, Descriptor, ArgumentKind.Text, AtFlags),
            Plain(SyscallNumber.unlinkat, "unlinkat", Descriptor, ArgumentKind.Text, AtFlags),
            Plain(SyscallNumber.fchmod, "fchmod", Descriptor, Mode),
            Plain(SyscallNumber.fchmodat, "fchmodat", Descriptor, ArgumentKind.Text, Mode),
            Plain(SyscallNumber.fchown, "fchown", Descriptor, Identity, Identity),
            Plain(SyscallNumber.fchownat, "fchownat", Descriptor, ArgumentKind.Text, Identity, Identity, AtFlags),
            Plain(SyscallNumber.statx, "statx", Descriptor, ArgumentKind.Text, AtFlags, StatxMask, ArgumentKind.Buffer),
            Plain(SyscallNumber.fstatfs, "fstatfs", Descriptor, ArgumentKind.Buffer),
            Plain(SyscallNumber.sendfile, "sendfile", Descriptor, Descriptor, ArgumentKind.FileOffset, Count),
            Plain(SyscallNumber.getcwd, "getcwd", ArgumentKind.Buffer, Count),
            Plain(SyscallNumber.chdir, "chdir", ArgumentKind.Text),
            Plain(SyscallNumber.fchdir, "fchdir", Descriptor),
            Plain(SyscallNumber.chroot, "chroot", ArgumentKind.Text),
            Plain(SyscallNumber.umask, "umask", Mode),
            Opens(SyscallNumber.dup, "dup", Descriptor),
            See(SyscallNumber.dup3, "dup3", "dup(2)", Descriptor, Descriptor, ArgumentKind.OpenFlags),
            Plain(SyscallNumber.fcntl, "fcntl", Descriptor, Fcntl, Count),
            Plain(SyscallNumber.ioctl, "ioctl", Descriptor, Ioctl, IoctlValue),
            Plain(SyscallNumber.close_range, "close_range", Count, Count, CloseRangeFlags),
            Plain(SyscallNumber.mount, "mount", ArgumentKind.Text, ArgumentKind.Text, ArgumentKind.Text, MountFlags, ArgumentKind.Text),
            Plain(SyscallNumber.umount2, "umount2", ArgumentKind.Text, UnmountFlags),
            Plain(SyscallNumber.pivot_root, "pivot_root", ArgumentKind.Text, ArgumentKind.Text),
            Opens(SyscallNumber.fsopen, "fsopen", ArgumentKind.Text, FsOpenFlags),
            Plain(SyscallNumber.fsconfig, "fsconfig", Descriptor, FsConfig, ArgumentKind.Text, ArgumentKind.Text, Count),
            Opens(SyscallNumber.fsmount, "fsmount", Descriptor, FsMountFlags, ArgumentKind.MountAttributes),
            Opens(SyscallNumber.open_tree, "open_tree", Descriptor, ArgumentKind.Text, OpenTreeFlags),
            Plain(SyscallNumber.move_mount, "move_mount", Descriptor, ArgumentKind.Text, Descriptor, ArgumentKind.Text, MoveMountFlags),
            Plain(SyscallNumber.mount_setattr, "mount_setattr", Descriptor, ArgumentKind.Text, AtFlags, MountAttributeStruct, Count),
            Plain(SyscallNumber.setns, "setns", Descriptor, ArgumentKind.CloneFlags),
            Plain(SyscallNumber.unshare, "unshare", ArgumentKind.CloneFlags),
            Plain(SyscallNumber.sethostname, "sethostname", Written, Count),
            See(SyscallNumber.setdomainname, "setdomainname", "getdomainname(2)", Written, Count),
            Plain(SyscallNumber.setsid, "setsid"),
            Plain(SyscallNumber.prctl, "prctl", Prctl, PrctlValue),
            See(SyscallNumber.capset, "capset", "capabilities(7)", CapabilityHeader, ArgumentKind.Capabilities),
            Plain(SyscallNumber.seccomp, "seccomp", SeccompOperation, Hex, FilterProgram),
            Plain(SyscallNumber.setgroups, "setgroups", Count, Groups),
            Plain(SyscallNumber.setresgid, "setresgid", Identity, Identity, Identity),
            Plain(SyscallNumber.setresuid, "setresuid", Identity, Identity, Identity),
            Plain(SyscallNumber.setgid, "setgid", Identity),
            Plain(SyscallNumber.setuid, "setuid", Identity),
            See(SyscallNumber.prlimit64, "prlimit64", "prlimit(2)", Count, Limit, LimitStruct, Pointer),
            Plain(SyscallNumber.keyctl, "keyctl", Keyctl, ArgumentKind.Text),
            See(SyscallNumber.rt_sigaction, "rt_sigaction", "sigaction(2)", Signal, SignalAction, Pointer, Count),
            See(SyscallNumber.rt_sigprocmask, "rt_sigprocmask", "sigprocmask(2)", MaskHow, SignalMask, Pointer, Count),
            Opens(SyscallNumber.socket, "socket", Domain, SocketType, Count),
            See(SyscallNumber.sendto, "sendto", "rtnetlink(7)", Descriptor, Sent, Count, MessageFlags, Pointer, Count),
            See(SyscallNumber.recvfrom, "recvfrom", "recv(2)", Descriptor, ArgumentKind.Buffer, Count, MessageFlags, Pointer, Pointer),
            See(SyscallNumber.recvmsg, "recvmsg", "unix(7)", Descriptor, Message, MessageFlags),
            See(SyscallNumber.sendmsg, "sendmsg", "unix(7)", Descriptor, Message, MessageFlags),
            Plain(SyscallNumber.execve, "execve", ArgumentKind.Text, Texts, Texts),
            Plain(SyscallNumber.execveat, "execveat", Descriptor, ArgumentKind.Text, Texts, Texts, AtFlags),
            Plain(SyscallNumber.exit_group, "exit_group", Count),
            See(SyscallNumber.kill, "kill", "kill(2)", Count, Signal),
            Plain(SyscallNumber.wait4, "wait4", Count, Pointer, WaitOptions, Pointer),
            See(SyscallNumber.clock_nanosleep, "clock_nanosleep", "clock_nanosleep(2)", Count, TimerFlags, Pointer, Pointer),
            Plain(SyscallNumber.setpgid, "setpgid", Count, Count),
            Plain(SyscallNumber.personality, "personality", Hex),
            Plain(SyscallNumber.sched_setaffinity, "sched_setaffinity", Count, Count, Pointer),
        ];
    }
}
