using Skiff.Linux.Cgroups;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary><c>update</c>: limits and restart policies of containers that exist.</summary>
public sealed class UpdateTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private readonly CgroupLayout _layout = CgroupLayout.Detect();

    private string Busybox => host.Image(TestImages.Busybox);

    private string RunDetached(string name, params string[] flags) =>
        host.Run(["run", "-d", "--name", name, "--network", "none", .. flags, Busybox, "sleep", "1000"]).Succeeded().Text;

    /// <summary>A limit as the kernel has it: the file of version 1, or that of version 2 where no version 1 hierarchy has the controller.</summary>
    private string Limit(string id, string controller, string v1, string v2) =>
        _layout.Find(controller) is { } hierarchy
            ? File.ReadAllText($"{hierarchy.MountPoint}/skiff/{id}/{v1}").Trim()
            : File.ReadAllText($"{_layout.UnifiedMount}/skiff/{id}/{v2}").Trim();

    private string Inspect(string name, string what) => host.Run("inspect", "-f", "{{" + what + "}}", name).Succeeded().Text;

    [Fact]
    public void Limits_change_at_once_in_what_runs_and_are_shown()
    {
        string first = RunDetached("live1", "-m", "64m", "--cpus", "0.5");
        string second = RunDetached("live2");
        host.Run("update", "-m", "128m", "--pids-limit", "77", "--cpu-shares", "512", "live1", "live2").Succeeded();
        host.Run("update", "--cpus", "1.25", "live1").Succeeded();
        foreach (string id in new[] { first, second })
        {
            Assert.Equal("134217728", Limit(id, "memory", "memory.limit_in_bytes", "memory.max"));
            Assert.Equal("77", Limit(id, "pids", "pids.max", "pids.max"));
        }
        Assert.StartsWith("125000", Limit(first, "cpu", "cpu.cfs_quota_us", "cpu.max"), StringComparison.Ordinal);
        Assert.Equal(
            "134217728 77 512 1250000000",
            Inspect("live1", "with .HostConfig}}{{.Memory}} {{.PidsLimit}} {{.CpuShares}} {{.NanoCpus}}{{end")
        );
        string line = host.Run("inspect", "--run-command", "live1").Succeeded().Text;
        Assert.Contains("--memory 128m", line, StringComparison.Ordinal);
        Assert.Contains("--cpus 1.25", line, StringComparison.Ordinal);
        host.Run("rm", "-f", "live1", "live2").Succeeded();
    }

    [Fact]
    public void What_does_not_run_has_the_limits_at_its_next_start()
    {
        string id = host.Run("create", "--name", "later", "--network", "none", Busybox, "sleep", "1000").Succeeded().Text;
        host.Run("update", "--memory", "96m", "later").Succeeded();
        host.Run("start", "later").Succeeded();
        Assert.Equal("100663296", Limit(id, "memory", "memory.limit_in_bytes", "memory.max"));
        host.Run("rm", "-f", "later").Succeeded();
    }

    [Fact]
    public void RUN_32_A_quota_without_a_period_and_a_period_without_a_quota()
    {
        string id = RunDetached("cpu");
        host.Run("update", "--cpu-period", "50000", "cpu").Succeeded();
        host.Run("update", "--cpu-quota", "25000", "cpu").Succeeded();
        Assert.Contains("50000", Limit(id, "cpu", "cpu.cfs_period_us", "cpu.max"), StringComparison.Ordinal);
        Assert.StartsWith("25000", Limit(id, "cpu", "cpu.cfs_quota_us", "cpu.max"), StringComparison.Ordinal);
        host.Run("update", "--cpu-quota", "-1", "cpu").Succeeded();
        Assert.Matches("^(-1|max)", Limit(id, "cpu", "cpu.cfs_quota_us", "cpu.max"));
        host.Run("update", "--cpus", "1", "cpu").ExitedWith(1).Complained("--cpu-period is set");
        host.Run("update", "--cpu-quota", "10", "cpu").ExitedWith(1).Complained("1000 microseconds");
        host.Run("rm", "-f", "cpu").Succeeded();
    }

    [Fact]
    public void RUN_32_Memory_and_its_sum_with_swap_grow_and_shrink_together()
    {
        Assert.SkipUnless(_layout.HasSwapLimit(), "this kernel does not limit swap");
        string id = RunDetached("swap", "-m", "64m", "--memory-swap", "96m");
        host.Run("update", "-m", "512m", "swap").ExitedWith(1).Complained("update --memory-swap at the same time");
        host.Run("update", "-m", "512m", "--memory-swap", "600m", "swap").Succeeded();
        Assert.Equal("536870912", Limit(id, "memory", "memory.limit_in_bytes", "memory.max"));
        host.Run("update", "-m", "32m", "--memory-swap", "48m", "swap").Succeeded();
        Assert.Equal("33554432", Limit(id, "memory", "memory.limit_in_bytes", "memory.max"));
        Assert.Equal(
            _layout.Find("memory") is null ? "16777216" : "50331648",
            Limit(id, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max")
        );
        host.Run("update", "--memory-swap", "-1", "swap").Succeeded();
        host.Run("update", "-m", "80m", "swap").Succeeded();
        host.Run("update", "-m", "1m", "swap").ExitedWith(1).Complained("6m");
        host.Run("rm", "-f", "swap").Succeeded();
    }

    [Fact]
    public void RUN_32_More_than_the_host_or_the_sum_with_swap_has_is_refused()
    {
        RunDetached("more", "-m", "64m", "--cpus", "1");
        host.Run("update", "--cpus", "100000", "more").ExitedWith(1).Complained("this host has");
        host.Run("create", "--cpus", "100000", Busybox).ExitedWith(1).Complained("this host has");
        Assert.Equal("1000000000", Inspect("more", ".HostConfig.NanoCpus"));
        if (_layout.HasSwapLimit())
        {
            host.Run("update", "-m", "200m", "more").ExitedWith(1).Complained("--memory-swap 128m");
            host.Run("update", "-m", "100m", "more").Succeeded();
            Assert.Equal("104857600 134217728", Inspect("more", ".HostConfig.Memory}} {{.HostConfig.MemorySwap"));
            host.Run("update", "-m", "200m", "--memory-swap", "300m", "more").Succeeded();
        }
        host.Run("update", "more").ExitedWith(1).Complained("at least one limit");
        host.Run("rm", "-f", "more").Succeeded();
    }

    [Fact]
    public void A_change_that_the_kernel_refuses_is_taken_back_and_not_recorded()
    {
        string id = RunDetached("refused", "--pids-limit", "50");
        host.Run("update", "--pids-limit", "60", "--cpuset-cpus", "4000", "refused").ExitedWith(1).Complained("--cpuset-cpus");
        Assert.Equal("50", Limit(id, "pids", "pids.max", "pids.max"));
        Assert.Equal("50", Inspect("refused", ".HostConfig.PidsLimit"));
        host.Run("rm", "-f", "refused").Succeeded();
    }

    [Fact]
    public void The_restart_policy_changes_too()
    {
        RunDetached("policy");
        host.Run("update", "--restart", "on-failure:4", "policy").Succeeded();
        Assert.Equal("on-failure 4", Inspect("policy", "with .HostConfig.RestartPolicy}}{{.Name}} {{.MaximumRetryCount}}{{end"));
        host.Run("rm", "-f", "policy").Succeeded();
        RunDetached("removes", "--rm");
        host.Run("update", "--restart", "always", "removes").ExitedWith(1).Complained("--rm");
        host.Run("rm", "-f", "removes").Succeeded();
    }

    [Fact]
    public void Several_containers_are_updated_though_one_is_missing()
    {
        RunDetached("one");
        host.Run("update", "-m", "50m", "nobody", "one").ExitedWith(1).Complained("No such container: nobody");
        Assert.Equal("52428800", Inspect("one", ".HostConfig.Memory"));
        host.Run("update", "one").ExitedWith(1).Complained("at least one");
        host.Run("rm", "-f", "one").Succeeded();
    }
}
