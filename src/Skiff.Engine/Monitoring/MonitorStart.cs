using System.Globalization;
using System.Text;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Linux;
using Skiff.Linux.Spawning;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Monitoring;

/// <summary>Starts a container in the background: one small process, its monitor, becomes its parent and outlives this command.</summary>
public static class MonitorStart
{
    /// <summary>Returns when the container's command runs. Of several commands that start the same container at once one does; the others find it running.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="record">The container.</param>
    /// <param name="restartCount">How often it was started again by its policy.</param>
    /// <param name="client">A socket whose other end is attached from the first byte on, its first frame already sent; see <see cref="AttachFrame"/>.</param>
    /// <param name="warnings">Receives sentences for the user that stopped nothing.</param>
    /// <returns>False when it ran already.</returns>
    /// <exception cref="SkiffException">It could not be started; the sentence and the exit code are the monitor's.</exception>
    public static bool Start(
        SkiffEngine engine,
        ContainerRecord record,
        int restartCount = 0,
        SafeFd? client = null,
        ICollection<string>? warnings = null
    )
    {
        using FileLock? gate = engine.Containers.Lock(record.Id);
        ContainerState? state =
            gate is null || engine.Containers.TryLoad(record.Id) is not { } now ? null : engine.Reconciler.CheckHeld(record = now);
        switch (state)
        {
            case null:
                throw new SkiffException($"No such container: {record.Name}");
            case { IsUp: true } or { Status: ContainerStatus.Restarting }:
                return false;
            case { Status: ContainerStatus.Removing }:
                throw new SkiffException($"the container {record.Name} is being removed");
            case var _ when record.Foreground && Session.IsHeld(engine.Paths, record.Id):
                throw new SkiffException($"the container {record.Name} is in the foreground of another command");
            default:
                if (record.Foreground)
                {
                    record = record with { Foreground = false };
                    engine.Containers.SaveRecord(record);
                }
                engine.Containers.SaveState(record.Id, state with { StoppedByUser = false, Error = "", Reason = "" });
                string[] said = Start(engine, record, gate!, restartCount, client);
                foreach (string warning in said)
                {
                    warnings?.Add(warning);
                }
                return true;
        }
    }

    /// <summary>The monitor inherits the lock: it is held until the state says what runs, whichever of the two processes is killed.</summary>
    private static string[] Start(SkiffEngine engine, ContainerRecord record, FileLock gate, int restartCount, SafeFd? client)
    {
        (SafeFd read, SafeFd write) = Pipe.Open();
        using SafeFd nothing = Files.Open("/dev/null", OpenFlags.O_RDWR);
        using (read)
        {
            using (ChildProgram program = new())
            {
                Program(program, engine, record, (write.Value, gate.Fd.Value, client?.Value ?? -1), nothing.Value, restartCount);
                using SpawnedProcess child = Spawn.Start(program, new ReportChannel(), CloneFlags.CLONE_VM);
                write.Dispose();
                if (child.Channel.AwaitReport() is { } failure)
                {
                    _ = child.Pidfd.Wait(); // until then it works in the program's memory
                    throw new SkiffException(
                        $"the monitor of the container could not be started: {program.Describe(failure.Index)}: {Errno.Describe(failure.Errno)}",
                        125
                    );
                }
            }
            return Answer(read, engine, record);
        }
    }

    private static void Program(
        ChildProgram program,
        SkiffEngine engine,
        ContainerRecord record,
        (int Status, int Gate, int Client) kept,
        int nothing,
        int restartCount
    )
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
        program.Call(SyscallNumber.fcntl, kept.Status, F_SETFD, 0);
        program.Call(SyscallNumber.fcntl, kept.Gate, F_SETFD, 0);
        if (kept.Client >= 0)
        {
            program.Call(SyscallNumber.fcntl, kept.Client, F_SETFD, 0);
        }
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
            record.Id,
            kept.Status.ToString(CultureInfo.InvariantCulture),
            $"{soft}:{hard}",
            restartCount.ToString(CultureInfo.InvariantCulture),
            kept.Gate.ToString(CultureInfo.InvariantCulture),
            kept.Client < 0 ? "none" : kept.Client.ToString(CultureInfo.InvariantCulture),
        ];
        // The monitor collects garbage rarely and keeps what it has small.
        string[] environment =
        [
            $"SKIFF_BRIDGE={engine.Bridge}",
            $"PATH={Environment.GetEnvironmentVariable("PATH")}",
            "DOTNET_GCgen0size=200000",
            "DOTNET_GCConserveMemory=5",
        ];
        program.Call(SyscallNumber.execve, program.Text("/proc/self/exe"), program.TextArray(arguments), program.TextArray(environment));
    }

    /// <summary><c>+</c> and warnings, one a line, when the container runs; <c>-CODE SENTENCE</c> when it does not; nothing when the monitor died.</summary>
    private static string[] Answer(SafeFd read, SkiffEngine engine, ContainerRecord record)
    {
        byte[] buffer = new byte[4096];
        int length = 0;
        while (length < buffer.Length && Files.Read(read, buffer.AsSpan(length), "monitor") is int n and > 0)
        {
            length += n;
        }
        string text = Encoding.UTF8.GetString(buffer, 0, length);
        if (text.StartsWith('+'))
        {
            return text[1..].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        if (text.Length == 0)
        {
            const string Died = "the monitor of the container died before the container ran; is memory short?";
            engine.Reconciler.GiveUpHeld(record, Died);
            throw new SkiffException(Died, 125);
        }
        int space = text.IndexOf(' ');
        throw new SkiffException(text[(space + 1)..], int.Parse(text.AsSpan(1, space - 1), CultureInfo.InvariantCulture));
    }
}
