using System.Globalization;
using Skiff.Engine.Spec;

namespace Skiff.Engine.Launch;

/// <summary><c>-P</c>: every exposed port on a free port of the host, unless it is published already.</summary>
internal static class PublishAll
{
    internal static void Add(List<PortMapping> ports, ExposedPort exposed)
    {
        for (int port = exposed.Port; port <= exposed.PortEnd; port++)
        {
            if (!ports.Exists(p => p.Protocol == exposed.Protocol && p.ContainerPort <= port && port <= p.ContainerPortEnd))
            {
                ports.Add(new PortMapping("", 0, 0, port, port, exposed.Protocol));
            }
        }
    }

    /// <summary>An entry of an image's ExposedPorts: <c>80/tcp</c>, <c>8000-8010/udp</c>, <c>80</c>; one that is none is left out.</summary>
    internal static void Add(List<PortMapping> ports, string exposed)
    {
        int slash = exposed.IndexOf('/', StringComparison.Ordinal);
        string protocol = slash < 0 ? "tcp" : exposed[(slash + 1)..];
        string[] range = (slash < 0 ? exposed : exposed[..slash]).Split('-', 2);
        if (
            ushort.TryParse(range[0], NumberStyles.None, CultureInfo.InvariantCulture, out ushort first)
            && ushort.TryParse(range[^1], NumberStyles.None, CultureInfo.InvariantCulture, out ushort last)
            && protocol is "tcp" or "udp" or "sctp"
        )
        {
            Add(ports, new ExposedPort(first, last, protocol));
        }
    }
}
