using System.Globalization;
using Skiff.CommandLine;
using Skiff.Compose.Planning;
using Skiff.Engine;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary><c>skiff compose logs</c>.</summary>
internal static class ComposeLogsCommand
{
    private const int ThreadStack = 1 << 20;

    public static Command Define() =>
        new()
        {
            Name = "logs",
            Summary = "Show the output of the services",
            Usage = "[OPTIONS] [SERVICE...]",
            Flags =
            [
                Flag.Bool("follow", "Go on showing until the containers end", 'f'),
                Flag.Number("index", "Only the container with this number"),
                Flag.Bool("no-color", "No colours"),
                Flag.Bool("no-log-prefix", "No names before the lines"),
                Flag.Text("since", "Only what was written after this time or within this duration"),
                Flag.Text("tail", "Only the last lines of each container", 'n') with
                {
                    Default = "all",
                },
                Flag.Bool("timestamps", "Show when each line was written", 't'),
                Flag.Text("until", "Only what was written before this time or duration"),
            ],
            Completes = [Completion.Service],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        ObservedProject observed = ComposeAccess.Observe(invocation);
        long index = invocation.Number("index");
        IReadOnlyList<ObservedContainer> containers =
        [
            .. observed
                .Of(invocation.Arguments, invocation, oneOff: invocation.Arguments.Count == 0)
                .Where(c => index == 0 || c.Number == index),
        ];
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        bool follows = invocation.Is("follow");
        LogWishes wishes = new(
            follows,
            Tail(invocation.Value("tail")),
            invocation.Value("since") is { } since ? LogWishes.Stamp(TimeArgument.Parse(since, now, "--since")) : [],
            invocation.Value("until") is { } until ? LogWishes.Stamp(TimeArgument.Parse(until, now, "--until")) : []
        );
        LogFollower logs = new(invocation, containers.Select(c => LogFollower.NameOf(c, observed.Name)));
        List<Thread> threads = [];
        foreach (ObservedContainer container in containers)
        {
            string name = LogFollower.NameOf(container, observed.Name);
            if (!follows)
            {
                logs.Show(observed.Engine, container.Record, name, wishes);
                continue;
            }
            SkiffEngine own = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
            Thread thread = new(
                () =>
                {
                    try
                    {
                        logs.Show(own, container.Record, name, wishes);
                    }
                    catch (Display.BrokenPipeException)
                    {
                        Environment.Exit(Display.BrokenPipeException.ExitCode);
                    }
                    catch (Exception e) when (e is SkiffException or LinuxException)
                    {
                        invocation.Output.ErrorLine($"skiff: {e.Message}");
                    }
                },
                ThreadStack
            )
            {
                IsBackground = true,
            };
            threads.Add(thread);
            thread.Start();
        }
        threads.ForEach(static t => t.Join());
        return 0;
    }

    private static long Tail(string? text) =>
        text is null or "all" ? -1
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long n) ? Math.Max(n, -1)
        : throw new SkiffException($"--tail {text}: a number or all is expected");
}
