using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>A start that the kernel refuses says why and what to do, not just which call failed.</summary>
public sealed class StartFailureTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    private CommandResult Run(params string[] words) => host.Run(["run", "--rm", "--network", "none", .. words]);

    [Theory]
    [InlineData("net.nosuch.thing=1", "--sysctl net.nosuch.thing: this kernel has no such parameter")]
    [InlineData("net.ipv4.ip_forward=many", "a value of --sysctl is refused")]
    public void A_kernel_parameter_that_cannot_be_set_is_named(string sysctl, string sentence) =>
        Run("--sysctl", sysctl, Busybox, "true").ExitedWith(125).Complained(sentence);

    /// <summary>The host is at its own part, the network, when the container's process fails: the reason is what counts, not that the host then finds nobody to connect.</summary>
    [Theory]
    [InlineData("a value of --sysctl is refused", "--sysctl", "net.ipv4.ip_forward=many")]
    [InlineData("/bin/busybox is not a directory", "--tmpfs", "/bin/busybox")]
    [InlineData("/bin/busybox is not a directory", "-w", "/bin/busybox")]
    [InlineData("a value of --sysctl is refused", "-d", "--sysctl", "net.ipv4.ip_forward=many")]
    public void A_start_that_fails_beside_the_network_says_why(string sentence, params string[] flags)
    {
        host.Run("network", "create", "beside");
        for (int i = 0; i < 12; i++)
        {
            string network = i % 3 == 0 ? "beside" : "bridge";
            host.Run(["run", "--rm", "--network", network, "-p", "8080:80", .. flags, Busybox, "true"])
                .ExitedWith(125)
                .Complained(sentence);
        }
        host.Run("network", "rm", "beside").Succeeded();
        Assert.Empty(host.Run("ps", "-aq").Succeeded().Text);
    }

    [Fact]
    public void RUN_26_A_file_on_a_directory_and_the_reverse_are_named()
    {
        string directory = Workspace.NewDirectory("kinds");
        string file = Path.Combine(directory, "file");
        File.WriteAllText(file, "");
        Run("-v", $"{file}:/etc", Busybox, "true").ExitedWith(125).Complained("one of the two is a directory");
        Run("-v", $"{directory}:/bin/busybox", Busybox, "true").ExitedWith(125).Complained("one of the two is a directory");
        Run("-v", $"{directory}:/bin/busybox/x", Busybox, "true").ExitedWith(125).Complained("is a file in the image");
        Run("--tmpfs", "/bin/busybox", Busybox, "true").ExitedWith(125).Complained("/bin/busybox is not a directory in the image");
        Run("-w", "/bin/busybox", Busybox, "true").ExitedWith(125).Complained("/bin/busybox is not a directory");
        Run("--rootfs", file, "/bin/true").ExitedWith(125).Complained($"{file} is not a directory");
        Run("--rootfs", file + ".gone", "/bin/true").ExitedWith(125).Complained($"{file}.gone cannot be used");
    }

    [Fact]
    public void SEC_A_mount_whose_target_leads_to_proc_does_not_cover_it()
    {
        string root = Workspace.NewDirectory("leads");
        Tool.Shell($"cd {root}; mkdir -p bin proc fake/self/attr; cp /bin/busybox bin/; ln -s busybox bin/true; ln -s proc pp");
        Run("-v", $"{root}/fake:/pp", "--rootfs", root, "/bin/true").ExitedWith(125).Complained("a mount of this container covers /proc");
        Run("-v", $"{root}/fake:/elsewhere", "--rootfs", root, "/bin/true").Succeeded();
    }

    [Fact]
    public void Rights_that_the_caller_lacks_are_named()
    {
        // CAP_SYS_RESOURCE is what both need; root has it in most places, so it is taken away.
        string[] without = ["capsh", "--drop=cap_sys_resource", "--", "-c", "ulimit -n 4096; exec \"$@\"", "sh"];
        Tool.Require("capsh");
        string[] run = ["run", "--rm", "--network", "none"];
        Tool.Try([.. without, .. host.CommandLine([.. run, "--ulimit", "nofile=9000", Busybox, "true"])])
            .ExitedWith(125)
            .Complained("--ulimit nofile: skiff itself has a hard limit of 4096");
        Tool.Try([.. without, .. host.CommandLine([.. run, "--oom-score-adj", "-500", Busybox, "true"])])
            .ExitedWith(125)
            .Complained("--oom-score-adj -500: lowering the score takes CAP_SYS_RESOURCE");
    }

    [Fact]
    public void A_caller_with_a_real_time_policy_is_told_about_the_cpu_cgroup()
    {
        Tool.Require("chrt");
        CommandResult result = Tool.Try(["chrt", "-f", "1", .. host.CommandLine("run", "--rm", "--network", "none", Busybox, "true")]);
        Assert.SkipWhen(result.Error.StartsWith("chrt: ", StringComparison.Ordinal), "this process may not have a real-time policy");
        if (File.Exists("/sys/fs/cgroup/cpu/cpu.rt_runtime_us"))
        {
            result.ExitedWith(125).Complained("real-time scheduling policy");
        }
        else
        {
            result.Succeeded(); // a kernel without RT_GROUP_SCHED, or cgroup version 2
        }
    }

    [Fact]
    public void In_a_plain_chroot_it_says_what_makes_a_container_possible()
    {
        string image = Busybox;
        string chroot = Workspace.NewDirectory("chroot");
        string[] command = host.CommandLine("run", "--rm", "--network", "none", image, "echo", "afloat");
        string words = string.Join(' ', command[(host.Net.Prefix.Length)..]);
        string script = $"""
            mount --make-rprivate /
            for d in bin lib lib64 usr etc proc sys dev run tmp work root var home; do
              [ -d /$d ] || continue
              mkdir {chroot}/$d
              mount --rbind /$d {chroot}/$d
            done
            mkdir -p {chroot}{Workspace.Binary[..Workspace.Binary.LastIndexOf('/')]}
            [ -e {chroot}{Workspace.Binary} ] || cp {Workspace.Binary} {chroot}{Workspace.Binary}
            chroot {chroot} {words} || echo failed $?
            mount --rbind {chroot} {chroot}
            chroot {chroot} {words}
            """;
        CommandResult result = Tool.Run("unshare", "-m", "/bin/sh", "-euc", script);
        result.Complained("is no mount point");
        Assert.Equal("failed 125\nafloat", result.Text);
    }
}
