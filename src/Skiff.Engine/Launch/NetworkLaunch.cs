using Skiff.Engine.Containers;
using Skiff.Engine.Plan;
using Skiff.Engine.Spec;
using Skiff.Linux.Actions;

namespace Skiff.Engine.Launch;

/// <summary>The launcher's side of the networks.</summary>
internal static class NetworkLaunch
{
    /// <summary>What a container on the bridge holds.</summary>
    internal sealed record Lease(
        IReadOnlyList<NetworkMessage> ContainerMessages,
        Func<int, IReadOnlyList<HostAction>> HostActions,
        IReadOnlyList<NetworkEndpoint> Endpoints,
        IReadOnlyList<PublishedPort> Ports
    );

    internal static Lease? Acquire(SkiffEngine engine, PreparedContainer container)
    {
        _ = engine;
        _ = container;
        return null;
    }

    /// <summary>Without a network there is still the loopback interface, and it is up.</summary>
    internal static IReadOnlyList<NetworkMessage> Loopback(RuntimeSpec spec) => spec.Linux.Namespace("network") is { Path: null } ? [LoopbackUp] : [];

    /// <summary>RTM_NEWLINK for interface 1 with IFF_UP: struct nlmsghdr, struct ifinfomsg.</summary>
    private static NetworkMessage LoopbackUp => new(new byte[] { 32, 0, 0, 0, 16, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0 }, "link set lo up");

    internal static void Release(SkiffEngine engine, Lease? lease)
    {
        _ = engine;
        _ = lease;
    }

    /// <summary>Gives back address and ports of a container that has ended.</summary>
    internal static void GiveBack(SkiffEngine engine, ContainerRecord record, ContainerState state)
    {
        _ = engine;
        _ = record;
        _ = state;
    }
}
