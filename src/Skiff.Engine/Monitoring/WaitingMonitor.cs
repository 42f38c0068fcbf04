using System.Globalization;
using System.Text;
using Skiff.Engine.Launch;
using Skiff.Engine.Network;
using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Monitoring;

/// <summary>
/// A monitor whose container is not there yet. The runtime of a new process needs two milliseconds before it does anything of ours, so a command that will need a monitor
/// starts it first and makes the container meanwhile, on the other processor. Without an order it ends with this object.
/// </summary>
public sealed class WaitingMonitor : IDisposable
{
    private readonly ChildProgram _program;
    private readonly SpawnedProcess _process;
    private readonly SafeFd _socket;

    private WaitingMonitor(ChildProgram program, SpawnedProcess process, SafeFd socket)
    {
        _program = program;
        _process = process;
        _socket = socket;
    }

    /// <summary>Starts the process.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="id">The container that it is to start.</param>
    public static WaitingMonitor Start(SkiffEngine engine, string id)
    {
        (SafeFd ours, SafeFd its) = PacketSocket.Pair();
        ChildProgram program = new();
        try
        {
            using SafeFd nothing = Files.Open("/dev/null", OpenFlags.O_RDWR);
            Write(program, engine, id, its.Value, nothing.Value);
            return new WaitingMonitor(program, Spawn.Start(program, new ReportChannel(), CloneFlags.CLONE_VM), ours);
        }
        catch
        {
            program.Dispose();
            ours.Dispose();
            throw;
        }
        finally
        {
            its.Dispose();
        }
    }

    /// <summary>Tells it that the container is there and to be started, and waits until that runs.</summary>
    /// <param name="gate">The container's lock, which the monitor shares: it is held until the state says what runs, whichever of the two processes is killed.</param>
    /// <param name="client">The monitor's end of a socket of a command that stays attached; null for none.</param>
    /// <param name="lease">The address and ports that the container has already; null for none.</param>
    /// <param name="adopts">The container runs, and its monitor was killed.</param>
    /// <returns>What the monitor says: see <see cref="MonitorStart"/>; empty when it died.</returns>
    /// <exception cref="SkiffException">The monitor never ran.</exception>
    internal string Order(FileLock gate, SafeFd? client, BridgeLease? lease, bool adopts = false)
    {
        if (_process.Channel.AwaitReport() is { } failure)
        {
            throw new SkiffException(
                $"the monitor of the container could not be started: {_program.Describe(failure.Index)}: {Errno.Describe(failure.Errno)}",
                125
            );
        }
        (SafeFd, SafeFd)? leased = lease is null ? null : (lease.Held!.Fd, lease.Firewall!.Fd);
        if (!new MonitorOrder(gate.Fd, client, leased, adopts).TrySend(_socket))
        {
            return "";
        }
        byte[] answer = GC.AllocateUninitializedArray<byte>(16 << 10);
        int length = DescriptorMessage.Receive(_socket, answer, out _);
        return Encoding.UTF8.GetString(answer, 0, length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        // Until it has executed the monitor it works in the program's memory.
        _ = _process.Channel.AwaitReport();
        _process.Dispose();
        _program.Dispose();
    }

    private static void Write(ChildProgram program, SkiffEngine engine, string id, int socket, int nothing)
    {
        const int CLOSE_RANGE_CLOEXEC = 4;
        const int F_SETFD = 2;
        const int SIG_SETMASK = 2;
        program.Call(SyscallNumber.setsid);
        program.Call(SyscallNumber.chdir, program.Text("/"));
        for (int fd = 0; fd <= 2; fd++)
        {
            program.Call(SyscallNumber.dup3, nothing, fd, 0);
        }
        program.Call(SyscallNumber.close_range, 3, -1 & 0x7FFFFFFF, CLOSE_RANGE_CLOEXEC);
        program.Call(SyscallNumber.fcntl, socket, F_SETFD, 0);
        program.Call(SyscallNumber.rt_sigprocmask, SIG_SETMASK, program.Memory(8), 0, 8);
        (ulong soft, ulong hard) = CallerLimits.OpenFiles() ?? (0, 0);
        string[] arguments =
        [
            "skiff",
            "--root",
            engine.Paths.Root,
            "--runroot",
            engine.Paths.Runroot,
            "monitor",
            id,
            socket.ToString(CultureInfo.InvariantCulture),
            $"{soft}:{hard}",
        ];
        // The monitor collects garbage rarely and keeps what it has small.
        string[] environment =
        [
            $"SKIFF_BRIDGE={engine.Bridge}",
            $"PATH={Environment.GetEnvironmentVariable("PATH")}",
            "DOTNET_GCgen0size=200000",
            "DOTNET_GCConserveMemory=5",
            // Its second thread, the runtime's, needs no heap of its own: 128 MiB would be mapped, cut to size and touched.
            "MALLOC_ARENA_MAX=1",
        ];
        program.Call(SyscallNumber.execve, program.Text("/proc/self/exe"), program.TextArray(arguments), program.TextArray(environment));
    }
}
