using System.Runtime.CompilerServices;

namespace Skiff.Linux.Spawning;

/// <summary>The only way in which Skiff makes a process: clone3(2), then a <see cref="ChildProgram"/>.</summary>
/// <remarks>What runs in the child is <see cref="Interpreter"/>. With CLONE_VM the program must live until the child has executed its target or has been waited for.</remarks>
public static unsafe class Spawn
{
    private const ulong CLONE_PIDFD = 0x1000;
    private const ulong CLONE_CLEAR_SIGHAND = 0x100000000;
    private const ulong CLONE_INTO_CGROUP = 0x200000000;
    private const int SIGCHLD = 17;
    private const int SIG_SETMASK = 2;
    private const int BeginDeadlineMilliseconds = 2000;
    private const int StackSize = 16 << 10;

    /// <summary>Starts a process.</summary>
    /// <param name="program">What it does; must stay alive until the process has executed its target or ended.</param>
    /// <param name="channel">The pair over which the child reports and waits; its child end must appear in the program.</param>
    /// <param name="namespaces">New namespaces of the process.</param>
    /// <param name="cgroup">Directory of a cgroup v2 to be born in (kernel 5.7), or null.</param>
    /// <param name="traced">True to record when each instruction ran.</param>
    /// <remarks>With CLONE_VM the program may go on growing while the child waits in its last instruction: see <see cref="SpawnedProcess.Extend"/>.</remarks>
    /// <exception cref="LinuxException">clone3 failed: EPERM without privileges, ENOSPC for too many namespaces, EAGAIN at the limit of processes.</exception>
    public static SpawnedProcess Start(
        ChildProgram program,
        ReportChannel channel,
        CloneFlags namespaces = CloneFlags.None,
        SafeFd? cgroup = null,
        bool traced = false
    )
    {
        int* pidfd = (int*)program.Allocate(sizeof(int));
        ulong* masks = (ulong*)program.Allocate(2 * sizeof(ulong));
        bool shared = namespaces.HasFlag(CloneFlags.CLONE_VM);
        SharedPage page = new(program.Capacity, traced);
        CloneArgs* args = Arguments(program, namespaces, cgroup);
        Interpreter* interpreter = InterpreterOf(program, channel, page);
        args->Flags |= CLONE_PIDFD;
        args->Pidfd = (ulong)pidfd;
        for (int attempt = 1; ; attempt++)
        {
            // No handler of the runtime may run in the child: all signals stay blocked from here until the program unblocks them.
            masks[0] = ulong.MaxValue;
            Libc.syscall(SyscallNumber.rt_sigprocmask, SIG_SETMASK, (nint)masks, (nint)(masks + 1), 8, 0, 0);
            nint pid = Bear(SpawnCode.Shared.Birth, args, interpreter);
            Libc.syscall(SyscallNumber.rt_sigprocmask, SIG_SETMASK, (nint)(masks + 1), 0, 8, 0, 0);
            if (pid < 0)
            {
                page.Dispose();
                throw new LinuxException("clone3", namespaces.ToString(), (int)-pid);
            }
            SpawnedProcess process = new((int)pid, new Pidfd(new SafeFd(*pidfd)), channel, page, shared ? interpreter : null);
            // Nothing that a child in our own memory touches can be held by the runtime.
            if (shared || process.HasBegun(BeginDeadlineMilliseconds) || attempt == 3)
            {
                channel.CloseChildEnd();
                return process;
            }
            // Never seen with this design, but a child that the runtime holds before its first instruction must not hold us: replace it.
            process.Pidfd.Signal(9);
            process.Pidfd.Wait();
            process.Pidfd.Dispose();
        }
    }

    /// <summary>Lets a process that is to be started bear a further one, of which it is the parent: <paramref name="parent"/> gets the instruction that does it. All three share memory, and the new one sees the
    /// descriptors that are open when its parent is started.</summary>
    /// <param name="parent">The parent's program.</param>
    /// <param name="program">The new process's; it must stay alive until that has executed its target or ended, and may grow as with <see cref="Start"/>.</param>
    /// <param name="channel">The pair over which it reports and waits.</param>
    /// <param name="namespaces">New namespaces of the process, and CLONE_VM.</param>
    /// <param name="cgroup">Directory of a cgroup v2 to be born in (kernel 5.7), or null.</param>
    public static Grandchild Embed(
        ChildProgram parent,
        ChildProgram program,
        ReportChannel channel,
        CloneFlags namespaces,
        SafeFd? cgroup = null
    )
    {
        SharedPage page = new(program.Capacity, traced: false);
        CloneArgs* args = Arguments(program, namespaces, cgroup);
        Interpreter* interpreter = InterpreterOf(program, channel, page);
        int index = parent.Count;
        delegate* <Interpreter*, void> entry = &Interpreter.Run;
        Result pid = parent.Bear((nint)entry, (nint)args, sizeof(CloneArgs), (nint)interpreter);
        return new Grandchild(parent, index, pid, channel, page, interpreter);
    }

    private static CloneArgs* Arguments(ChildProgram program, CloneFlags namespaces, SafeFd? cgroup)
    {
        bool shared = namespaces.HasFlag(CloneFlags.CLONE_VM);
        CloneArgs* args = (CloneArgs*)program.Allocate(sizeof(CloneArgs));
        *args = new CloneArgs
        {
            Flags = (ulong)(uint)namespaces | CLONE_CLEAR_SIGHAND | (cgroup is null ? 0 : CLONE_INTO_CGROUP),
            ExitSignal = SIGCHLD,
            Stack = shared ? (ulong)program.Allocate(StackSize) : 0,
            StackSize = shared ? (ulong)StackSize : 0,
            Cgroup = cgroup is null ? 0 : (ulong)cgroup.Value,
        };
        return args;
    }

    private static Interpreter* InterpreterOf(ChildProgram program, ReportChannel channel, SharedPage page)
    {
        Interpreter* interpreter = (Interpreter*)program.Allocate(sizeof(Interpreter));
        *interpreter = new Interpreter
        {
            Call = SpawnCode.Shared.Call,
            Birth = SpawnCode.Shared.Birth,
            Write = SyscallNumber.write,
            ExitGroup = SyscallNumber.exit_group,
            ClockGetTime = SyscallNumber.clock_gettime,
            Code = program.Code,
            Count = program.Count,
            ReportFd = channel.ChildValue,
            Report = (int*)program.Allocate(2 * sizeof(int)),
            Progress = page.Progress,
            Times = page.Times,
        };
        return interpreter;
    }

    /// <summary>Runs a program in this process, on this thread: calls that need nothing of a child, so that both work at the same time.</summary>
    /// <returns>The instruction that failed, or null.</returns>
    public static ChildFailure? RunHere(ChildProgram program)
    {
        int* report = (int*)program.Allocate(2 * sizeof(int));
        SpawnProgress progress = default;
        report[0] = -1;
        Interpreter interpreter = new()
        {
            Call = SpawnCode.Shared.Call,
            Code = program.Code,
            Count = program.Count,
            ReportFd = -1,
            Report = report,
            Progress = &progress,
        };
        Interpreter.Run(&interpreter);
        return report[0] < 0 ? null : new ChildFailure(report[0], report[1]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Bear(delegate* <nint, nint, nint, nint, nint> birth, CloneArgs* args, Interpreter* interpreter)
    {
        delegate* <Interpreter*, void> entry = &Interpreter.Run;
        if (RuntimeFeature.IsDynamicCodeCompiled)
        {
            Interpreter nothing = default;
            entry(&nothing); // under a just-in-time compiler (the unit tests) it must be compiled before the child needs it
        }
        return birth((nint)args, sizeof(CloneArgs), (nint)entry, (nint)interpreter);
    }
}
