using System.Text.Json.Nodes;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>commit: an image from what a container changed, read by umoci and skopeo as by us.</summary>
public sealed class CommitTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private const string Changes =
        "rm /data/keep; echo three >>/data/changed; mkdir /data/made; echo x >/data/made/file; ln /data/made/file /data/made/second; rm -r /opaque; mkdir /opaque; echo >/opaque/again; "
        + "ln -s nowhere /data/dangling; mkfifo /data/pipe; mknod /data/device c 1 3; chmod 4755 /data/made/file; chown 1234:2345 /data/made; chmod 1770 /data/made; touch -d '2001-02-03 04:05:06' /data/made/file; echo done";

    private const string Look =
        "find . -mindepth 1 -printf '%P %y %m %U %G %s %l %n %T@\\n' | grep -v '^\\(dev\\|proc\\|sys\\)\\b\\|^etc/\\(hosts\\|hostname\\|mtab\\|resolv.conf\\)' | sed -E '/ d /s/ [0-9]+  [0-9]+ [0-9.]+$//' | LC_ALL=C sort";

    // umoci reads no zstd
    private static readonly TestImage s_base = new(
        "haul-base",
        "1",
        () =>
            new ImageBuilder()
                .Layer(TestImages.BusyboxFiles)
                .Layer(w =>
                {
                    w.Directory("data");
                    w.File("data/keep", "one\n");
                    w.File("data/changed", "one\n");
                    w.Directory("opaque");
                    w.File("opaque/old", "one\n");
                })
                .Set("Cmd", TestImages.Words("sh"))
                .Build()
    );

    [Fact]
    public void A_commit_is_what_export_shows_and_umoci_unpacks_and_skopeo_copies()
    {
        host.Run(
                "run",
                "-d",
                "--init",
                "--name",
                "made",
                "--cap-add",
                "MKNOD",
                "--network",
                "none",
                host.Image(s_base),
                "sh",
                "-ec",
                $"{Changes}; sleep 1000"
            )
            .Succeeded();
        Wait.Until(() => host.Run("logs", "made").Text == "done", 20, () => "it did not finish");
        string id = host.Run("commit", "-a", "Ann <ann@boat>", "-m", "first haul", "made", "haul:1").Succeeded().Text;
        Assert.Equal("running", host.Run("inspect", "-f", "{{.State.Status}}", "made").Succeeded().Text);
        Assert.Equal(id, host.Run("images", "-q", "--no-trunc", "haul").Succeeded().Text);

        string directory = Workspace.NewDirectory("commit");
        host.Run("save", "--format", "oci-archive", "-o", $"{directory}/haul.tar", "haul:1").Succeeded();
        Tool.Run("mkdir", $"{directory}/oci", $"{directory}/export");
        Tool.Run("tar", "-C", $"{directory}/oci", "-xf", $"{directory}/haul.tar");
        host.Run("export", "-o", $"{directory}/export.tar", "made").Succeeded();
        Tool.Run("tar", "-C", $"{directory}/export", "-xpf", $"{directory}/export.tar");
        string exported = Tool.Shell($"cd {directory}/export; {Look}").Text;
        Assert.Contains("data/made/file f 4755", exported, StringComparison.Ordinal);
        // our own layer directory, without unpacking, and the archive unpacked by another program
        host.Run("create", "--name", "again", "--network", "none", "haul:1", "true").Succeeded();
        host.Run("export", "-o", $"{directory}/again.tar", "again").Succeeded();
        Tool.Run("mkdir", $"{directory}/again");
        Tool.Run("tar", "-C", $"{directory}/again", "-xpf", $"{directory}/again.tar");
        Assert.Equal(exported, Tool.Shell($"cd {directory}/again; {Look}").Text);
        if (Tool.Exists("umoci"))
        {
            Tool.Run("umoci", "raw", "unpack", "--image", $"{directory}/oci:{TagOf($"{directory}/oci")}", $"{directory}/umoci");
            Assert.Equal(exported, Tool.Shell($"cd {directory}/umoci; {Look}").Text);
        }
        if (Tool.Exists("skopeo"))
        {
            Tool.Run("skopeo", "copy", "-q", "--insecure-policy", $"oci-archive:{directory}/haul.tar", $"dir:{directory}/skopeo");
        }
        host.Run("rm", "-f", "made", "again").Succeeded();
    }

    [Fact]
    public void The_image_runs_as_the_container_did_with_what_change_says()
    {
        host.Run(
                "run",
                "--name",
                "configured",
                "--network",
                "none",
                "-e",
                "WIND=north",
                "-w",
                "/tmp",
                "-u",
                "sailor",
                "--label",
                "crew=3",
                "--expose",
                "80",
                "-v",
                "/hold",
                host.Image(TestImages.Busybox),
                "sh",
                "-c",
                "echo $WIND >/tmp/log"
            )
            .Succeeded();
        host.Run("commit", "configured", "plain").Succeeded();
        Assert.Equal(
            "sailor /tmp [sh -c echo $WIND >/tmp/log] [WIND=north PATH=/usr/local/bin:/usr/bin:/bin] map[crew:3] map[80/tcp:{}] map[/hold:{}]",
            host.Run(
                    "image",
                    "inspect",
                    "-f",
                    "{{.Config.User}} {{.Config.WorkingDir}} {{.Config.Cmd}} {{.Config.Env}} {{.Config.Labels}} {{.Config.ExposedPorts}} {{.Config.Volumes}}",
                    "plain"
                )
                .Succeeded()
                .Text
        );
        Assert.Equal("north", host.Run("run", "--rm", "--network", "none", "plain", "cat", "/tmp/log").Succeeded().Text);

        host.Run(
                "commit",
                "-c",
                "CMD [\"echo\",\"hi\"]",
                "-c",
                "ENTRYPOINT [\"env\"]",
                "-c",
                "ENV A=1 B=\"two words\"",
                "-c",
                "EXPOSE 53/udp",
                "-c",
                "LABEL x=y",
                "-c",
                "USER root",
                "-c",
                "WORKDIR sub",
                "-c",
                "VOLUME /v2",
                "-c",
                "STOPSIGNAL SIGUSR1",
                "-c",
                "ONBUILD RUN true",
                "-c",
                "HEALTHCHECK --interval=1m30s --retries=2 CMD true",
                "configured",
                "changed"
            )
            .Succeeded();
        JsonNode config = JsonNode.Parse(host.Run("image", "inspect", "-f", "{{json .Config}}", "changed").Succeeded().Text)!;
        Assert.Equal("[\"echo\",\"hi\"]", config["Cmd"]!.ToJsonString());
        Assert.Equal("[\"env\"]", config["Entrypoint"]!.ToJsonString());
        Assert.Contains("B=two words", config["Env"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("root /tmp/sub SIGUSR1", $"{config["User"]} {config["WorkingDir"]} {config["StopSignal"]}");
        Assert.Equal("90000000000", config["Healthcheck"]!["Interval"]!.ToString());
        host.Run("commit", "-c", "RUN true", "configured").ExitedWith(1).Complained("RUN");
        host.Run("rm", "-v", "configured").Succeeded();
    }

    [Fact]
    public void History_and_layers_grow_by_one_and_an_unchanged_container_adds_none()
    {
        string image = host.Image(TestImages.Busybox);
        host.Run("run", "--name", "grows", "--network", "none", image, "sh", "-c", "echo one >/one").Succeeded();
        host.Run("run", "--name", "idle", "--network", "none", image, "true").Succeeded();
        host.Run("commit", "-a", "Ann", "-m", "remark", "grows", "grown").Succeeded();
        host.Run("commit", "idle", "same").Succeeded();
        Assert.Equal(LayersOf(image) + 1, LayersOf("grown"));
        Assert.Equal(LayersOf(image), LayersOf("same"));
        Assert.Equal(
            "sh -c echo one >/one|remark",
            host.Run("history", "--no-trunc", "--format", "{{.CreatedBy}}|{{.Comment}}", "grown").Succeeded().Lines[0]
        );
        Assert.Equal("Ann", host.Run("image", "inspect", "-f", "{{.Author}}", "grown").Succeeded().Text);
        // a commit of a commit, without the first one's name
        host.Run("run", "--name", "grows2", "--network", "none", "grown", "sh", "-c", "echo two >/two; rm /one").Succeeded();
        string id = host.Run("commit", "grows2").Succeeded().Text;
        Assert.StartsWith("sha256:", id, StringComparison.Ordinal);
        host.Run("run", "--rm", "--network", "none", id, "sh", "-c", "test ! -e /one && cat /two").Succeeded();
        string archive = Path.Combine(Workspace.NewDirectory("save"), "a.tar");
        host.Run("save", "-o", archive, id).Succeeded();
        host.Run("rm", "grows", "grows2", "idle").Succeeded();
        host.Run("rmi", "-f", id).Succeeded();
        host.Run("load", "-i", archive).Succeeded();
        host.Run("run", "--rm", "--network", "none", id, "cat", "/two").Succeeded();
    }

    [Fact]
    public void LIFE_07_A_commit_that_was_killed_leaves_no_image_and_a_container_that_goes_on()
    {
        host.Run(
                "run",
                "-d",
                "--init",
                "--name",
                "big",
                "--network",
                "none",
                host.Image(TestImages.Busybox),
                "sh",
                "-c",
                "dd if=/dev/urandom of=/big bs=1M count=24 2>/dev/null; echo done; sleep 1000"
            )
            .Succeeded();
        Wait.Until(() => host.Run("logs", "big").Text == "done", 30, () => "it did not finish");
        int before = host.Run("images", "-aq").Succeeded().Lines.Length;
        for (int i = 0; i < 8; i++)
        {
            using RunningCommand commit = host.Start("commit", "big", "cut:1");
            Thread.Sleep(i * 15);
            commit.Signal(Native.SIGKILL);
            commit.WaitForExit();
            if (host.Run("inspect", "-f", "{{.State.Status}}", "big").Succeeded().Text == "paused")
            {
                host.Run("unpause", "big").Succeeded();
            }
            host.Run("exec", "big", "true").Succeeded();
        }
        string[] images = host.Run("images", "-aq").Succeeded().Lines;
        Assert.InRange(images.Length, before, before + 1);
        host.Run("commit", "big", "whole:1").Succeeded();
        Assert.Equal($"{24 << 20}", host.Run("run", "--rm", "--network", "none", "whole:1", "stat", "-c", "%s", "/big").Succeeded().Text);
        host.Run("image", "prune", "-f").Succeeded();
        Assert.DoesNotContain(
            Directory.GetFileSystemEntries($"{host.Root}/ingest"),
            p => Path.GetFileName(p).StartsWith("commit-", StringComparison.Ordinal)
        );
        host.Run("rm", "-f", "big").Succeeded();
    }

    [Fact]
    public void The_journal_tells_of_copies_exports_and_commits()
    {
        host.Run("create", "--name", "told", "--network", "none", host.Image(TestImages.Busybox), "true").Succeeded();
        host.Run("cp", "/etc/hostname", "told:/tmp").Succeeded();
        host.Run("cp", "told:/tmp", "-").Succeeded();
        host.Run("export", "told").Succeeded();
        host.Run("commit", "told").Succeeded();
        Assert.Equal(
            ["create", "extract-to-dir", "archive-path", "export", "commit"],
            host.Run("events", "--since", "1h", "--until", "0s", "--filter", "container=told", "--format", "{{.Action}}").Succeeded().Lines
        );
        host.Run("rm", "told").Succeeded();
    }

    private int LayersOf(string image) =>
        host.Run("image", "inspect", "-f", "{{range .RootFS.Layers}}x{{end}}", image).Succeeded().Text.Length;

    private static string TagOf(string layout) =>
        JsonNode.Parse(File.ReadAllText($"{layout}/index.json"))!["manifests"]![0]!["annotations"]![
            "org.opencontainers.image.ref.name"
        ]!.ToString();
}
