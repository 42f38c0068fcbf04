using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Limits of memory, processes and processors, as the container and the host see them.</summary>
public sealed class RunLimitsTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private static string Cat(string v1, string v2) => $"cat /sys/fs/cgroup/{v1} 2>/dev/null || cat /sys/fs/cgroup/{v2}";

    [Fact]
    public void RUN_30_Running_out_of_memory_kills_and_is_said()
    {
        CommandResult result = host.Run(
            "run",
            "--rm",
            "--network",
            "none",
            "-m",
            "32m",
            "--memory-swap",
            "32m",
            host.Image(TestImages.Busybox),
            "tail",
            "/dev/zero"
        );
        result.ExitedWith(137).Complained("memory");
    }

    [Fact]
    public void RUN_30_A_child_that_runs_out_of_memory_leaves_the_container_alive() =>
        Assert.Equal(
            "child 137",
            host.RunShell("tail /dev/zero; echo child $?", "-m", "32m", "--memory-swap", "32m").Succeeded().Lines[^1]
        );

    [Fact]
    public void RUN_31_A_fork_bomb_ends_at_the_limit()
    {
        CommandResult result = host.RunShell(
            "i=0; while [ $i -lt 60 ]; do sleep 3 & i=$((i+1)); done; echo unlimited",
            "--pids-limit",
            "20"
        );
        Assert.DoesNotContain("unlimited", result.Output, StringComparison.Ordinal);
        result.Complained("can't fork");
        Assert.Equal("20", host.RunShell(Cat("pids/pids.max", "pids.max"), "--pids-limit", "20").Succeeded().Text);
        Assert.Equal("2048", host.RunShell(Cat("pids/pids.max", "pids.max")).Succeeded().Text);
        Assert.Equal("max", host.RunShell(Cat("pids/pids.max", "pids.max"), "--pids-limit", "-1").Succeeded().Text);
    }

    [Theory]
    [InlineData("0.5", "50000")]
    [InlineData("1.25", "125000")]
    public void RUN_32_Processors_become_a_quota(string cpus, string quota) =>
        Assert.StartsWith(
            quota,
            host.RunShell(Cat("cpu/cpu.cfs_quota_us", "cpu.max"), "--cpus", cpus).Succeeded().Text,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("0.001")]
    [InlineData("-1")]
    [InlineData("100000")]
    public void RUN_32_A_quota_out_of_range_is_refused(string cpus) =>
        host.RunShell("true", "--cpus", cpus).ExitedWith(125).Complained("--cpus");

    [Fact]
    public void Limits_of_the_process_are_set()
    {
        Assert.Equal("64", host.RunShell("ulimit -n", "--ulimit", "nofile=64:128").Succeeded().Text);
        Assert.Equal("134217728", host.RunShell(Cat("memory/memory.limit_in_bytes", "memory.max"), "-m", "128m").Succeeded().Text);
    }

    [Fact]
    public void Devices_that_are_not_listed_cannot_be_opened() =>
        Assert.Equal(
            "refused",
            host.RunShell("mknod /tmp/kmsg c 1 11 && head -c 1 /tmp/kmsg >/dev/null 2>&1 || echo refused", "--cap-add", "MKNOD")
                .Succeeded()
                .Text
        );

    /// <summary>A container has the processors of whoever started it, however it was kept from one of them at its birth.</summary>
    [Fact]
    public void Processors_are_those_of_the_caller()
    {
        string[] all = Processors(File.ReadAllLines("/proc/self/status"));
        string image = host.Image(TestImages.Busybox);
        string[] show = ["run", "--rm", image, "cat", "/proc/self/status"];
        string first = all[1].Split(',', '-')[0];
        Assert.Equal(all, Processors(host.Run(show).Succeeded().Lines));
        Assert.Equal(all, Processors(host.Run(["run", "--rm", "--network", "none", image, "cat", "/proc/self/status"]).Succeeded().Lines));
        Assert.Equal(first, Processors(Tool.Run(["taskset", "-c", first, .. host.CommandLine(show)]).Lines)[1]);
        host.Run("run", "-d", "--name", "everywhere", image, "sleep", "1000").Succeeded();
        Assert.Equal(all, Processors(host.Run("exec", "everywhere", "cat", "/proc/1/status").Succeeded().Lines));
        host.Run("rm", "-f", "everywhere").Succeeded();
    }

    /// <summary>As a mask and as a list.</summary>
    private static string[] Processors(IEnumerable<string> status) =>
        [.. status.Where(static l => l.StartsWith("Cpus_allowed", StringComparison.Ordinal)).Select(static l => l.Split('\t')[1])];
}
