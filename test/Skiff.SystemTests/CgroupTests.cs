using System.Diagnostics;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Cgroups;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The cgroup code against the host's real hierarchies, whichever version they are. Needs root.</summary>
public sealed class CgroupTests : IDisposable
{
    private readonly CgroupLayout _layout = CgroupLayout.Detect();
    private readonly string _parent = $"/skiff-test-{Environment.ProcessId}-{RandomBytes.Hex(3)}";

    public CgroupTests() => Assert.SkipUnless(_layout.IsWritable(), "needs root and a writable cgroup file system");

    public void Dispose()
    {
        Cgroup cgroup = Cgroup.At(_layout, _parent, "c");
        cgroup.Kill();
        cgroup.WaitUntilEmpty(5000);
        cgroup.Remove();
        Cgroup.RemoveParent(_layout, _parent);
        Assert.DoesNotContain(cgroup.Directories(), d => Directory.Exists(Path.GetDirectoryName(d)));
    }

    private Cgroup Create(Resources resources)
    {
        foreach (HostAction action in Cgroup.Plan(_layout, _parent, "c", resources).Create)
        {
            action.Run();
        }
        return Cgroup.At(_layout, _parent, "c");
    }

    // A shell that joins every hierarchy itself, as a container's first process does, and then runs the commands.
    private Process Start(string commands)
    {
        CgroupPlan join = Cgroup.At(_layout, _parent, "c").JoinPlan();
        string text =
            string.Concat(join.JoinFiles.Select(f => $"echo 0 >{f} && "))
            + (join.V2Directory is null ? "" : $"echo 0 >{join.V2Directory}/cgroup.procs && ");
        return Process.Start("/bin/sh", ["-c", $"{text} {{ {commands} ; }}"]);
    }

    private int Run(string commands)
    {
        using Process process = Start(commands);
        Assert.True(process.WaitForExit(20_000));
        return process.ExitCode;
    }

    [Fact]
    public void Limits_are_set_counted_changed_and_removed()
    {
        Cgroup cgroup = Create(
            new Resources
            {
                Memory = 64 << 20,
                PidsLimit = 50,
                CpuQuota = 50_000,
                CpuPeriod = 100_000,
                CpusetCpus = "0",
            }
        );
        using Process process = Start("sleep 60 & sleep 60 & wait");
        SpinWait.SpinUntil(() => cgroup.Processes().Count == 3, 5000);
        CgroupStats stats = cgroup.ReadStats();
        Assert.Equal((3UL, 50UL, 64UL << 20), (stats.Pids!.Value, stats.PidsLimit!.Value, stats.MemoryLimit!.Value));
        Assert.True(stats.Memory > 0 && stats.CpuUsage > 0);

        foreach (
            HostAction action in cgroup.Update(
                new Resources
                {
                    Memory = 128 << 20,
                    PidsLimit = 60,
                    CpuQuota = -1,
                }
            )
        )
        {
            action.Run();
        }
        stats = cgroup.ReadStats();
        Assert.Equal((60UL, 128UL << 20), (stats.PidsLimit!.Value, stats.MemoryLimit!.Value));
    }

    [Fact]
    public void A_frozen_cgroup_stands_still_and_can_be_killed()
    {
        Cgroup cgroup = Create(Resources.None);
        using Process process = Start("while :; do :; done");
        SpinWait.SpinUntil(() => cgroup.Processes().Count == 1, 5000);
        cgroup.Freeze();
        Assert.True(cgroup.IsFrozen());
        ulong? before = cgroup.ReadStats().CpuUsage;
        Thread.Sleep(30);
        Assert.Equal(before, cgroup.ReadStats().CpuUsage);
        cgroup.Thaw();
        Assert.False(cgroup.IsFrozen());
        cgroup.Freeze();
        cgroup.Kill();
        Assert.True(process.WaitForExit(5000));
        Assert.Equal(137, process.ExitCode);
        Assert.True(cgroup.WaitUntilEmpty(5000));
    }

    [Fact]
    public void Kill_leaves_nobody_of_a_cgroup_that_keeps_forking()
    {
        Cgroup cgroup = Create(new Resources { PidsLimit = 40 });
        using Process process = Start("trap '' TERM; while :; do sleep 0.01 & done 2>/dev/null");
        SpinWait.SpinUntil(() => cgroup.Processes().Count > 5, 5000);
        cgroup.Kill();
        Assert.True(cgroup.WaitUntilEmpty(5000));
    }

    [Fact]
    public void RUN_30_The_out_of_memory_killer_leaves_its_count_and_the_limit()
    {
        Cgroup cgroup = Create(new Resources { Memory = 16 << 20, MemorySwap = _layout.HasSwapLimit() ? 16 << 20 : null });
        Assert.Equal(0UL, cgroup.ReadOom().Kills);
        Assert.Equal(0, Run("head -c 200000000 /dev/zero | tail -n 1 >/dev/null; true"));
        OomState oom = cgroup.ReadOom();
        Assert.True(oom.Kills >= 1);
        Assert.Equal(16UL << 20, oom.Limit);
    }

    [Fact]
    public void Devices_without_a_rule_cannot_be_opened()
    {
        DeviceRule[] rules = [DeviceRule.DenyAll, DeviceRule.Parse("c *:* m"), DeviceRule.Parse("c 1:3 rwm"), DeviceRule.Parse("c 1:5 r")];
        Create(new Resources { Devices = rules });
        Assert.Equal(0, Run("echo x >/dev/null && head -c 1 /dev/zero >/dev/null"));
        Assert.NotEqual(0, Run("(head -c 1 /dev/urandom >/dev/null) 2>/dev/null"));
        Assert.NotEqual(0, Run("(echo x >/dev/zero) 2>/dev/null"));
    }

    [Fact]
    public void Cgroups_made_by_the_container_below_its_own_are_removed_too()
    {
        Cgroup cgroup = Create(Resources.None);
        foreach (string directory in cgroup.Directories())
        {
            Directory.CreateDirectory($"{directory}/inner/deep");
        }
        cgroup.Remove();
        Assert.DoesNotContain(cgroup.Directories(), Directory.Exists);
    }

    [Fact]
    public void RUN_32_A_limit_that_the_host_cannot_set_names_its_flag()
    {
        (Resources Resources, string Flag)[] cases =
        [
            (new() { CpusetCpus = "0-4000" }, "--cpuset-cpus"),
            (new() { CpuQuota = 10 }, "--cpu-quota"),
            (new() { CpuPeriod = 10 }, "--cpu-period"),
            (new() { Memory = 1 << 30, MemorySwap = 1 << 20 }, "--memory-swap"),
            (new() { BlkioWeight = 5 }, "--blkio-weight"),
            (new() { Unified = [("nosuch.max", "1")] }, "--cgroup-conf"),
            (new() { DeviceReadBps = [new DeviceLimit(4000, 0, 1 << 20)] }, "--device-read-bps"),
        ];
        foreach ((Resources resources, string flag) in cases)
        {
            Assert.StartsWith(flag, Assert.Throws<SkiffException>(() => Create(resources)).Message);
        }
    }
}
