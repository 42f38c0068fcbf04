using Skiff.Linux.Cgroups;
using Xunit;

namespace Skiff.Tests.Cgroups;

public sealed class CgroupLayoutTests
{
    private const string Hybrid = """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/x,name=systemd
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
        42 31 0:32 / /other/memory rw,relatime - cgroup cgroup rw,memory

        """;

    private static CgroupLayout Parse(string mountinfo, string cgroup) =>
        CgroupLayout.Parse(System.Text.Encoding.UTF8.GetBytes(mountinfo), System.Text.Encoding.UTF8.GetBytes(cgroup));

    [Fact]
    public void Hierarchies_beside_a_version_2_mount_are_hybrid()
    {
        CgroupLayout layout = Parse(Hybrid, "9:name=systemd:/s\n4:memory:/process/1\n1:cpu,cpuacct:/\n0::/u\n");
        Assert.Equal(CgroupMode.Hybrid, layout.Mode);
        Assert.Equal("/sys/fs/cgroup/unified", layout.UnifiedMount);
        Assert.Equal("/u", layout.UnifiedOwn);
        Assert.Equal(
            ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/systemd"],
            layout.Hierarchies.Select(h => h.MountPoint)
        );
        Assert.Equal("/process/1", layout.Find("memory")!.Own);
        Assert.Equal("/s", layout.Find("name=systemd")!.Own);
        Assert.Same(layout.Find("cpu"), layout.Find("cpuacct"));
    }

    [Fact]
    public void One_version_2_mount_is_version_2()
    {
        CgroupLayout layout = Parse("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n", "0::/user.slice\n");
        Assert.Equal((CgroupMode.V2, "/sys/fs/cgroup", "/user.slice"), (layout.Mode, layout.UnifiedMount, layout.UnifiedOwn));
    }

    [Fact]
    public void Nothing_mounted_gives_an_empty_plan_and_a_clear_refusal_of_limits()
    {
        CgroupLayout layout = Parse("", "");
        Assert.Empty(Cgroup.Plan(layout, "/skiff", "a", Resources.None).Create);
        Skiff.Linux.SkiffException e = Assert.Throws<Skiff.Linux.SkiffException>(() =>
            Cgroup.Plan(layout, "/skiff", "a", new Resources { Memory = 1 << 20 })
        );
        Assert.StartsWith("--memory: no cgroup file system is mounted", e.Message);
        Assert.Equal(125, e.ExitCode);
    }

    [Fact]
    public void A_version_1_plan_makes_fills_limits_and_joins_by_tasks()
    {
        CgroupLayout layout = Parse(Hybrid.Replace("cpu,cpuacct", "cpuset"), "");
        CgroupPlan plan = Cgroup.Plan(
            layout,
            "/skiff",
            "c1",
            new Resources { Memory = 64 << 20, Devices = [DeviceRule.DenyAll, DeviceRule.Parse("c 1:3 rwm")] }
        );
        Assert.Equal(
            """
            mkdir("/sys/fs/cgroup/cpuset/skiff", 0755)
            mkdir("/sys/fs/cgroup/cpuset/skiff/c1", 0755)
            copy("/sys/fs/cgroup/cpuset/skiff/cpuset.{cpus,mems}", "/sys/fs/cgroup/cpuset/skiff/c1")
            mkdir("/sys/fs/cgroup/memory/skiff", 0755)
            mkdir("/sys/fs/cgroup/memory/skiff/c1", 0755)
            mkdir("/sys/fs/cgroup/systemd/skiff", 0755)
            mkdir("/sys/fs/cgroup/systemd/skiff/c1", 0755)
            mkdir("/sys/fs/cgroup/unified/skiff", 0755)
            mkdir("/sys/fs/cgroup/unified/skiff/c1", 0755)
            write("/sys/fs/cgroup/memory/skiff/c1/memory.limit_in_bytes", "67108864")
            """.Split('\n'),
            plan.Create.Select(a => a.Text)
                .Where(t => !t.Contains("device", StringComparison.Ordinal) && !t.Contains("bpf", StringComparison.Ordinal))
        );
        Assert.Equal(
            ["/sys/fs/cgroup/cpuset/skiff/c1/tasks", "/sys/fs/cgroup/memory/skiff/c1/tasks", "/sys/fs/cgroup/systemd/skiff/c1/tasks"],
            plan.JoinFiles
        );
        Assert.Equal("/sys/fs/cgroup/unified/skiff/c1", plan.V2Directory);
        Assert.Equal(4, plan.Remove.Length);
        Assert.Equal(4, plan.Create.Count(a => a.Undo is RemoveCgroup));
    }

    [Theory]
    [InlineData("/a/../b")]
    [InlineData("/a//b")]
    [InlineData("/.")]
    public void A_parent_outside_of_the_hierarchy_is_refused(string parent) =>
        Assert.Throws<Skiff.Linux.SkiffException>(() => Cgroup.Plan(Parse(Hybrid, ""), parent, "c1", Resources.None));

    [Theory]
    [InlineData(2, 1)]
    [InlineData(0, 1)]
    [InlineData(512, 59)]
    [InlineData(1024, 100)]
    [InlineData(2048, 174)]
    [InlineData(262144, 10000)]
    [InlineData(999999, 10000)]
    public void Shares_become_weights(ulong shares, int weight) => Assert.Equal(weight, CgroupV2Limits.WeightOfShares(shares));

    /// <summary>All there are, against the library of mathematics.</summary>
    [Fact]
    public void Every_number_of_shares_is_where_the_curve_has_it()
    {
        for (ulong shares = 3; shares < 262144; shares++)
        {
            double l = Math.Log2(shares);
            double weight = Math.Pow(10, (((l * l) + (125 * l)) / 612.0) - (7.0 / 34.0));
            Assert.Equal(Math.Ceiling(weight - 1e-9), CgroupV2Limits.WeightOfShares(shares));
        }
    }

    [Theory]
    [InlineData("0-3,7", new[] { 0, 1, 2, 3, 7 })]
    [InlineData("5", new[] { 5 })]
    public void A_list_of_numbers_is_read(string text, int[] numbers)
    {
        Assert.True(NumberList.TryParse(text, out NumberList? list));
        Assert.Equal(numbers, list.Numbers);
    }

    [Theory]
    [InlineData("")]
    [InlineData("3-1")]
    [InlineData("1,,2")]
    [InlineData("-1")]
    [InlineData("0-99999999")]
    public void Anything_else_is_no_list(string text) => Assert.False(NumberList.TryParse(text, out _));

    private static CgroupLayout? Conventional(string cgroup, params (string Path, long Type)[] mounts) =>
        CgroupLayout.Conventional(System.Text.Encoding.UTF8.GetBytes(cgroup), path => Array.Find(mounts, m => m.Path == path).Type);

    private const long V1 = 0x27e0eb;
    private const long V2 = 0x63677270;

    [Fact]
    public void A_version_2_hierarchy_at_the_conventional_place_is_the_only_one()
    {
        CgroupLayout layout = Conventional("0::/user.slice\n", ("/sys/fs/cgroup", V2))!;
        Assert.Equal(CgroupMode.V2, layout.Mode);
        Assert.Equal("/sys/fs/cgroup", layout.UnifiedMount);
        Assert.Equal("/user.slice", layout.UnifiedOwn);
        Assert.Empty(layout.Hierarchies);
    }

    [Fact]
    public void Conventional_places_tell_the_same_as_the_list_of_mounts()
    {
        const string Membership = "9:name=systemd:/s\n4:memory:/process/1\n1:cpu,cpuacct:/\n0::/u\n";
        CgroupLayout told = Conventional(
            Membership,
            ("/sys/fs/cgroup", 0x1021994),
            ("/sys/fs/cgroup/systemd", V1),
            ("/sys/fs/cgroup/memory", V1),
            ("/sys/fs/cgroup/cpu,cpuacct", V1),
            ("/sys/fs/cgroup/unified", V2)
        )!;
        Assert.Equal(CgroupMode.Hybrid, told.Mode);
        Assert.Equal(
            ["cpu,cpuacct /", "memory /process/1", "name=systemd /s"],
            told.Hierarchies.Select(h => $"{string.Join(',', h.Names)} {h.Own}")
        );
        Assert.Equal(
            ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/systemd"],
            told.Hierarchies.Select(h => h.MountPoint)
        );
        Assert.Equal(("/sys/fs/cgroup/unified", "/u"), (told.UnifiedMount, told.UnifiedOwn));
    }

    [Theory]
    [InlineData("4:memory:/\n0::/\n", "/sys/fs/cgroup/unified")] // a hierarchy that is mounted elsewhere
    [InlineData("0::/\n", "/sys/fs/cgroup/unified")] // nothing but a version 2 one beside nothing
    [InlineData("", "/sys/fs/cgroup")]
    public void Anything_else_is_for_the_list_of_mounts(string membership, string unified) =>
        Assert.Null(Conventional(membership, (unified, V2)));

    /// <summary>This machine's own files, both ways.</summary>
    [Fact]
    public void On_this_machine_both_ways_agree()
    {
        byte[] membership = File.ReadAllBytes("/proc/self/cgroup");
        CgroupLayout parsed = CgroupLayout.Parse(File.ReadAllBytes("/proc/self/mountinfo"), membership);
        CgroupLayout detected = CgroupLayout.Detect();
        Assert.Equal((parsed.Mode, parsed.UnifiedMount, parsed.UnifiedOwn), (detected.Mode, detected.UnifiedMount, detected.UnifiedOwn));
        Assert.Equal(
            parsed.Hierarchies.Select(h => $"{string.Join(',', h.Names)} {h.MountPoint} {h.Own}").Order(),
            detected.Hierarchies.Select(h => $"{string.Join(',', h.Names)} {h.MountPoint} {h.Own}").Order()
        );
    }
}
