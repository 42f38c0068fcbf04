using System.Collections;
using System.Globalization;
using System.Text;
using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Monitoring;
using Skiff.Linux;
using Skiff.Linux.Spawning;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Commands.Containers;

/// <summary><c>exec -d</c>: a process of its own starts the command, because only its parent learns how it ends, and an event tells that.</summary>
internal static class ExecBackground
{
    private const string Verb = "hold-exec";

    /// <summary>The verb of that process; only <c>exec -d</c> starts it.</summary>
    public static Command Define() =>
        new()
        {
            Name = Verb,
            Summary = "Run a command in a container and wait for its end (started by the engine itself)",
            Usage = "[OPTIONS] FD CONTAINER COMMAND [ARG...]",
            Flags = ExecCommand.Flags(),
            StopAtFirstPositional = true,
            MinArguments = 3,
            Run = Run,
        };

    /// <summary>Returns when the command runs.</summary>
    /// <exception cref="SkiffException">It could not be started; docker's code for that is 1 in the background, whatever the reason.</exception>
    internal static int Start(Invocation invocation, SkiffEngine engine, ContainerRecord record)
    {
        (SafeFd read, SafeFd write) = Pipe.Open();
        using (read)
        {
            using (ChildProgram program = new())
            using (write)
            using (SafeFd nothing = Files.Open("/dev/null", OpenFlags.O_RDWR))
            {
                Write(program, nothing.Value, write.Value, Arguments(invocation, engine, record, write.Value));
                using SpawnedProcess holder = Spawn.Start(program, new ReportChannel());
                if (holder.Channel.AwaitReport() is { } failure)
                {
                    throw new SkiffException(
                        $"the command cannot be run in the background: {program.CallName(failure.Index)}: {Errno.Describe(failure.Errno)}"
                    );
                }
            }
            byte[] answer = new byte[8 << 10];
            int length = 0;
            for (int n; length < answer.Length && (n = Files.Read(read, answer.AsSpan(length), "pipe")) > 0; )
            {
                length += n;
            }
            return Encoding.UTF8.GetString(answer, 0, length) switch
            {
                "+" => 0,
                "" => throw new SkiffException("the process that was to start the command died before that; is memory short?"),
                string sentence => throw new SkiffException(sentence[1..]),
            };
        }
    }

    private static void Write(ChildProgram program, int nothing, int report, string[] arguments)
    {
        const int CLOSE_RANGE_CLOEXEC = 4;
        const int F_SETFD = 2;
        program.Call(SyscallNumber.setsid);
        for (int fd = 0; fd <= 2; fd++)
        {
            program.Call(SyscallNumber.dup3, nothing, fd, 0);
        }
        program.Call(SyscallNumber.close_range, 3, -1 & 0x7FFFFFFF, CLOSE_RANGE_CLOEXEC);
        program.Call(SyscallNumber.fcntl, report, F_SETFD, 0);
        // -e NAME takes the caller's value, so it has the caller's environment; and, as a monitor, little memory.
        List<string> environment = ["DOTNET_GCgen0size=200000", "DOTNET_GCConserveMemory=5", "MALLOC_ARENA_MAX=1"];
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            environment.Add($"{entry.Key}={entry.Value}");
        }
        program.Call(
            SyscallNumber.execve,
            program.Text("/proc/self/exe"),
            program.TextArray(arguments),
            program.TextArray([.. environment])
        );
    }

    private static string[] Arguments(Invocation invocation, SkiffEngine engine, ContainerRecord record, int report)
    {
        List<string> words = ["skiff", "--root", engine.Paths.Root, "--runroot", engine.Paths.Runroot, Verb];
        foreach ((Flag flag, string value) in invocation.Given)
        {
            words.Add($"--{flag.Name}={value}");
        }
        return [.. words, report.ToString(CultureInfo.InvariantCulture), record.Id, .. invocation.Arguments.Skip(1)];
    }

    private static int Run(Invocation invocation)
    {
        SafeFd report = new(int.Parse(invocation.Arguments[0], CultureInfo.InvariantCulture));
        SkiffEngine engine = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        using ContainerExec? exec = TryStart(invocation, engine, report);
        report.Dispose();
        if (exec is null)
        {
            return 1;
        }
        LeaveDirectory();
        if (exec.Console is { } terminal)
        {
            TerminalHolder.Drain(terminal);
        }
        _ = exec.Finish();
        return 0;
    }

    /// <summary>Whose directory it was may want to unmount it.</summary>
    private static void LeaveDirectory()
    {
        using SafeFd root = Files.Open("/", OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
        _ = RawCall.Invoke(SyscallNumber.fchdir, root.Value);
    }

    private static ContainerExec? TryStart(Invocation invocation, SkiffEngine engine, SafeFd report)
    {
        using SafeFd nothing = Files.Open("/dev/null", OpenFlags.O_RDWR);
        try
        {
            (ContainerRecord record, ContainerState state) = ContainerAccess.FindRunning(engine, invocation.Arguments[1]);
            ExecWishes wishes = ExecCommand.Wishes(invocation, [.. invocation.Arguments.Skip(2)]);
            ContainerExec exec = ContainerExec.Start(
                engine,
                record,
                state,
                wishes with
                {
                    Terminal = invocation.Is("tty"),
                    Standard = (nothing.Value, nothing.Value, nothing.Value),
                }
            );
            Files.WriteAll(report, "+"u8, "pipe");
            return exec;
        }
        catch (Exception e) when (e is SkiffException or LinuxException)
        {
            Files.WriteAll(report, Encoding.UTF8.GetBytes("-" + e.Message), "pipe");
            return null;
        }
    }
}
