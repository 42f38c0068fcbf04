using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Xunit;

namespace Skiff.Tests.Network;

/// <summary>The variables of <c>--link</c>, compared with what docker 28.5 sets.</summary>
public sealed class ContainerLinksTests
{
    private static string[] Ports(params string[] exposed)
    {
        List<NameValue> variables = [];
        ContainerLinks.AddPorts(variables, "DB", "172.17.0.2", exposed);
        return [.. variables.Select(v => $"{v.Name}={v.Value}")];
    }

    [Fact]
    public void One_port_has_its_address_in_four_parts() =>
        Assert.Equal(
            [
                "DB_PORT=tcp://172.17.0.2:5432",
                "DB_PORT_5432_TCP=tcp://172.17.0.2:5432",
                "DB_PORT_5432_TCP_ADDR=172.17.0.2",
                "DB_PORT_5432_TCP_PORT=5432",
                "DB_PORT_5432_TCP_PROTO=tcp",
            ],
            Ports("5432/tcp")
        );

    [Fact]
    public void Tcp_comes_first_then_the_smallest_number()
    {
        Assert.Equal("DB_PORT=tcp://172.17.0.2:80", Ports("53/udp", "7000/tcp", "80/tcp")[0]);
        Assert.Equal("DB_PORT=udp://172.17.0.2:53", Ports("54/udp", "53/udp")[0]);
        Assert.Empty(Ports());
    }

    [Fact]
    public void A_run_of_ports_of_one_protocol_is_told_at_its_first()
    {
        string[] all = Ports("7001/tcp", "7000/tcp", "7002/udp", "7002/tcp", "80/tcp");
        Assert.Equal(
            [
                "DB_PORT_7000_TCP_START=tcp://172.17.0.2:7000",
                "DB_PORT_7000_TCP_PORT_START=7000",
                "DB_PORT_7000_TCP_END=tcp://172.17.0.2:7002",
                "DB_PORT_7000_TCP_PORT_END=7002",
            ],
            all.Where(v => v.Contains("_START", StringComparison.Ordinal) || v.Contains("_END", StringComparison.Ordinal))
        );
        Assert.Contains("DB_PORT_7001_TCP_PORT=7001", all);
        Assert.Contains("DB_PORT_7002_UDP_PROTO=udp", all);
    }
}
