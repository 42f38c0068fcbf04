using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Network;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Monitoring;

/// <summary>Starts a container in the background: one small process, its monitor, becomes its parent and outlives this command.</summary>
public static class MonitorStart
{
    /// <summary>Returns when the container's command runs. Of several commands that start the same container at once one does; the others find it running.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="record">The container.</param>
    /// <param name="client">A socket whose other end is attached from the first byte on, its first frame already sent; see <see cref="AttachFrame"/>.</param>
    /// <param name="waiting">A monitor that waits already; null to start one.</param>
    /// <param name="made">The container as this command has just made it: its address is leased here, while the monitor comes to life. Null to leave that to the monitor.</param>
    /// <param name="warnings">Receives sentences for the user that stopped nothing.</param>
    /// <returns>False when it ran already.</returns>
    /// <exception cref="SkiffException">It could not be started; the sentence and the exit code are the monitor's.</exception>
    public static bool Start(
        SkiffEngine engine,
        ContainerRecord record,
        SafeFd? client = null,
        WaitingMonitor? waiting = null,
        PreparedContainer? made = null,
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
                if (state is not { StoppedByUser: false, Error: "", Reason: "" })
                {
                    engine.Containers.SaveState(record.Id, state with { StoppedByUser = false, Error = "", Reason = "" });
                }
                string[] seen = waiting?.Launch is { } launch
                    ? Launched(engine, made! with { Record = record }, launch, waiting, gate!, client)
                    : Ordered(engine, record, waiting, made, gate!, client);
                foreach (string warning in seen)
                {
                    warnings?.Add(warning);
                }
                return true;
        }
    }

    /// <summary>The monitor launches it.</summary>
    private static string[] Ordered(
        SkiffEngine engine,
        ContainerRecord record,
        WaitingMonitor? waiting,
        PreparedContainer? made,
        FileLock gate,
        SafeFd? client
    )
    {
        using WaitingMonitor? own = waiting is null ? WaitingMonitor.Start(engine, record.Id) : null;
        using ContainerNetworks? lease = made is null ? null : Lease(engine, made);
        IReadOnlyList<string> seen = lease?.Warnings ?? [];
        string answer = (waiting ?? own!).Order(gate, client, lease?.Handover, MonitorTask.Launch);
        return [.. seen, .. Warnings(answer, engine, record)];
    }

    /// <summary>This command launches it, and leaves it to the monitor, whose child it is.</summary>
    private static string[] Launched(
        SkiffEngine engine,
        PreparedContainer container,
        ContainerLaunch launch,
        WaitingMonitor monitor,
        FileLock gate,
        SafeFd? client
    )
    {
        ContainerState before = engine.Containers.LoadState(container.Record.Id);
        try
        {
            // What the monitor will need is tried here, where somebody hears of it.
            LogSink.Open(engine.Paths, container.Record).Dispose();
            launch.Start(container);
        }
        catch (Exception e) when (e is SkiffException or LinuxException)
        {
            FailedStart.Record(engine, container.Record, before, e);
            throw;
        }
        monitor.Leave(container, gate, client);
        return [.. launch.Warnings];
    }

    /// <summary>The monitor will find out by itself what is wrong, and say it.</summary>
    private static ContainerNetworks? Lease(SkiffEngine engine, PreparedContainer container)
    {
        try
        {
            return NetworkLaunch.Acquire(engine, container);
        }
        catch (Exception e) when (e is SkiffException or LinuxException)
        {
            return null;
        }
    }

    /// <summary><c>+</c> and warnings, one a line, when the container runs; <c>-CODE SENTENCE</c> when it does not; nothing when the monitor died.</summary>
    private static string[] Warnings(string text, SkiffEngine engine, ContainerRecord record)
    {
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
