using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>export, and import of what was exported.</summary>
public sealed class ExportTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private const string Look =
        "find . -mindepth 1 -printf '%P %y %m %U %G %s %l %T@\\n' | grep -v '^\\(dev\\|proc\\|sys\\|etc\\)\\b' | LC_ALL=C sort";

    [Fact]
    public void The_archive_is_what_the_container_sees_without_its_mounts_running_and_stopped()
    {
        host.Run(
                "run",
                "-d",
                "--init",
                "--name",
                "source",
                "--network",
                "none",
                "-v",
                "hold:/vol",
                host.Image(TestImages.Layered),
                "sh",
                "-c",
                "echo hidden >/vol/x; rm /data/keep; echo new >/data/new; chmod 4711 /data/new; echo done; sleep 1000"
            )
            .Succeeded();
        Wait.Until(() => host.Run("logs", "source").Text == "done", 20, () => "it did not finish");
        string running = Unpacked("source");
        Assert.False(File.Exists($"{running}/vol/x"));
        Assert.False(File.Exists($"{running}/data/keep"));
        Assert.Equal("", File.ReadAllText($"{running}/etc/hosts"));
        host.Run("kill", "source").Succeeded();
        host.Run("wait", "source").Succeeded();
        string stopped = Unpacked("source");
        Assert.Equal(Tool.Shell($"cd {running}; {Look}").Text, Tool.Shell($"cd {stopped}; {Look}").Text);
        host.Run("rm", "source").Succeeded();
    }

    /// <summary>Renamed into place, an archive would take the place of the host's /dev/null.</summary>
    [Theory]
    [InlineData("export", "-o", "FILE", "any")]
    [InlineData("save", "-o", "FILE", "IMAGE")]
    [InlineData("volume", "export", "-o", "FILE", "some")]
    public void A_device_and_a_pipe_are_written_to_and_never_replaced(params string[] words)
    {
        string image = host.Image(TestImages.Busybox);
        string directory = Workspace.NewDirectory("special");
        Tool.Shell(
            $"mknod {directory}/null c 1 3; mkfifo {directory}/pipe; ln -s {directory}/target {directory}/link; touch {directory}/target"
        );
        _ = host.Run("volume", "create", "some");
        _ = host.Run("create", "--name", "any", "--network", "none", image, "true");
        using RunningCommand reader = RunningCommand.Start(["sh", "-c", $"wc -c <{directory}/pipe"]);
        foreach (string name in (string[])["null", "pipe", "link"])
        {
            host.Run([
                    .. words.Select(w =>
                        w == "FILE" ? $"{directory}/{name}"
                        : w == "IMAGE" ? image
                        : w
                    ),
                ])
                .Succeeded();
        }
        Assert.NotEqual("0", reader.WaitForExit().Succeeded().Text);
        Assert.Equal(
            "character special file\nfifo\nsymbolic link",
            Tool.Shell($"stat -c %F {directory}/null {directory}/pipe {directory}/link").Text
        );
        Assert.NotEqual(0, new FileInfo($"{directory}/target").Length);
        Assert.Equal(4, Directory.GetFiles(directory).Length);
    }

    [Fact]
    public void A_device_is_written_to_by_every_verb_that_writes_a_file_and_never_replaced()
    {
        string busybox = host.Image(TestImages.Busybox);
        string place = Workspace.NewDirectory("device");
        string device = Path.Combine(place, "null");
        string context = Path.Combine(place, "context");
        Directory.CreateDirectory(context);
        File.WriteAllText(Path.Combine(context, "Dockerfile"), $"FROM {busybox}\n");
        File.WriteAllText(Path.Combine(context, "compose.yaml"), "services: {a: {image: x}}\n");
        Tool.Run("mknod", device, "c", "1", "3").Succeeded();
        host.Run("create", "--name", "exported", "--network", "none", busybox, "true").Succeeded();
        host.Run("volume", "create", "exported").Succeeded();
        foreach (
            string[] verb in (string[][])
                [
                    ["save", "-o", device, busybox],
                    ["save", "--format", "oci-archive", "-o", device, busybox],
                    ["export", "-o", device, "exported"],
                    ["volume", "export", "-o", device, "exported"],
                    ["build", "-o", $"type=tar,dest={device}", context],
                    ["build", "-o", $"type=oci,dest={device}", context],
                    ["build", "--iidfile", device, "--metadata-file", device, context],
                    ["compose", "-f", $"{context}/compose.yaml", "config", "-o", device],
                ]
        )
        {
            host.Run(verb).Succeeded();
            AssertDevice(string.Join(' ', verb));
        }
        Assert.Contains("must be a directory or a regular file", host.Run("cp", "exported:/bin/busybox", device).Failed(1));
        AssertDevice("cp");
        host.Run("rm", "exported").Succeeded();
        host.Run("volume", "rm", "exported").Succeeded();

        void AssertDevice(string by) => Assert.True(Tool.Try("test", "-c", device).ExitCode == 0, $"the device was replaced by: {by}");
    }

    [Fact]
    public void GNU_tar_lists_every_kind_of_file_of_a_large_tree_and_import_takes_it_back()
    {
        host.Run("create", "--name", "large", "--network", "none", host.Image(TestImages.Debian), "/nothing").Succeeded();
        string first = Path.Combine(Workspace.NewDirectory("export"), "first.tar");
        host.Run("export", "-o", first, "large").Succeeded();
        string listing = Tool.Shell($"tar --numeric-owner --full-time --xattrs -tvvf {first}").Text;
        Assert.Contains("odd/setuid", listing, StringComparison.Ordinal);
        Assert.Contains("user.note", listing, StringComparison.Ordinal);
        Assert.Contains("prw", listing, StringComparison.Ordinal);
        Assert.Contains(" link to ", listing, StringComparison.Ordinal);
        Assert.DoesNotContain("etc/issue\n", listing, StringComparison.Ordinal);

        host.Run("import", first, "again:1").Succeeded();
        host.Run("create", "--name", "twin", "--network", "none", "again:1", "/nothing").Succeeded();
        string second = $"{first}2";
        host.Run("export", "--output", second, "twin").Succeeded();
        Assert.Equal(listing, Tool.Shell($"tar --numeric-owner --full-time --xattrs -tvvf {second}").Text);
        Assert.Equal(Tool.Run("sha256sum", first).Text[..64], Tool.Run("sha256sum", second).Text[..64]);
        host.Run("rm", "large", "twin").Succeeded();
    }

    [Fact]
    public void A_terminal_is_spared_and_a_failed_export_keeps_the_old_file()
    {
        host.Run("create", "--name", "spared", "--network", "none", host.Image(TestImages.Busybox), "true").Succeeded();
        using Pty terminal = host.StartOnTerminal(24, 80, "export", "spared");
        terminal.WaitFor("not written to a terminal");
        string file = Path.Combine(Workspace.NewDirectory("old"), "old.tar");
        File.WriteAllText(file, "old");
        host.Run("export", "-o", file, "nobody").ExitedWith(1).Complained("No such container");
        Assert.Equal("old", File.ReadAllText(file));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(file)!));
        host.Run("rm", "spared").Succeeded();
    }

    private string Unpacked(string container)
    {
        string directory = Workspace.NewDirectory("unpacked");
        string archive = $"{directory}.tar";
        host.Run("export", "-o", archive, container).Succeeded();
        Tool.Run("tar", "-C", directory, "-xpf", archive);
        return directory;
    }
}
