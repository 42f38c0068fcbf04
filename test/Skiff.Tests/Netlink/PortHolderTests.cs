using Skiff.Linux.Netlink;
using Xunit;

namespace Skiff.Tests.Netlink;

public sealed class PortHolderTests
{
    private const string Table = """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
           1: 0100007F:1F91 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
        """;

    [Fact]
    public void The_listening_socket_of_the_port_is_found() => Assert.Equal("4711", PortHolder.Inode(Table, 8080, udp: false));

    [Fact]
    public void A_connection_is_no_listener_but_a_UDP_socket_has_no_such_state()
    {
        Assert.Null(PortHolder.Inode(Table, 8081, udp: false));
        Assert.Equal("4712", PortHolder.Inode(Table, 8081, udp: true));
        Assert.Null(PortHolder.Inode("", 80, udp: false));
    }
}
