using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The directory of a container as an OCI bundle: what another runtime makes of its config.json.</summary>
public sealed class BundleTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    // As mount(2) alone shows which filter it is: with the right to mount, only that of the default profile refuses it to a container that lacks it.
    private const string Probe = "grep ^Seccomp: /proc/self/status; mount -t tmpfs x /tmp 2>/dev/null; echo $?";

    private string Rootfs()
    {
        string root = Workspace.NewDirectory("bundle");
        Tool.Shell(
            $"cd {root}; mkdir -p bin proc sys dev etc tmp; cp /bin/busybox bin/; for a in sh grep mount; do ln -s busybox bin/$a; done"
        );
        return root;
    }

    private string Directory(string name) =>
        Path.Combine(host.Root, "containers", host.Run("inspect", "-f", "{{.Id}}", name).Succeeded().Text);

    private string[] Runc(string name)
    {
        string state = Workspace.NewDirectory("runc");
        return Tool.Run([.. host.Net.Prefix, "runc", "--root", state, "run", "--bundle", Directory(name), name]).Lines;
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("fewer", "--cap-drop", "ALL")]
    [InlineData("more", "--cap-add", "SYS_PTRACE", "--cap-add", "NET_ADMIN")]
    public void Another_runtime_starts_the_bundle_with_the_filter(string name, params string[] flags)
    {
        Tool.Require("runc");
        host.Run(["create", "--name", name, "--network", "none", .. flags, "--rootfs", Rootfs(), "sh", "-c", Probe]).Succeeded();
        string[] own = host.Run("start", "-a", name).Succeeded().Lines;
        Assert.Equal(["Seccomp:\t2", "1"], own);
        Assert.Equal(own, Runc(name));
        host.Run("rm", name).Succeeded();
    }

    [Fact]
    public void Another_runtime_starts_an_unconfined_bundle_without_a_filter()
    {
        Tool.Require("runc");
        host.Run("create", "--name", "open", "--network", "none", "--privileged", "--rootfs", Rootfs(), "sh", "-c", Probe).Succeeded();
        string[] own = host.Run("start", "-a", "open").Succeeded().Lines;
        Assert.Equal(["Seccomp:\t0", "0"], own);
        Assert.Equal(own, Runc("open"));
        host.Run("rm", "open").Succeeded();
    }

    [Fact]
    public void A_profile_file_counts_as_it_was_when_the_container_was_created()
    {
        string profile = Path.Combine(Workspace.NewDirectory("profile"), "p.json");
        File.WriteAllText(
            profile,
            """{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod","fchmodat"],"action":"SCMP_ACT_ERRNO","errnoRet":1}]}"""
        );
        string image = host.Image(TestImages.Busybox);
        string[] flags = ["--name", "filed", "--network", "none", "--security-opt", "seccomp=" + profile];
        host.Run(["create", .. flags, image, "sh", "-c", "chmod 700 /tmp 2>/dev/null; echo $?; until [ -e /go ]; do sleep 0.1; done"])
            .Succeeded();
        File.Delete(profile);
        host.Run("start", "filed").Succeeded();
        Assert.Equal("1", host.Run("exec", "filed", "sh", "-c", "chmod 700 /tmp 2>/dev/null; echo $?; echo >/go").Succeeded().Text);
        host.Run("wait", "filed").Succeeded();
        host.Run("start", "-a", "filed").Succeeded();
        Assert.Equal(["1", "1"], host.Run("logs", "filed").Succeeded().Lines);
        host.Run("rm", "-f", "filed").Succeeded();
        host.Run(["create", .. flags, image, "true"]).ExitedWith(125).Complained("p.json cannot be read");
    }
}
