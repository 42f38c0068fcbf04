using Skiff.Commands.Containers;
using Skiff.Compose.Planning;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary>Waits until a service is what another one needs it to be.</summary>
internal static class ServiceWait
{
    /// <summary>Waits until the containers of a service are healthy.</summary>
    /// <exception cref="SkiffException">One is unhealthy or has ended, or has no health check.</exception>
    public static void Healthy(SkiffEngine engine, string project, string service, ComposeProgress progress)
    {
        foreach (ObservedContainer container in Of(engine, project, service))
        {
            if (container.Record.HealthCheck is null)
            {
                throw new SkiffException($"container {container.Record.Name} has no healthcheck configured");
            }
            Until(engine, container.Record, state => IsHealthy(container.Record, state));
            progress.Done($"Container {container.Record.Name}", "Healthy");
        }
    }

    /// <summary>Waits until the containers of a service have ended.</summary>
    /// <exception cref="SkiffException">One has ended with another code than 0.</exception>
    public static void Completed(SkiffEngine engine, string project, string service, ComposeProgress progress)
    {
        foreach (ObservedContainer container in Of(engine, project, service))
        {
            int code = WaitCommand.Wait(engine, container.Record.Id);
            if (code != 0)
            {
                throw new SkiffException($"service \"{service}\" didn't complete successfully: exit {code}");
            }
            progress.Done($"Container {container.Record.Name}", "Exited");
        }
    }

    /// <summary>Waits until a container runs, and is healthy where it has a health check.</summary>
    public static void Ready(SkiffEngine engine, ObservedContainer container, long seconds)
    {
        long until = seconds > 0 ? Environment.TickCount64 + (seconds * 1000) : long.MaxValue;
        Until(
            engine,
            container.Record,
            state => container.Record.HealthCheck is null ? Runs(container.Record, state) : IsHealthy(container.Record, state),
            until
        );
    }

    private static IReadOnlyList<ObservedContainer> Of(SkiffEngine engine, string project, string service) =>
        [.. ComposeAccess.Containers(engine, project).Where(c => c.Service == service && !c.IsOneOff)];

    private static bool IsHealthy(ContainerRecord record, ContainerState state)
    {
        _ = Runs(record, state);
        return state.Health?.Status switch
        {
            "healthy" => true,
            "unhealthy" => throw new SkiffException($"container {record.Name} is unhealthy"),
            _ => false,
        };
    }

    private static bool Runs(ContainerRecord record, ContainerState state) =>
        state.IsUp || state.Status == ContainerStatus.Restarting
            ? state.IsUp
            : throw new SkiffException($"container {record.Name} exited ({state.ExitCode})");

    /// <summary>Looks at the state whenever its file is replaced, inotify(7).</summary>
    private static void Until(SkiffEngine engine, ContainerRecord record, Func<ContainerState, bool> there, long until = long.MaxValue)
    {
        using DirectoryWatch watch = DirectoryWatch.Open(engine.Paths.Container(record.Id));
        while (true)
        {
            ContainerState state = engine.Reconciler.Check(record) ?? throw new SkiffException($"No such container: {record.Name}");
            if (there(state))
            {
                return;
            }
            long left = until - Environment.TickCount64;
            if (left <= 0)
            {
                throw new SkiffException($"timeout waiting for container {record.Name}");
            }
            // A monitor that is killed writes nothing any more: that is seen by looking once a second.
            _ = watch.Wait((int)Math.Min(left, 1000));
        }
    }
}
