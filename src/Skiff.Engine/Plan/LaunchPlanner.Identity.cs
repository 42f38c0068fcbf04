using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Capabilities;
using Skiff.Linux.Mounts;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

public sealed partial class LaunchPlanner
{
    private const int PR_SET_PDEATHSIG = 1;
    private const int PR_CAPBSET_DROP = 24;
    private const int PR_SET_NO_NEW_PRIVS = 38;
    private bool _waited;

    private void Network()
    {
        if (_in.WaitsForHost)
        {
            TellNetwork();
            _plan.Container(
                Block.Network,
                _in.HasCable || (_in.Rootless && _in.DiesWithParent)
                    ? "From here on the host's half of the network is needed: wait for it."
                    : "The host writes down who this process is before it goes on: a container that outlives its watcher is known."
            );
            _plan.WaitsAt = _p.Count;
            AwaitHost();
            if (_early && !_in.DiesWithParent)
            {
                _p.Call(SyscallNumber.prctl, PR_SET_PDEATHSIG, 0);
            }
        }
        if (!_early || _in.HasCable)
        {
            OwnNetwork(_in.Network);
        }
    }

    private void OwnNetwork(IReadOnlyList<NetworkMessage> messages)
    {
        if (messages.Count == 0)
        {
            return;
        }
        _plan.Container(
            Block.Network,
            "The container's half of the network: loopback up, then its own end of the cable with address and route."
        );
        Configure(messages);
    }

    private void Configure(IReadOnlyList<NetworkMessage> messages)
    {
        const int AF_NETLINK = 16;
        const int SOCK_RAW_CLOEXEC = 3 | 0x80000;
        Result socket = _p.Call(SyscallNumber.socket, AF_NETLINK, SOCK_RAW_CLOEXEC, 0);
        nint reply = _p.Memory(1024);
        foreach (NetworkMessage message in messages)
        {
            // One request, one acknowledgement: nlmsgerr.error stands 16 bytes into the answer and must be 0.
            _p.Call(SyscallNumber.sendto, socket, _p.Annotate(_p.Bytes(message.Bytes.Span), message.Text), message.Bytes.Length, 0, 0, 0);
            _p.Call(SyscallNumber.recvfrom, socket, reply, 1024, 0, 0, 0);
            _p.Annotate(reply + 16, "the acknowledgement to carry no error");
            _p.Require(reply + 16, unchecked((nint)0xFFFFFFFFL), 0, Errno.EOPNOTSUPP);
        }
        _p.Call(SyscallNumber.close, socket);
    }

    /// <summary>The wait ends with the host: the child was born with a copy of the host's end, and would keep itself waiting for ever.</summary>
    private void AwaitHost()
    {
        if (!_first.DiesWithParent && !_waited)
        {
            _p.Call(SyscallNumber.close, HostEnd);
        }
        _waited = true;
        _p.Wait(Channel);
    }

    private void EnterRoot()
    {
        _plan.Container(
            Block.Filesystem,
            "pivot_root makes the new tree the root and puts the host's on top of it, from where it is detached: nothing of the host is left to see."
        );
        _p.Call(SyscallNumber.fchdir, _root);
        _p.Call(SyscallNumber.pivot_root, _p.Text("."), _p.Text("."));
        _p.Call(SyscallNumber.umount2, _p.Text("."), (int)MountApi.MNT_DETACH);
        _p.Call(SyscallNumber.chdir, _p.Text("/"));
        if (_spec.Root?.ReadOnly == true)
        {
            _plan.Container(Block.Filesystem, "The root becomes read-only, once the working directory is there.");
            MakeWorkingDirectory();
            SetAttributes(_root, new MountAttributes { Set = MountApi.MOUNT_ATTR_RDONLY }, recursive: false);
        }
    }

    private void Terminal()
    {
        if (_process.Terminal)
        {
            OpenTerminal();
        }
        else if (_in.Standard is not (0, 1, 2))
        {
            _plan.Container(Block.Exec, "Standard input, output and error.");
            foreach ((int from, int to) in (ReadOnlySpan<(int, int)>)[(_in.Standard.In, 0), (_in.Standard.Out, 1), (_in.Standard.Error, 2)])
            {
                if (from != to)
                {
                    _p.Call(SyscallNumber.dup3, from, to, 0);
                }
            }
        }
    }

    /// <summary>The terminal is made in the container's own devpts, so that /dev/pts/0 resolves there, and its master is sent to whoever serves it (SCM_RIGHTS, unix(7)).</summary>
    private unsafe void OpenTerminal()
    {
        const int TIOCSPTLCK = 0x40045431;
        const int TIOCGPTPEER = 0x5441;
        const int TIOCSWINSZ = 0x5414;
        const int TIOCSCTTY = 0x540E;
        _plan.Container(Block.Exec, "A pseudo-terminal of the container's own; its other end goes to the engine.");
        Result master = _p.Call(
            SyscallNumber.openat,
            AtCwd,
            _p.Text("/dev/pts/ptmx"),
            OpenFlags.O_RDWR | OpenFlags.O_NOCTTY | OpenFlags.O_CLOEXEC
        );
        _p.Call(SyscallNumber.ioctl, master, TIOCSPTLCK, _p.Memory(8));
        if (_process.ConsoleSize is { } size)
        {
            Span<ushort> window = [(ushort)size.Height, (ushort)size.Width, 0, 0];
            _p.Call(SyscallNumber.ioctl, master, TIOCSWINSZ, _p.Bytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(window)));
        }
        Result slave = _p.Call(SyscallNumber.ioctl, master, TIOCGPTPEER, OpenFlags.O_RDWR | OpenFlags.O_NOCTTY);
        _p.Call(SyscallNumber.fchown, slave, (nint)_process.User.Uid, -1);
        // struct msghdr with one iovec and one control message that carries the descriptor.
        nint* control = (nint*)_p.Memory(32);
        control[0] = 20;
        ((int*)control)[2] = 1;
        ((int*)control)[3] = 1;
        nint* vector = (nint*)_p.Memory(16);
        vector[0] = _p.Bytes("c"u8);
        vector[1] = 1;
        nint* message = (nint*)_p.Memory(64);
        message[2] = (nint)vector;
        message[3] = 1;
        message[4] = (nint)control;
        message[5] = 24;
        // The number to send is known only in the child: the result of fcntl(F_DUPFD_CLOEXEC) is stored straight into the control message.
        _p.StoreInto(_p.Call(SyscallNumber.fcntl, master, 1030, 3), (nint)(control + 2));
        _p.Call(SyscallNumber.sendmsg, _in.ConsoleSocket, (nint)message, 0);
        for (int fd = 0; fd <= 2; fd++)
        {
            _p.Call(SyscallNumber.dup3, slave, fd, 0);
        }
        _p.Call(SyscallNumber.ioctl, 0, TIOCSCTTY, 0);
        if (_joins)
        {
            return; // /dev/console is the first process's terminal
        }
        Result tree = _p.Call(
            SyscallNumber.open_tree,
            AtCwd,
            _p.Text("/dev/pts/0"),
            (int)(MountApi.OPEN_TREE_CLONE | MountApi.OPEN_TREE_CLOEXEC)
        );
        _p.Call(SyscallNumber.mknodat, AtCwd, _p.Text("/dev/console"), 0x8000 | 0x180, 0);
        _p.Tolerate(Errno.EEXIST).Tolerate(Errno.EROFS);
        _p.Call(SyscallNumber.move_mount, tree, _p.Text(""), AtCwd, _p.Text("/dev/console"), (int)MountApi.MOVE_MOUNT_F_EMPTY_PATH);
    }

    private void Session()
    {
        const int KEYCTL_JOIN_SESSION_KEYRING = 1;
        _plan.Container(
            Block.Identity,
            "A session of its own: signals of the caller's terminal do not reach in, keys of the caller's keyring are not seen."
        );
        _p.Call(SyscallNumber.setsid);
        _p.Call(SyscallNumber.keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0);
        _p.Tolerate(Errno.ENOSYS).Tolerate(Errno.EDQUOT);
    }

    private void Surroundings()
    {
        if (!_joins || !_userNamespace)
        {
            Limits();
        }
        WorkingDirectory();
    }

    private void Limits()
    {
        if (_process.OomScoreAdj is { } score && (_joins || !_userNamespace)) // into a user namespace the host writes it
        {
            _plan.Container(Block.Identity, "How soon the kernel picks this container when memory runs out.");
            Result fd = _p.Call(SyscallNumber.openat, AtCwd, _p.Text("/proc/self/oom_score_adj"), OpenFlags.O_WRONLY | OpenFlags.O_CLOEXEC);
            string text = score.ToString();
            _p.Call(SyscallNumber.write, fd, _p.Text(text), text.Length);
            _p.Call(SyscallNumber.close, fd);
        }
        bool files = false;
        _plan.Container(Block.Identity, "Resource limits of the process.");
        foreach (RlimitSpec limit in _process.Rlimits)
        {
            files |= limit.Type == "RLIMIT_NOFILE";
            Limit(RlimitNumber.Of(limit.Type), limit.Soft, limit.Hard);
        }
        if (!files && _in.CallerNoFile is { } own)
        {
            Limit(RlimitNumber.Of("RLIMIT_NOFILE"), own.Soft, own.Hard);
        }
    }

    private void Limit(int number, ulong soft, ulong hard)
    {
        Span<ulong> pair = [soft, hard];
        _p.Call(SyscallNumber.prlimit64, 0, number, _p.Bytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(pair)), 0);
    }

    /// <summary>The working directory is made where it is missing, as docker does, and must lie inside the root: getcwd(2) answers "(unreachable)" for one that leaked (CVE-2024-21626).</summary>
    private void WorkingDirectory()
    {
        if (_process.Cwd == "/")
        {
            return;
        }
        _plan.Container(
            Block.Exec,
            _joins
                ? "The working directory, which must be inside the container."
                : "The working directory, made where the image lacks it; it must be inside the container."
        );
        if (!_joins && _spec.Root?.ReadOnly != true)
        {
            MakeWorkingDirectory();
        }
        _p.Call(SyscallNumber.chdir, _p.Text(_process.Cwd.TrimEnd('/')));
        nint buffer = _p.Memory(4096);
        _p.Call(SyscallNumber.getcwd, buffer, 4096);
        _p.Require(buffer, 0xFF, '/', Errno.EXDEV);
    }

    private void MakeWorkingDirectory()
    {
        string path = _process.Cwd.TrimEnd('/');
        for (int slash = 0; slash >= 0 && path.Length > 0; )
        {
            slash = path.IndexOf('/', slash + 1);
            _p.Call(SyscallNumber.mkdirat, AtCwd, _p.Text(slash < 0 ? path : path[..slash]), 0x1ED);
            _p.TolerateAll();
        }
    }

    private void BoundingSet()
    {
        _plan.Container(Block.Identity, "Rights that the container can never get back are dropped from the bounding set.");
        CapabilitySet dropped = CapabilitySet.SupportedByKernel() - Bounding;
        for (int number = 0; number < 64; number++)
        {
            if (dropped.Contains((Capability)number))
            {
                _p.Call(SyscallNumber.prctl, PR_CAPBSET_DROP, number, 0, 0, 0);
            }
        }
    }

    private CapabilitySet Bounding => _process.Capabilities is { } asked ? Set(asked.Bounding) : CapabilitySet.None;

    private void Identity()
    {
        CapabilitiesSpec? asked = _process.Capabilities;
        if (_process.NoNewPrivileges)
        {
            _plan.Container(Block.Identity, "No program run from here on gains rights by a setuid bit or file capabilities.");
            _p.Call(SyscallNumber.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        }
        else
        {
            Seccomp();
        }
        _plan.Container(Block.Identity, "The user and groups of the process; a user other than root loses all effective rights with it.");
        UserSpec user = _process.User;
        Span<uint> groups = new uint[user.AdditionalGids.Count];
        for (int i = 0; i < groups.Length; i++)
        {
            groups[i] = user.AdditionalGids[i];
        }
        if (_in.SetsGroups)
        {
            _p.Call(SyscallNumber.setgroups, groups.Length, _p.Bytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(groups)));
        }
        _p.Call(SyscallNumber.setresgid, (nint)user.Gid, (nint)user.Gid, (nint)user.Gid);
        _p.Call(SyscallNumber.setresuid, (nint)user.Uid, (nint)user.Uid, (nint)user.Uid);
        if (asked is not null)
        {
            ProcessCapabilities capabilities = new(
                Bounding,
                user.Uid == 0 ? Set(asked.Permitted) : CapabilitySet.None,
                user.Uid == 0 ? Set(asked.Effective) : CapabilitySet.None
            );
            _p.Call(SyscallNumber.capset, _p.Bytes(ProcessCapabilities.Header()), _p.Bytes(capabilities.Data()));
        }
        if (_in.DiesWithParent)
        {
            _p.Call(SyscallNumber.prctl, PR_SET_PDEATHSIG, 9); // a change of user clears it
        }
        if (_process.NoNewPrivileges)
        {
            Seccomp();
        }
    }

    private static CapabilitySet Set(ValueList<string> names)
    {
        CapabilitySet set = CapabilitySet.None;
        foreach (string name in names)
        {
            set |= CapabilitySet.TryParse(name, out Capability capability)
                ? capability
                : throw new SkiffException($"the capability {name} is unknown", 125);
        }
        return set;
    }

    /// <summary>struct sock_fprog of seccomp(2). Without no_new_privs it needs CAP_SYS_ADMIN, so it is loaded before the rights are dropped; with it, as late as possible.</summary>
    private unsafe void Seccomp()
    {
        if (_in.SeccompFilter is not { } filter)
        {
            return;
        }
        const int SECCOMP_SET_MODE_FILTER = 1;
        _plan.Container(Block.Identity, "The system calls that a container has no business with are refused by a filter in the kernel.");
        nint* program = (nint*)_p.Memory(16);
        *(ushort*)program = (ushort)(filter.Length / 8);
        program[1] = _p.Bytes(filter);
        _p.Call(SyscallNumber.seccomp, SECCOMP_SET_MODE_FILTER, (nint)_in.SeccompFlags, (nint)program);
    }

    private void Execute()
    {
        const int CLOSE_RANGE_CLOEXEC = 4;
        const int F_SETFD = 2;
        const int SIG_SETMASK = 2;
        const int AT_EMPTY_PATH = 0x1000;
        _plan.Container(
            Block.Exec,
            "Everything but the three standard descriptors closes, the signals are unblocked, and the trampoline executes the command: never the engine's own file, which an untrusted program could otherwise reach (CVE-2019-5736)."
        );
        string[] args = [.. _process.Args.AsSpan()];
        string[] candidates = Candidates(args[0]);
        ValueList<string> environment =
            _in.SecretVariables.Count == 0 ? _process.Env : ContainerSecrets.Over(_process.Env, _in.SecretVariables);
        _p.Call(SyscallNumber.close_range, 3, -1 & 0x7FFFFFFF, CLOSE_RANGE_CLOEXEC);
        _p.Call(SyscallNumber.fcntl, Channel, F_SETFD, 0);
        _p.Call(SyscallNumber.rt_sigprocmask, SIG_SETMASK, _p.Memory(8), 0, 8);
        _p.Call(
            SyscallNumber.execveat,
            _trampoline,
            _p.Text(""),
            // Process 1 of --init is seen for as long as the container runs: its words say what it is.
            _p.TextArray(!_joins && SpecAnnotations.HasInit(_spec) ? ["skiff-init", "--", .. args] : args),
            // Where the command may be found stands before its environment; the trampoline tries these paths in turn.
            _p.TextArray([.. candidates, .. environment.AsSpan()]),
            AT_EMPTY_PATH
        );
    }

    private string[] Candidates(string command) => CommandPath.Candidates(command, _process.Env);
}
