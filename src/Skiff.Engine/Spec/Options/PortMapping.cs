namespace Skiff.Engine.Spec;

/// <summary>Ports asked for by one <c>-p</c>: <c>[ip:][host[-host]:]container[-container][/protocol]</c>.</summary>
/// <param name="HostIp">Address to listen on without brackets; empty for every address of the host.</param>
/// <param name="HostPort">First host port; 0 when the engine chooses.</param>
/// <param name="HostPortEnd">Last host port. Equal to <paramref name="HostPort"/> plus the container range's length, or, when one container port has a range of host ports, the end of the range to choose from.</param>
/// <param name="ContainerPort">First container port, 1–65535.</param>
/// <param name="ContainerPortEnd">Last container port.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
public readonly record struct PortMapping(
    string HostIp,
    int HostPort,
    int HostPortEnd,
    int ContainerPort,
    int ContainerPortEnd,
    string Protocol
)
{
    /// <summary>How many container ports it maps.</summary>
    public int Count => ContainerPortEnd - ContainerPort + 1;

    /// <summary>True when the engine picks the host port from <see cref="HostPort"/>–<see cref="HostPortEnd"/>.</summary>
    public bool ChoosesFromRange => HostPort != 0 && HostPortEnd - HostPort >= Count;
}

/// <summary>Ports named by <c>--expose</c> or an image's <c>EXPOSE</c>.</summary>
/// <param name="Port">First port.</param>
/// <param name="PortEnd">Last port.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
public readonly record struct ExposedPort(int Port, int PortEnd, string Protocol);
