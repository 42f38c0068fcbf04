using Skiff.CommandLine;
using Skiff.Commands.Run;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Terminal;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff exec</c>.</summary>
internal static class ExecCommand
{
    public static Command Define() =>
        new()
        {
            Name = "exec",
            Summary = "Run a command in a running container",
            Usage = "[OPTIONS] CONTAINER COMMAND [ARG...]",
            Flags = Flags(),
            StopAtFirstPositional = true,
            MinArguments = 2,
            Completes = [Completion.RunningContainer],
            Run = Run,
        };

    /// <summary>The flags.</summary>
    internal static IReadOnlyList<Flag> Flags() =>
        [
            Flag.Bool("detach", "Run the command in the background", 'd'),
            Flag.Text("detach-keys", "Key sequence that detaches the terminal") with
            {
                Default = DetachKeys.Default,
            },
            Flag.List("env", "Set an environment variable, or take it from the caller: NAME=value or NAME", 'e'),
            Flag.List("env-file", "Read environment variables from a file") with
            {
                Completes = Completion.File,
            },
            Flag.Bool("interactive", "Keep stdin open", 'i'),
            Flag.Bool("privileged", "Give the command all rights"),
            Flag.Bool("tty", "Allocate a pseudo-terminal", 't'),
            Flag.Text("user", "User and group: name|uid[:group|gid]", 'u'),
            Flag.Text("workdir", "Working directory in the container", 'w'),
        ];

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        (ContainerRecord record, ContainerState state) = ContainerAccess.FindRunning(engine, invocation.Arguments[0]);
        if (state.Status == ContainerStatus.Paused)
        {
            throw new SkiffException($"the container {record.Name} is paused: unpause it first");
        }
        if (invocation.Is("detach"))
        {
            return ExecBackground.Start(invocation, engine, record);
        }
        bool tty = invocation.Is("tty");
        bool interactive = invocation.Is("interactive");
        if (tty && interactive && !Tty.IsTerminal(0))
        {
            throw new SkiffException("the input is not a terminal: leave out -t, or run it from a terminal");
        }
        DetachKeys? keys =
            (tty && interactive) || invocation.Has("detach-keys") ? DetachKeys.Choose(invocation.Value("detach-keys")) : null;
        using SafeFd? nothing = interactive || tty ? null : Files.Open("/dev/null", OpenFlags.O_RDWR);
        int none = nothing?.Value ?? 0;
        using SignalPipe signals = SignalPipe.OpenAlone(ForwardedSignals.All);
        using ContainerExec exec = ContainerExec.Start(
            engine,
            record,
            state,
            Wishes(invocation, [.. invocation.Arguments.Skip(1)]) with
            {
                Terminal = tty,
                DiesWithParent = !tty, // a terminal that goes away says so itself, by SIGHUP
                Standard = (none, 1, 2),
            }
        );
        bool left = ForegroundLoop.Serve(
            exec.Process,
            exec.Console,
            new RunOptions { Interactive = interactive, Tty = tty },
            signals,
            tty && interactive ? keys : null
        );
        if (left)
        {
            TerminalHolder.Start(exec.Console!);
            invocation.Output.ErrorLine("read escape sequence");
            return 1; // docker's code, as for attach
        }
        return exec.Finish();
    }

    /// <summary>What the flags say, but for the terminal and the streams.</summary>
    internal static ExecWishes Wishes(Invocation invocation, IReadOnlyList<string> command)
    {
        string? directory = invocation.Value("workdir");
        // Where docker's runtime fails for a directory it ends with 128 if it is relative, and with 127 if it is not there.
        return directory is { Length: > 0 } && directory[0] != '/'
            ? throw new SkiffException($"--workdir {directory}: the path of a directory in the container begins with /", 128)
            : new ExecWishes
            {
                Arguments = command,
                Environment = Environment(invocation),
                Workdir = directory is { Length: > 0 } ? directory : null,
                User = invocation.Value("user"),
                Privileged = invocation.Is("privileged"),
                ProtectSelf = true,
            };
    }

    /// <summary>By the rules of <c>run</c>: the same builder reads the flags.</summary>
    private static List<NameValue> Environment(Invocation invocation)
    {
        RunOptionsBuilder builder = new(HostContext.Make());
        foreach ((Flag flag, string value) in invocation.Given)
        {
            if (flag.Name is "env" or "env-file")
            {
                builder.Set(flag.Name, value);
            }
        }
        List<NameValue> variables = [];
        foreach (EnvironmentEntry entry in builder.Build("exec", []).Environment)
        {
            if (entry.Value is { } text)
            {
                variables.Add(new NameValue(entry.Name, text));
            }
        }
        return variables;
    }
}
