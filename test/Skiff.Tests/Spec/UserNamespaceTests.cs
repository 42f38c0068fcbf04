using Skiff.Engine.Spec;
using Skiff.Images;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Spec;

/// <summary>Which ids a container gets, and what is mounted otherwise for them.</summary>
public sealed class UserNamespaceTests
{
    private static readonly IdMapping s_range = new(0, 1_000_000, 200_000);

    private static SpecContext Context(params IdMapping[] taken) =>
        new()
        {
            Id = new string('a', 64),
            RootPath = "rootfs",
            Image = new ImageConfig { Cmd = ["sh"] },
            ResolvConf = "/run/c/resolv.conf",
            TakenIds = _ => taken,
            Peer = static name => new PeerContainer(4711, name),
            Host = new HostFacts { SubordinateUids = s_range, SubordinateGids = s_range },
        };

    private static RuntimeSpec Spec(SpecContext context, params string[] flags) =>
        SpecBuilder.Build(Options.Parse([.. flags, "image"]), context).Spec;

    private static string Refused(SpecContext context, params string[] flags) =>
        Assert.Throws<SkiffException>(() => Spec(context, flags)).Message;

    [Fact]
    public void An_automatic_range_is_the_first_free_one()
    {
        Assert.Equal([new IdMapping(0, 1_000_000, 65536)], Spec(Context(), "--userns", "auto").Linux.UidMappings);
        Assert.Equal(
            [new IdMapping(0, 1_065_536, 1000)],
            Spec(Context(new IdMapping(0, 1_000_000, 65536)), "--userns", "auto:size=1000").Linux.UidMappings
        );
        Assert.Equal(
            [new IdMapping(0, 1_000_000, 1000)],
            Spec(Context(new IdMapping(0, 1_001_000, 10)), "--userns", "auto:size=1000").Linux.GidMappings
        );
        Assert.Contains(
            "no 65536 free ids",
            Refused(Context(new IdMapping(0, 1_050_000, 100_000)), "--userns", "auto"),
            StringComparison.Ordinal
        );
        Assert.Contains("size is a number", Refused(Context(), "--userns", "auto:size=x"), StringComparison.Ordinal);
        SpecContext again = Context(new IdMapping(0, 1_000_000, 65536)) with
        {
            KeptIds = ([new IdMapping(0, 1_000_000, 65536)], [new IdMapping(0, 5, 6)]),
        };
        Assert.Equal([new IdMapping(0, 5, 6)], Spec(again, "--userns", "auto").Linux.GidMappings);
    }

    [Fact]
    public void Maps_that_overlap_or_miss_the_user_are_refused()
    {
        Assert.Contains("overlaps", Refused(Context(), "--uidmap", "0:1000:10", "--uidmap", "20:1005:10"), StringComparison.Ordinal);
        Assert.Contains("not in its id map", Refused(Context(), "--uidmap", "0:1000:10", "--user", "10"), StringComparison.Ordinal);
        Assert.Contains("exclude", Refused(Context(), "--uidmap", "0:1000:10", "--subuidname", "x"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_the_containers_own_is_mounted_with_its_map_and_what_is_the_hosts_is_not()
    {
        RuntimeSpec spec = Spec(Context(), "--userns", "private", "-v", "volume:/v", "-v", "/srv:/b", "-v", "/srv:/i:idmap");
        Assert.Equal([new IdMapping(0, 1_000_000, 200_000)], On(spec, "/v").UidMappings);
        Assert.Equal(On(spec, "/v").UidMappings, On(spec, "/v").GidMappings);
        Assert.Equal(On(spec, "/v").UidMappings, On(spec, "/i").UidMappings);
        Assert.True(On(spec, "/b").UidMappings.IsEmpty);
        Assert.True(On(Spec(Context(), "-v", "volume:/v"), "/v").UidMappings.IsEmpty);
    }

    [Fact]
    public void File_systems_of_shared_namespaces_are_lent_by_their_owner()
    {
        RuntimeSpec spec = Spec(Context(), "--userns", "private", "--network", "host", "--pid", "container:other", "--ipc", "host");
        Assert.Equal(("bind", "/sys"), (On(spec, "/sys").Type, On(spec, "/sys").Source));
        Assert.Contains("rro", On(spec, "/sys").Options);
        Assert.Equal("/proc/4711/root/proc", On(spec, "/proc").Source);
        Assert.Equal("/dev/mqueue", On(spec, "/dev/mqueue").Source);
        Assert.Equal("proc", On(Spec(Context(), "--userns", "private"), "/proc").Type);
    }

    [Fact]
    public void Ping_and_terminals_use_groups_that_are_mapped()
    {
        Assert.Contains(
            new NameValue("net.ipv4.ping_group_range", "0 9"),
            Spec(Context(), "--uidmap", "0:1000:4", "--uidmap", "4:2000:6").Linux.Sysctl
        );
        Assert.DoesNotContain(
            Spec(Context(), "--uidmap", "1:1000:4", "--user", "1:1").Linux.Sysctl,
            static s => s.Name == "net.ipv4.ping_group_range"
        );
        Assert.DoesNotContain("gid=5", On(Spec(Context(), "--uidmap", "0:1000:5"), "/dev/pts").Options);
        Assert.Contains("gid=5", On(Spec(Context(), "--uidmap", "0:1000:6"), "/dev/pts").Options);
    }

    private static MountSpec On(RuntimeSpec spec, string target)
    {
        foreach (MountSpec mount in spec.Mounts)
        {
            if (mount.Destination == target)
            {
                return mount;
            }
        }
        throw new InvalidOperationException("no mount on " + target);
    }
}
