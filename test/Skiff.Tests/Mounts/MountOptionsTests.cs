using Skiff.Linux;
using Skiff.Linux.Mounts;
using Xunit;
using static Skiff.Linux.Mounts.MountApi;

namespace Skiff.Tests.Mounts;

public sealed class MountOptionsTests
{
    [Fact]
    public void Options_are_sorted_by_who_takes_them()
    {
        MountOptions o = MountOptions.Parse("ro,nosuid,mode=1777,size=64m,sync,rslave,noatime,tmpcopyup,defaults");
        Assert.Equal(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME, o.AttributesSet);
        Assert.Equal(MOUNT_ATTR__ATIME, o.AttributesClear);
        Assert.Equal(["mode=1777", "size=64m"], o.Data);
        Assert.Equal(["ro", "sync"], o.SuperFlags.Order());
        Assert.Equal(MS_SLAVE | MS_REC, o.Propagation);
        Assert.True(o.CopyUp);
        Assert.True(o.ReadOnly);
    }

    [Fact]
    public void The_last_of_two_contradicting_options_counts()
    {
        MountOptions o = MountOptions.Parse("ro,rw,noexec,exec,nodev,sync,async,shared,private");
        Assert.Equal((MOUNT_ATTR_NODEV, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC), (o.AttributesSet, o.AttributesClear));
        Assert.Empty(o.SuperFlags);
        Assert.Equal(MS_PRIVATE, o.Propagation);
    }

    [Fact]
    public void Recursive_options_are_kept_apart()
    {
        MountOptions o = MountOptions.Parse("rbind,rro,rnosuid,rstrictatime,rdev,idmap");
        Assert.True(o.Bind && o.RecursiveBind && o.Idmap && o.ReadOnly);
        Assert.Equal(0UL, o.AttributesSet | o.AttributesClear);
        Assert.Equal(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME, o.RecursiveSet);
        Assert.Equal(MOUNT_ATTR__ATIME | MOUNT_ATTR_NODEV, o.RecursiveClear);
        Assert.Empty(o.Data);
    }

    [Fact]
    public void An_id_map_is_read_and_written()
    {
        IReadOnlyList<IdRange> map = IdMap.Parse(["0:100000:1000", "1000:1000"], "--uidmap");
        Assert.Equal("0 100000 1000\n1000 1000 1\n", IdMap.Text(map));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("0:1:0")]
    [InlineData("a:1:1")]
    [InlineData("0:1:2:3")]
    [InlineData("0:4294967295:2")]
    [InlineData("0:-1:2")]
    public void A_broken_id_map_is_refused(string value) =>
        Assert.StartsWith($"--uidmap {value}", Assert.Throws<SkiffException>(() => IdMap.Parse([value], "--uidmap")).Message);

    [Fact]
    public void Overlapping_ranges_are_refused()
    {
        Assert.Throws<SkiffException>(() => IdMap.Parse(["0:1000:10", "9:2000:5"], "--gidmap"));
        Assert.Throws<SkiffException>(() => IdMap.Parse(["0:1000:10", "10:1009:5"], "--gidmap"));
        Assert.Equal(2, IdMap.Parse(["0:1000:10", "10:1010:5"], "--gidmap").Count);
    }

    [Fact]
    public void Subordinate_ids_are_found_by_name_or_number()
    {
        const string text = "root:1:2\nann:100000:65536\n# x\n1000:200000:10\nann:bad:1\nbob:5:5\n";
        Assert.Equal([(100000u, 65536u), (200000u, 10u)], IdMap.ReadSubordinate(text, "ann", 1000));
        Assert.Empty(IdMap.ReadSubordinate(text, "", 7));
        Assert.Equal("0 1000 1\n1 100000 65536\n", IdMap.Text(IdMap.Rootless(1000, [(100000u, 65536u)])));
    }
}
