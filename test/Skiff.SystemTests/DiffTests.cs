using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>diff: what a container changed.</summary>
public sealed class DiffTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private const string Changes =
        "rm /data/keep; echo three >>/data/changed; mkdir /data/made; echo >/data/made/file; rm -r /opaque; mkdir /opaque; echo >/opaque/again; rm /data/linked; ln -s x /data/linked; touch /tmp/gone; rm /tmp/gone; chmod 700 /home";

    private static readonly string[] s_expected =
    [
        "C /data",
        "C /data/changed",
        "D /data/keep",
        "C /data/linked",
        "A /data/made",
        "A /data/made/file",
        "C /home",
        "C /opaque",
        "A /opaque/again",
        "D /opaque/new",
        "C /tmp",
    ];

    [Fact]
    public void Added_changed_and_deleted_files_are_listed_running_and_stopped()
    {
        host.Run(
                "run",
                "-d",
                "--init",
                "--name",
                "differs",
                "--network",
                "none",
                "-v",
                "hold:/vol",
                host.Image(TestImages.Layered),
                "sh",
                "-c",
                $"{Changes}; echo >/vol/x; echo done; sleep 1000"
            )
            .Succeeded();
        Wait.Until(() => host.Run("logs", "differs").Text == "done", 20, () => "it did not finish");
        string[] expected = [.. s_expected, "A /vol"];
        Assert.Equal(expected, host.Run("diff", "differs").Succeeded().Lines);
        host.Run("kill", "differs").Succeeded();
        host.Run("wait", "differs").Succeeded();
        Assert.Equal(expected, host.Run("container", "diff", "differs").Succeeded().Lines);
        host.Run("rm", "differs").Succeeded();
    }

    [Fact]
    public void What_the_engine_made_to_mount_on_is_no_change()
    {
        var bare = new TestImage(
            "no-etc-at-all",
            "1",
            () => new ImageBuilder().Layer(w => w.File("bin/true", File.ReadAllBytes("/bin/busybox"), 0x1ED)).Build()
        );
        host.Run("run", "--name", "untouched", "--network", "none", host.Image(TestImages.Busybox), "true").Succeeded();
        host.Run("run", "--name", "bare", "--network", "none", host.Image(bare), "/bin/true").Succeeded();
        Assert.Empty(host.Run("diff", "untouched").Succeeded().Lines);
        Assert.Empty(host.Run("diff", "bare").Succeeded().Lines);
        host.Run("rm", "untouched", "bare").Succeeded();
    }

    /// <summary>docker shows the user's own mount points, and none that the engine made.</summary>
    [Fact]
    public void Mount_points_of_the_user_are_shown_and_those_of_secrets_are_not()
    {
        string secret = Path.Combine(Workspace.NewDirectory("secret"), "secret");
        File.WriteAllText(secret, "hidden");
        host.Run("secret", "create", "hush", secret).Succeeded();
        host.Run(
                "run",
                "--name",
                "mounts",
                "--network",
                "none",
                "--tmpfs",
                "/mem/here",
                "-v",
                "/tmp:/host/tmp",
                "--secret",
                "hush",
                "--secret",
                "hush,target=/deep/er",
                host.Image(TestImages.Busybox),
                "true"
            )
            .Succeeded();
        Assert.Equal(["A /host", "A /host/tmp", "A /mem", "A /mem/here"], host.Run("diff", "mounts").Succeeded().Lines);
        host.Run("rm", "mounts").Succeeded();
        host.Run("secret", "rm", "hush").Succeeded();
    }

    [Fact]
    public void A_directory_as_root_and_a_stranger_are_refused_with_a_sentence()
    {
        string directory = Workspace.NewDirectory("rootfs");
        Tool.Shell($"mkdir {directory}/bin; cp /bin/busybox {directory}/bin/true");
        host.Run("run", "--name", "plain", "--network", "none", "--rootfs", directory, "/bin/true").Succeeded();
        host.Run("diff", "plain").ExitedWith(1).Complained("--rootfs");
        host.Run("commit", "plain").ExitedWith(1).Complained("--rootfs");
        host.Run("diff", "nobody").ExitedWith(1).Complained("No such container: nobody");
        host.Run("rm", "plain").Succeeded();
    }
}
