using System.Collections.Concurrent;
using System.Diagnostics;
using Skiff.CommandLine;
using Skiff.Compose;
using Skiff.Compose.Planning;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Compose;

/// <summary><c>compose up</c> without <c>-d</c>: the output of all, until all have ended or Ctrl-C stops them.</summary>
/// <param name="invocation">The command line.</param>
/// <param name="engine">The engine.</param>
/// <param name="project">The project.</param>
internal sealed class ForegroundUp(Invocation invocation, SkiffEngine engine, Project project)
{
    private const int ThreadStack = 1 << 20;
    private readonly ConcurrentQueue<(string Service, string Name, int Code)> _ends = new();
    private readonly SignalPipe _signals = SignalPipe.Open(Signals.SIGINT, Signals.SIGTERM, Signals.SIGHUP);
    private LogFollower _logs = new(invocation, []);
    private Exception? _failure;
    private int _followed;
    private int _ended;
    private volatile bool _started;

    /// <summary>Starts all, shows their output; returns the exit code.</summary>
    public int Run(UpRequest request)
    {
        using (_signals)
        {
            IReadOnlyList<ComposeService> services = UpPlanner.Services(request);
            _logs = new LogFollower(invocation, services.SelectMany(Names));
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            Thread starter = new(() => Start(request, LogWishes.Stamp(now)), ThreadStack) { IsBackground = true };
            starter.Start();
            return Serve();
        }
    }

    private IEnumerable<string> Names(ComposeService service)
    {
        for (int n = 1; n <= Math.Max(1, service.Scale); n++)
        {
            yield return Short(service.NameOf(n));
        }
    }

    private string Short(string name) =>
        name.StartsWith(project.Name + "-", StringComparison.Ordinal) ? name[(project.Name.Length + 1)..] : name;

    private void Start(UpRequest request, byte[] since)
    {
        try
        {
            _ = UpCommand.Execute(
                invocation,
                engine,
                project,
                request,
                step =>
                {
                    if (step.Kind is StepKind.Create or StepKind.Recreate or StepKind.Start or StepKind.Restart or StepKind.Keep)
                    {
                        Follow(step, since);
                    }
                }
            );
        }
        catch (Exception e)
        {
            _failure = e; // thrown again by the thread that serves
        }
        _started = true;
        _signals.Wake();
    }

    private bool IsShown(ComposeService service)
    {
        if (invocation.Values("attach") is { Count: > 0 } only)
        {
            return only.Contains(service.Name);
        }
        bool named = invocation.Arguments.Count == 0 || invocation.Arguments.Contains(service.Name) || invocation.Is("attach-dependencies");
        return named
            && !invocation.Values("no-attach").Contains(service.Name)
            && service.Node["attach"] is not { IsTrue: false, Kind: Skiff.Compose.Yaml.NodeKind.Bool };
    }

    private void Follow(Step step, byte[] since)
    {
        SkiffEngine own = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        string name = step.Service!.NameOf(step.Number);
        ContainerRecord record = own.Containers.Find(step.Kind == StepKind.Keep ? step.Old!.Record.Id : name);
        if (!(own.Reconciler.Check(record) is { } state) || (step.Kind == StepKind.Keep && !state.IsUp))
        {
            return;
        }
        Interlocked.Increment(ref _followed);
        bool shown = IsShown(step.Service);
        new Thread(
            () =>
            {
                int code = 0;
                try
                {
                    if (shown)
                    {
                        _logs.Show(own, record, Short(record.Name), new LogWishes(Follows: true, -1, since, []));
                    }
                    code = Containers.WaitCommand.Wait(own, record.Id);
                    if (shown)
                    {
                        _logs.Note($"{Short(record.Name)} exited with code {code}");
                    }
                }
                catch (Exception e) when (e is SkiffException or LinuxException or Display.BrokenPipeException)
                {
                    // removed by another command, or nobody reads our output any more: it has ended for us
                }
                _ends.Enqueue((step.Service.Name, record.Name, code));
                Interlocked.Increment(ref _ended);
                _signals.Wake();
            },
            ThreadStack
        )
        {
            IsBackground = true,
        }.Start();
    }

    private int Serve()
    {
        string? from = invocation.Value("exit-code-from");
        bool onExit = invocation.Is("abort-on-container-exit") || from is not null;
        bool onFailure = invocation.Is("abort-on-container-failure");
        int code = 0;
        while (true)
        {
            _ = Poll.Wait(_signals.Fd.Value, Poll.POLLIN, -1);
            while (_signals.TryRead(out int signal))
            {
                if (signal != 0)
                {
                    invocation.Output.ErrorLine("Gracefully stopping... (press Ctrl+C again to force)");
                    Stop();
                    return 130;
                }
            }
            if (_failure is { } failure)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            }
            while (_ends.TryDequeue(out (string Service, string Name, int Code) end))
            {
                code = from == end.Service || (from is null && code == 0 && (onExit || onFailure)) ? end.Code : code;
                if (onExit || (onFailure && end.Code != 0))
                {
                    invocation.Output.ErrorLine("Aborting on container exit...");
                    Stop();
                    return from is not null && from != end.Service ? CodeOf(from) : end.Code;
                }
            }
            if (_started && Volatile.Read(ref _ended) >= Volatile.Read(ref _followed))
            {
                return code;
            }
        }
    }

    private int CodeOf(string service) =>
        ComposeAccess
            .Containers(engine, project.Name)
            .Where(c => c.Service == service && !c.IsOneOff)
            .Select(static c => c.State.ExitCode)
            .FirstOrDefault();

    /// <summary>Stops the services that were named, or all, in the reverse order; another signal kills what still runs. What they depend on goes on, as with docker compose.</summary>
    private void Stop()
    {
        SkiffEngine own = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        IReadOnlyList<string> named = invocation.Arguments;
        IReadOnlyList<ObservedContainer> containers =
        [
            .. ComposeAccess
                .Containers(own, project.Name)
                .Where(c => !c.IsOneOff && (named.Count == 0 ? project.Find(c.Service) is not null : named.Contains(c.Service))),
        ];
        ContainerMaker maker = new(invocation, project, containers)
        {
            Timeout = invocation.Has("timeout") ? invocation.Number("timeout") : null,
        };
        ComposeProgress progress = new(invocation);
        bool over = false;
        long first = Stopwatch.GetTimestamp();
        Thread killer = new(
            () =>
            {
                while (!Volatile.Read(ref over))
                {
                    _ = Poll.Wait(_signals.Fd.Value, Poll.POLLIN, -1);
                    bool asked = false;
                    while (_signals.TryRead(out int signal))
                    {
                        asked |= signal != 0;
                    }
                    // timeout(1) and a shell that ends signal a process and its group: the same signal twice at once is one request.
                    if (asked && Stopwatch.GetElapsedTime(first).TotalMilliseconds > 300)
                    {
                        Kill(containers);
                    }
                }
            },
            ThreadStack
        )
        {
            IsBackground = true,
        };
        killer.Start();
        IReadOnlyList<Step> steps = DownPlanner.Plan(
            [.. containers.Where(static c => c.State.IsUp || c.State.Status == ContainerStatus.Restarting)],
            StepKind.Stop,
            static _ => ""
        );
        new StepRunner(invocation, maker.Do, progress.Done).Run(own, steps);
        Volatile.Write(ref over, true);
        _signals.Wake();
        killer.Join();
    }

    private void Kill(IReadOnlyList<ObservedContainer> containers)
    {
        SkiffEngine own = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        foreach (ObservedContainer container in containers)
        {
            if (own.Containers.TryLoad(container.Record.Id) is { } record && own.Reconciler.Check(record) is { IsUp: true } state)
            {
                Engine.Launch.ContainerStop.Signal(own, record, state, Signals.SIGKILL, "skiff compose up", stops: true);
            }
        }
    }
}
