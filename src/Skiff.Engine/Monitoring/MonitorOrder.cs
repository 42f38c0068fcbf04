using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>What a monitor is handed with its container: one byte that says what, and the descriptors (SCM_RIGHTS).</summary>
/// <param name="Gate">The container's lock, given back once the state says what runs.</param>
/// <param name="Client">The socket of the command that starts the container and stays attached; null for none.</param>
/// <param name="Lease">The locked file and the netfilter socket of the container's lease; null when it has none yet.</param>
/// <param name="Adopts">The container runs already, and its monitor was killed.</param>
public sealed record MonitorOrder(SafeFd Gate, SafeFd? Client, (SafeFd Held, SafeFd Firewall)? Lease, bool Adopts)
{
    private const int HasClient = 1;
    private const int HasLease = 2;
    private const int IsAdoption = 4;

    /// <summary>Waits for the order.</summary>
    public static MonitorOrder Receive(SafeFd socket)
    {
        Span<byte> what = stackalloc byte[1];
        _ = DescriptorMessage.Receive(socket, what, out SafeFd[] descriptors);
        return new MonitorOrder(
            descriptors[0],
            (what[0] & HasClient) != 0 ? descriptors[1] : null,
            (what[0] & HasLease) != 0 ? (descriptors[^2], descriptors[^1]) : null,
            (what[0] & IsAdoption) != 0
        );
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
            descriptors.AddRange([lease.Held.Value, lease.Firewall.Value]);
        }
        byte what = (byte)((Client is null ? 0 : HasClient) | (Lease is null ? 0 : HasLease) | (Adopts ? IsAdoption : 0));
        return DescriptorMessage.TrySend(socket, [what], [.. descriptors]) == 0;
    }
}
