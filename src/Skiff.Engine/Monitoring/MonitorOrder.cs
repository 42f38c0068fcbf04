using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Names;
using Skiff.Engine.Network;
using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>What a monitor is handed with its container: one byte that says what, and the descriptors (SCM_RIGHTS).</summary>
/// <param name="Gate">The container's lock, given back once the state says what runs.</param>
/// <param name="Client">The socket of the command that starts the container and stays attached; null for none.</param>
/// <param name="Lease">The locked files and the netfilter socket of the container's leases; null when it has none yet.</param>
/// <param name="Task">What the monitor is for.</param>
public sealed record MonitorOrder(SafeFd Gate, SafeFd? Client, NetworkHandover? Lease, MonitorTask Task)
{
    private const int HasClient = 1;
    private const int HasLease = 2;
    private const int HasNames = 4;
    private const int TaskShift = 3;

    /// <summary>Waits for the order.</summary>
    public static MonitorOrder Receive(SafeFd socket)
    {
        Span<byte> what = stackalloc byte[1];
        _ = DescriptorMessage.Receive(socket, what, out SafeFd[] descriptors);
        int next = (what[0] & HasClient) != 0 ? 2 : 1;
        int held = next + 1 + ((what[0] & HasNames) != 0 ? 2 : 0);
        return new MonitorOrder(
            descriptors[0],
            next == 2 ? descriptors[1] : null,
            (what[0] & HasLease) == 0
                ? null
                : new NetworkHandover(descriptors[next], descriptors[held..])
                {
                    Names = held == next + 1 ? null : NameSockets.Adopt(descriptors[next + 1], descriptors[next + 2]),
                },
            (MonitorTask)(what[0] >> TaskShift)
        );
    }

    /// <summary>The order that a command did not come to give: it was killed when the container ran already. Null when there is no such container.</summary>
    public static MonitorOrder? OfOrphan(SkiffEngine engine, string id)
    {
        FileLock? gate = engine.Containers.Lock(id);
        if (gate is null)
        {
            return null;
        }
        ContainerState state = engine.Containers.LoadState(id);
        bool ours = state.IsUp && state.Monitor.Pid == Environment.ProcessId;
        if (ours && !StartedProcess.NeverRan(state.Process.Pid))
        {
            return new MonitorOrder(gate.Fd, null, null, MonitorTask.Watch);
        }
        if (ours && engine.Containers.TryLoad(id) is { } record)
        {
            engine.Reconciler.GiveUpHeld(record, "the command that started the container was killed before that ran");
        }
        gate.Dispose();
        return null;
    }

    /// <summary>Gives the order; false when the monitor has died.</summary>
    internal bool TrySend(SafeFd socket)
    {
        List<int> descriptors = [Gate.Value];
        if (Client is not null)
        {
            descriptors.Add(Client.Value);
        }
        if (Lease is { } lease)
        {
            descriptors.Add(lease.Firewall.Value);
            if (lease.Names is { } names)
            {
                descriptors.AddRange([names.Udp.Value, names.Tcp.Value]);
            }
            foreach (SafeFd held in lease.Held)
            {
                descriptors.Add(held.Value);
            }
        }
        byte what = (byte)(
            (Client is null ? 0 : HasClient)
            | (Lease is null ? 0 : HasLease)
            | (Lease?.Names is null ? 0 : HasNames)
            | ((int)Task << TaskShift)
        );
        return DescriptorMessage.TrySend(socket, [what], [.. descriptors]) == 0;
    }
}

/// <summary>What a monitor is for.</summary>
public enum MonitorTask
{
    /// <summary>It launches the container and watches it.</summary>
    Launch,

    /// <summary>It watches a container that the command has launched: its first process is the monitor's child.</summary>
    Watch,

    /// <summary>It watches a container whose monitor was killed: its first process is nobody's child any more.</summary>
    Adopt,
}
