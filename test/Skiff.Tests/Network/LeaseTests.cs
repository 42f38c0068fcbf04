using System.Net;
using Skiff.Engine.Network;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Netlink;
using Xunit;

namespace Skiff.Tests.Network;

/// <summary>Who holds which address and which port.</summary>
public sealed class LeaseTests : IDisposable
{
    private readonly string _runroot = Directory.CreateTempSubdirectory("skiff-lease").FullName;

    private NetworkPaths Paths => new(_runroot, "bridge");

    public void Dispose() => Directory.Delete(_runroot, recursive: true);

    [Fact]
    public void A_lease_is_read_as_it_was_written()
    {
        LeaseFile lease = Lease("c1", "10.89.0.2", "0.0.0.0 8080", ":: 8080");
        string path = Path.Combine(_runroot, "lease");
        File.WriteAllBytes(path, lease.Write());
        LeaseFile read = LeaseFile.TryRead(path)!;
        Assert.Equal(lease.Write(), read.Write());
        Assert.Equal(["published4", "published6"], read.Rules().Select(r => r.Map.Name));
        Assert.Null(LeaseFile.TryRead(path + "2"));
        // Cut off by a crash it is no lease.
        File.WriteAllBytes(path, lease.Write()[..20]);
        Assert.Null(LeaseFile.TryRead(path));
    }

    [Fact]
    public void An_address_is_given_once_and_its_owner_is_found_without_looking_at_others()
    {
        LeaseStore store = Store();
        using FileLock first = store.Begin("c1"),
            second = store.Begin("c2");
        Assert.True(store.TryTake(first, Lease("c1", "10.89.0.2"), asked6: false));
        Assert.False(store.TryTake(second, Lease("c2", "10.89.0.2"), asked6: false));
        Assert.True(store.TryTake(second, Lease("c2", "10.89.0.3"), asked6: false));
        Assert.Equal("10.89.0.3", store.Of("c2")!.IPv4.ToString());
        Assert.True(store.IsHeld(store.Of("c1")!));
        first.Dispose();
        Assert.False(store.IsHeld(store.Of("c1")!));
        store.Remove(store.Of("c1")!);
        Assert.Null(store.Of("c1"));
        Assert.True(store.Any());
        store.Remove(store.Of("c2")!);
        Assert.False(store.Any());
    }

    [Fact]
    public void A_port_leads_to_those_who_hold_it_and_to_nobody_who_is_gone()
    {
        LeaseStore store = Store();
        PortClaims claims = new(Paths);
        LeaseFile one = Lease("c1", "10.89.0.2", "127.0.0.1 80"),
            two = Lease("c2", "10.89.0.3", "192.0.2.1 80", "192.0.2.1 81");
        using FileLock first = store.Begin("c1"),
            second = store.Begin("c2");
        Assert.True(store.TryTake(first, one, asked6: false));
        claims.Add(one);
        Assert.True(store.TryTake(second, two, asked6: false));
        claims.Add(two);
        Assert.Equal(["c1", "c2"], claims.Holders("tcp", 80).Select(h => h.Lease.ContainerId).Order());
        Assert.Empty(claims.Holders("udp", 80));
        Assert.Equal(2, claims.Of(two).Count);
        store.Remove(one); // killed before it could take its ports out
        Assert.Equal(["c2"], claims.Holders("tcp", 80).Select(h => h.Lease.ContainerId));
        claims.Remove(two);
        Assert.Empty(claims.Of(two));
        Assert.Empty(claims.Holders("tcp", 80));
        Assert.False(File.Exists($"{_runroot}/networks/.ports/tcp-81"));
    }

    [Theory]
    [InlineData("8080:80", "0.0.0.0:8080->80/tcp [::]:8080->80/tcp")]
    [InlineData("127.0.0.1:8080:80/udp", "127.0.0.1:8080->80/udp")]
    [InlineData("[::1]:8080:80", "[::1]:8080->80/tcp")]
    [InlineData("10.1.2.3:8080-8081:90-91/sctp", "10.1.2.3:8080->90/sctp 10.1.2.3:8081->91/sctp")]
    public void A_mapping_becomes_single_ports(string mapping, string expected)
    {
        BridgeLease lease = BridgeLease.Example("0123456789abcdef", [PortGrammar.ParsePublish(mapping)], LeaseOptions.None);
        Assert.Equal(
            expected,
            string.Join(
                ' ',
                lease.Ports.Select(p =>
                    $"{(p.HostIp.Contains(':') ? $"[{p.HostIp}]" : p.HostIp)}:{p.HostPort}->{p.ContainerPort}/{p.Protocol}"
                )
            )
        );
    }

    [Fact]
    public void One_port_twice_is_refused()
    {
        SkiffException e = Assert.Throws<SkiffException>(() =>
            BridgeLease.Example(
                "0123456789abcdef",
                [PortGrammar.ParsePublish("80:80"), PortGrammar.ParsePublish("127.0.0.1:80:81")],
                LeaseOptions.None
            )
        );
        Assert.Contains("in use by another -p of the same container", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("192.168.1.0/24", "10.89.0.0/16")]
    [InlineData("10.89.255.0/24", "10.90.0.0/16")]
    [InlineData("10.90.1.1/32 10.89.1.1/32", "10.91.0.0/16")]
    [InlineData("10.0.0.0/8 172.16.0.0/12", "192.168.2.0/24")]
    [InlineData("0.0.0.0/0", "10.89.0.0/16")]
    public void A_subnet_is_chosen_beside_what_is_routed(string routes, string chosen)
    {
        RouteInfo[] table = [.. routes.Split(' ').Select(Subnet.Parse).Select(s => new RouteInfo(s.Address, s.PrefixLength, 2, 254, null))];
        Assert.Equal(chosen, SubnetChoice.IPv4(table, [], []).ToString());
    }

    private LeaseStore Store()
    {
        Directory.CreateDirectory($"{_runroot}/networks/bridge/leases");
        Directory.CreateDirectory($"{_runroot}/networks/bridge/owners");
        return new LeaseStore(Paths);
    }

    private static LeaseFile Lease(string id, string address, params string[] ports) =>
        new(
            id,
            IPAddress.Parse(address),
            IPAddress.Parse("fd00::" + address[^1]),
            "02:53:0a:59:00:02",
            "sk" + id,
            [.. ports.Select(p => p.Split(' ')).Select(p => new Skiff.Engine.Containers.PublishedPort(p[0], int.Parse(p[1]), 80, "tcp"))]
        );
}
