using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Names;
using Skiff.Engine.Network;
using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>What a monitor is handed with its container: one byte that says what, and the descriptors (SCM_RIGHTS).</summary>
/// <param name="Gate">The container's lock, given back once the state says what runs; null for a monitor that sleeps first.</param>
/// <param name="Client">The socket of the command that starts the container and stays attached; null for none.</param>
/// <param name="Lease">The locked files and the netfilter socket of the container's leases; null when it has none yet.</param>
/// <param name="Task">What the monitor is for.</param>
public sealed record MonitorOrder(SafeFd? Gate, SafeFd? Client, NetworkHandover? Lease, MonitorTask Task)
{
    private const int HasClient = 1;
    private const int HasLease = 2;
    private const int HasNames = 4;
    private const int HasGate = 8;
    private const int TaskShift = 4;

    /// <summary>Waits for the order.</summary>
    public static MonitorOrder Receive(SafeFd socket)
    {
        Span<byte> what = stackalloc byte[1];
        _ = DescriptorMessage.Receive(socket, what, out SafeFd[] descriptors);
        int next = 0;
        SafeFd? gate = (what[0] & HasGate) != 0 ? descriptors[next++] : null;
        SafeFd? client = (what[0] & HasClient) != 0 ? descriptors[next++] : null;
        NetworkHandover? lease = null;
        if ((what[0] & HasLease) != 0)
        {
            SafeFd firewall = descriptors[next++];
            NameSockets? names = (what[0] & HasNames) != 0 ? NameSockets.Adopt(descriptors[next++], descriptors[next++]) : null;
            lease = new NetworkHandover(firewall, descriptors[next..]) { Names = names };
        }
        return new MonitorOrder(gate, client, lease, (MonitorTask)(what[0] >> TaskShift));
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
        List<int> descriptors = [];
        if (Gate is not null)
        {
            descriptors.Add(Gate.Value);
        }
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
            (Gate is null ? 0 : HasGate)
            | (Client is null ? 0 : HasClient)
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
