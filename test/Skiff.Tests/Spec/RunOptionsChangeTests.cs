using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Cgroups;
using Xunit;

namespace Skiff.Tests.Spec;

public sealed class RunOptionsChangeTests
{
    private static RunOptions Change(RunOptions options, params (string Name, string Value)[] changes) => Change(options, true, changes);

    private static RunOptions Change(RunOptions options, bool limitsSwap, params (string Name, string Value)[] changes) =>
        RunOptionsChange.Apply(options, [.. changes.Select(c => new NameValue(c.Name, c.Value))], limitsSwap);

    [Fact]
    public void Memory_stays_below_the_sum_with_swap_that_its_first_limit_has_made()
    {
        const long M = 1 << 20;
        RunOptions options = new() { Image = "i", Memory = 64 * M };
        Assert.Equal(options with { Memory = 100 * M, MemorySwap = 128 * M }, Change(options, ("memory", "100m")));
        Assert.Equal(options with { Memory = 32 * M, MemorySwap = 128 * M }, Change(options, ("memory", "32m")));
        foreach (string size in (string[])["129m", "1g"])
        {
            SkiffException refused = Assert.Throws<SkiffException>(() => Change(options, ("memory", size)));
            Assert.Contains("--memory-swap 128m", refused.Message, StringComparison.Ordinal);
        }
        Assert.Equal(options with { Memory = 1024 * M, MemorySwap = -1 }, Change(options, ("memory", "1g"), ("memory-swap", "-1")));
        Assert.Equal(options with { Memory = 1024 * M }, Change(options, limitsSwap: false, ("memory", "1g")));
        Assert.Equal(options with { Memory = 1024 * M }, Change(options with { Memory = null }, ("memory", "1g")));
        Assert.Equal(options with { CpuShares = 5 }, Change(options, ("cpu-shares", "5"), ("memory", "0")));
    }

    [Fact]
    public void A_flag_replaces_the_old_value_and_0_leaves_it()
    {
        RunOptions options = new()
        {
            Image = "i",
            Memory = 64 << 20,
            NanoCpus = 500_000_000,
        };
        Assert.Equal(options with { Memory = 128 << 20, MemorySwap = 128 << 20 }, Change(options, ("memory", "128m"), ("cpus", "0")));
        Assert.Equal(-1, Change(options, ("pids-limit", "-1")).PidsLimit);
        Assert.Equal(new RestartPolicy(RestartMode.OnFailure, 3), Change(options, ("restart", "on-failure:3")).Restart);
    }

    [Fact]
    public void Where_0_is_a_value_it_is_set()
    {
        RunOptions options = new()
        {
            Image = "i",
            CpusetCpus = "1",
            CpusetMems = "1",
            PidsLimit = 7,
        };
        RunOptions changed = Change(options, ("cpuset-cpus", "0"), ("cpuset-mems", "0"), ("pids-limit", "0"), ("memory-swappiness", "0"));
        Assert.Equal(
            ("0", "0", -1L, 0L),
            (changed.CpusetCpus, changed.CpusetMems, (long)changed.PidsLimit!, (long)changed.MemorySwappiness!)
        );
    }

    [Fact]
    public void Limits_of_devices_are_replaced_by_device()
    {
        RunOptions options = Change(
            new RunOptions { Image = "i" },
            ("device-read-bps", "/dev/sda:1mb"),
            ("device-read-bps", "/dev/sdb:2mb")
        );
        Assert.Equal(
            [("/dev/sda", 3UL << 20), ("/dev/sdb", 2UL << 20)],
            Change(options, ("device-read-bps", "/dev/sda:3mb")).DeviceReadBps.Select(d => (d.Path, (ulong)d.Value)).Order()
        );
    }

    [Theory]
    [InlineData("cpus", "1", "--cpu-period")]
    [InlineData("memory", "300m", "--memory-swap")]
    [InlineData("cpu-quota", "10", "1000 microseconds")]
    public void What_contradicts_the_container_is_refused(string flag, string value, string complaint)
    {
        RunOptions options = new()
        {
            Image = "i",
            Memory = 64 << 20,
            MemorySwap = 128 << 20,
            CpuPeriod = 50_000,
        };
        SkiffException refused = Assert.Throws<SkiffException>(() => Change(options, (flag, value)));
        Assert.Contains(complaint, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_restart_policy_contradicts_rm() =>
        Assert.Contains(
            "--rm",
            Assert.Throws<SkiffException>(() => Change(new RunOptions { Image = "i", Remove = true }, ("restart", "always"))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Only_what_changed_is_written_but_memory_and_its_sum_with_swap_go_together()
    {
        Resources old = new()
        {
            Memory = 10,
            MemorySwap = 20,
            PidsLimit = 5,
            CpuShares = 7,
        };
        Assert.Equal(new Resources { PidsLimit = 6 }, Same((old with { PidsLimit = 6 }).Since(old)));
        Assert.Equal(new Resources { Memory = 10, MemorySwap = 30 }, Same((old with { MemorySwap = 30 }).Since(old)));
        Resources change = (old with { CpuQuota = 5000 }).Since(old);
        Assert.Equal(-1, old.Since(old with { CpuQuota = 5000 }).OrUnlimited(change).CpuQuota);
        Assert.Null(old.Since(old with { CpuQuota = 5000 }).OrUnlimited(change).Memory);

        // Lists are equal by reference; the empty ones are made the same.
        static Resources Same(Resources r) =>
            r with
            {
                BlkioWeightDevice = Resources.None.BlkioWeightDevice,
                DeviceReadBps = Resources.None.DeviceReadBps,
                DeviceWriteBps = Resources.None.DeviceWriteBps,
                DeviceReadIops = Resources.None.DeviceReadIops,
                DeviceWriteIops = Resources.None.DeviceWriteIops,
            };
    }
}
