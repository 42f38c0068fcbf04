using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Skiff.Linux.Spawning;

/// <summary>The only way in which Skiff makes a process: clone3(2), then a <see cref="ChildProgram"/>.</summary>
/// <remarks>The rules for the interpreter stand in docs/decisions/001: no allocation, no static, no P/Invoke stub, nothing that the garbage collector or the runtime could wait for.</remarks>
public static unsafe class Spawn
{
    private const ulong CLONE_PIDFD = 0x1000;
    private const ulong CLONE_CLEAR_SIGHAND = 0x100000000;
    private const ulong CLONE_INTO_CGROUP = 0x200000000;
    private const int SIGCHLD = 17;
    private const int SIG_SETMASK = 2;
    private const int BeginDeadlineMilliseconds = 2000;

    /// <summary>Starts a process.</summary>
    /// <param name="program">What it does; must stay alive until the process has executed its target or ended.</param>
    /// <param name="channel">The pair over which the child reports and waits; its child end must appear in the program.</param>
    /// <param name="namespaces">New namespaces of the process.</param>
    /// <param name="cgroup">Directory of a cgroup v2 to be born in (kernel 5.7), or null.</param>
    /// <param name="traced">True to record when each instruction ran.</param>
    /// <exception cref="LinuxException">clone3 failed: EPERM without privileges, ENOSPC for too many namespaces, EAGAIN at the limit of processes.</exception>
    public static SpawnedProcess Start(
        ChildProgram program,
        ReportChannel channel,
        CloneFlags namespaces = CloneFlags.None,
        SafeFd? cgroup = null,
        bool traced = false
    )
    {
        SharedPage page = new(program.Count, traced);
        Instruction* code = program.Seal();
        CloneArgs* args = (CloneArgs*)program.Allocate(sizeof(CloneArgs));
        int* pidfd = (int*)program.Allocate(sizeof(int));
        ulong* masks = (ulong*)program.Allocate(2 * sizeof(ulong));
        int* report = (int*)program.Allocate(2 * sizeof(int));
        nint libc = NativeLibrary.GetMainProgramHandle();
        nint entry = NativeLibrary.GetExport(libc, "syscall");
        nint errnoEntry = NativeLibrary.GetExport(libc, "__errno_location");
        if (((entry | errnoEntry) & 2) != 0)
        {
            throw new InvalidOperationException(
                "libc's functions are not 16-byte aligned: the address would read as a fat function pointer"
            );
        }
        var call = (delegate* <nint, nint, nint, nint, nint, nint, nint, nint>)entry;
        int* errno = ((delegate* <int*>)errnoEntry)();
        for (int attempt = 1; ; attempt++)
        {
            *args = new CloneArgs
            {
                Flags = (ulong)(uint)namespaces | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | (cgroup is null ? 0 : CLONE_INTO_CGROUP),
                Pidfd = (ulong)pidfd,
                ExitSignal = SIGCHLD,
                Cgroup = cgroup is null ? 0 : (ulong)cgroup.Value,
            };
            // No handler of the runtime may run in the child: all signals stay blocked from here until the program unblocks them.
            masks[0] = ulong.MaxValue;
            Libc.syscall(SyscallNumber.rt_sigprocmask, SIG_SETMASK, (nint)masks, (nint)(masks + 1), 8, 0, 0);
            nint pid = Run(
                call,
                errno,
                args,
                SyscallNumber.clone3,
                SyscallNumber.write,
                SyscallNumber.exit_group,
                SyscallNumber.clock_gettime,
                code,
                program.Count,
                channel.ChildValue,
                report,
                page.Progress,
                page.Times
            );
            int failure = pid < 0 ? *errno : 0;
            Libc.syscall(SyscallNumber.rt_sigprocmask, SIG_SETMASK, (nint)(masks + 1), 0, 8, 0, 0);
            if (pid < 0)
            {
                page.Dispose();
                throw new LinuxException("clone3", namespaces.ToString(), failure);
            }
            SpawnedProcess process = new((int)pid, new SafeFd(*pidfd), channel, page);
            if (process.HasBegun(BeginDeadlineMilliseconds) || attempt == 3)
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

    /// <summary>clone3, and in the child the interpreter. In the child it never returns.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Run(
        delegate* <nint, nint, nint, nint, nint, nint, nint, nint> call,
        int* errno,
        CloneArgs* args,
        nint clone3,
        nint write,
        nint exitGroup,
        nint clockGettime,
        Instruction* code,
        nint count,
        nint reportFd,
        int* report,
        SpawnProgress* progress,
        TimeSpec* times
    )
    {
        nint pid = call(clone3, (nint)args, sizeof(CloneArgs), 0, 0, 0, 0);
        if (pid != 0)
        {
            return pid;
        }
        for (nint n = 0; n < count; n++)
        {
            Instruction* i = code + n;
            progress->At = n + 1;
            if (times != null)
            {
                call(clockGettime, 1, (nint)(times + n), 0, 0, 0, 0);
            }
            int failure = 0;
            if (i->Kind == InstructionKind.Require)
            {
                failure = (*(nint*)i->Number & i->A) == i->B ? 0 : (int)i->C;
            }
            else
            {
                uint indirect = i->Indirect;
                nint a = (indirect & 1) != 0 ? *(nint*)i->A : i->A;
                nint b = (indirect & 2) != 0 ? *(nint*)i->B : i->B;
                nint c = (indirect & 4) != 0 ? *(nint*)i->C : i->C;
                nint d = (indirect & 8) != 0 ? *(nint*)i->D : i->D;
                nint e = (indirect & 16) != 0 ? *(nint*)i->E : i->E;
                nint f = (indirect & 32) != 0 ? *(nint*)i->F : i->F;
                nint result;
                do
                {
                    result = call(i->Number, a, b, c, d, e, f);
                } while (result == -1 && *errno == 4);
                if (i->Result != null)
                {
                    *i->Result = result;
                }
                if (result < i->Minimum)
                {
                    failure = result == -1 ? *errno : 71; // EPROTO: a short answer, the parent has gone
                    if (i->Tolerated == -1 || i->Tolerated == failure || i->Tolerated2 == failure)
                    {
                        n += i->Skip;
                        failure = 0;
                    }
                }
            }
            if (failure != 0)
            {
                report[0] = (int)n;
                report[1] = failure;
                call(write, reportFd, (nint)report, 8, 0, 0, 0);
                call(exitGroup, 125, 0, 0, 0, 0, 0);
            }
        }
        call(exitGroup, 0, 0, 0, 0, 0, 0);
        return 0;
    }
}
