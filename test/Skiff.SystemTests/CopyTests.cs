using System.Globalization;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>cp between the host and containers, in every state of theirs.</summary>
public sealed class CopyTests(SkiffHost host) : IClassFixture<SkiffHost>, IDisposable
{
    private static int s_next;

    private readonly List<string> _containers = [];

    private string Busybox => host.Image(TestImages.Busybox);

    public void Dispose()
    {
        if (_containers.Count > 0)
        {
            host.Run(["rm", "-f", "-v", .. _containers]).Succeeded();
        }
    }

    [Theory]
    [InlineData("running")]
    [InlineData("paused")]
    [InlineData("stopped")]
    [InlineData("created")]
    public void SEC_14_Files_and_directories_land_where_dockers_table_says(string state)
    {
        string name = Container(state);
        string here = Source();
        // what is there already
        Copy($"{here}/tree", $"{name}:/tmp/there");
        Copy($"{here}/file", $"{name}:/tmp/file");

        Copy($"{here}/file", $"{name}:/tmp/new");
        Copy($"{here}/other", $"{name}:/tmp/file");
        Copy($"{here}/file", $"{name}:/tmp/there");
        Copy($"{here}/file", $"{name}:/tmp/there/");
        Copy($"{here}/tree", $"{name}:/tmp/there");
        Copy($"{here}/tree/.", $"{name}:/tmp/content");
        Copy($"{here}/tree/.", $"{name}:/tmp/there/tree");
        host.Run("cp", $"{here}/file", $"{name}:/tmp/missing/").ExitedWith(1).Complained("no such directory");
        host.Run("cp", $"{here}/file", $"{name}:/missing/parent")
            .ExitedWith(1)
            .Complained($"Could not find the file /missing in container {name}");
        host.Run("cp", $"{here}/tree", $"{name}:/tmp/file").ExitedWith(1).Complained("cannot copy directory");
        host.Run("cp", $"{here}/file/", $"{name}:/tmp/x").ExitedWith(1).Complained("not a directory");

        string back = Workspace.NewDirectory("back");
        Copy($"{name}:/tmp", $"{back}/all");
        Assert.Equal(
            "all|all/content|all/content/inner|all/content/inner/deep|all/content/leaf|all/file|all/new|all/there|all/there/file|all/there/inner|all/there/inner/deep|all/there/leaf|all/there/tree|all/there/tree/inner|all/there/tree/inner/deep|all/there/tree/leaf",
            Listing(back)
        );
        Assert.Equal("other\n", File.ReadAllText($"{back}/all/file"));
        Assert.Equal("file\n", File.ReadAllText($"{back}/all/new"));
    }

    [Fact]
    public void SEC_14_The_same_table_holds_on_the_way_out()
    {
        string name = Container("stopped");
        string here = Source();
        Copy($"{here}/tree", $"{name}:/tmp/tree");
        Copy($"{here}/file", $"{name}:/tmp/file");
        string back = Workspace.NewDirectory("back");
        Copy($"{name}:/tmp/file", $"{back}/new");
        Copy($"{name}:/tmp/file", back);
        Copy($"{name}:/tmp/tree", $"{back}/made");
        Copy($"{name}:/tmp/tree", $"{back}/made");
        Copy($"{name}:/tmp/tree/.", $"{back}/made/tree");
        host.Run("cp", $"{name}:/tmp/file", $"{back}/missing/").ExitedWith(1).Complained("no such directory");
        host.Run("cp", $"{name}:/tmp/file", $"{back}/missing/name").ExitedWith(1).Complained("no such file or directory");
        host.Run("cp", $"{name}:/tmp/tree", $"{back}/new").ExitedWith(1).Complained("cannot copy directory");
        host.Run("cp", $"{name}:/nope", back).ExitedWith(1).Complained($"Could not find the file /nope in container {name}");
        Assert.Equal(
            "file|made|made/inner|made/inner/deep|made/leaf|made/tree|made/tree/inner|made/tree/inner/deep|made/tree/leaf|new",
            Listing(back)
        );
    }

    [Fact]
    public void The_wrong_arguments_are_told_in_dockers_words()
    {
        host.Run("cp", "a:/x", "b:/y").ExitedWith(1).Complained("copying between containers is not supported");
        host.Run("cp", "/x", "./y:z").ExitedWith(1).Complained("must specify at least one container source");
        host.Run("cp", "nobody:/x", "/tmp/").ExitedWith(1).Complained("No such container: nobody");
        string name = Container("created");
        Copy("/etc/hostname", $"{name}:/tmp/file");
        host.RunWithInput([], "cp", "-", $"{name}:/tmp/file").ExitedWith(1).Complained("must be a directory");
        host.RunWithInput("no archive at all"u8.ToArray(), "cp", "-", $"{name}:/tmp").ExitedWith(1).Complained("archive");
    }

    [Fact]
    public void SEC_14_Copies_belong_to_root_or_the_caller_and_with_a_to_whom_they_did()
    {
        string name = Container("running");
        string here = Source();
        Tool.Run("chown", "-R", "1234:2345", here);
        Tool.Run("chmod", "4755", $"{here}/file");
        Copy($"{here}/file", $"{name}:/tmp/plain");
        Copy("-a", $"{here}/file", $"{name}:/tmp/kept");
        Assert.Equal(
            "0 0 755\n1234 2345 4755",
            host.Run("exec", name, "stat", "-c", "%u %g %a", "/tmp/plain", "/tmp/kept").Succeeded().Text
        );
        string back = Workspace.NewDirectory("back");
        Copy($"{name}:/tmp/kept", $"{back}/plain");
        Copy("-a", $"{name}:/tmp/kept", $"{back}/kept");
        Assert.Equal("0 0 755\n1234 2345 4755", Tool.Run("stat", "-c", "%u %g %a", $"{back}/plain", $"{back}/kept").Text);
    }

    [Theory]
    [InlineData("running")]
    [InlineData("stopped")]
    public void Volumes_and_binds_are_seen(string state)
    {
        string bound = Workspace.NewDirectory("bound");
        string name = Container(state, "-v", $"{bound}:/mnt/bound", "-v", "vol:/mnt/vol", "-v", $"{bound}:/mnt/ro:ro", "--tmpfs", "/mem");
        Copy("/etc/hostname", $"{name}:/mnt/bound/{state}");
        Copy("/etc/hostname", $"{name}:/mnt/vol/{state}");
        Assert.Equal(File.ReadAllText("/etc/hostname"), File.ReadAllText($"{bound}/{state}"));
        Assert.True(File.Exists($"{host.Root}/volumes/vol/_data/{state}"));
        host.Run("cp", "/etc/hostname", $"{name}:/mnt/ro/x").ExitedWith(1).Complained("read-only");
        if (state == "running")
        {
            Copy("/etc/hostname", $"{name}:/mem/x");
            host.Run("exec", name, "test", "-s", "/mem/x").Succeeded();
        }
        string back = Workspace.NewDirectory("back");
        Copy($"{name}:/mnt/.", back);
        Assert.True(File.Exists($"{back}/vol/{state}"));
        Assert.Empty(host.Mounts());
    }

    [Theory]
    [InlineData("running")]
    [InlineData("stopped")]
    public void A_read_only_root_is_refused_and_its_volumes_are_not(string state)
    {
        string name = Container(state, "--read-only", "-v", "spare:/spare");
        host.Run("cp", "/etc/hostname", $"{name}:/var/x").ExitedWith(1).Complained("read-only");
        Copy("/etc/hostname", $"{name}:/spare/x");
    }

    [Fact]
    public void A_file_with_a_mount_on_it_is_written_and_stays_mounted()
    {
        string name = Container("running");
        string file = Path.Combine(Workspace.NewDirectory("hosts"), "hosts");
        File.WriteAllText(file, "10.9.9.9 copied\n");
        Copy(file, $"{name}:/etc/hosts");
        Assert.Equal(
            "10.9.9.9 copied\n1",
            host.Run("exec", name, "sh", "-c", "cat /etc/hosts; grep -c ' /etc/hosts ' /proc/mounts").Succeeded().Text
        );
    }

    [Fact]
    public void Holes_hardlinks_links_times_and_attributes_survive_both_ways()
    {
        Tool.Require("setfattr");
        string name = Container("running");
        string here = Workspace.NewDirectory("odd");
        Tool.Shell(
            $"cd {here}; truncate -s 64M hole; printf x | dd of=hole bs=1 seek=40000000 conv=notrunc status=none; echo a >one; ln one two; ln -s /etc/passwd link; ln -s nowhere dangling; mkfifo pipe; mkdir -m 1770 sticky; setfattr -n user.note -v salt one; touch -d '2001-02-03 04:05:06.789' one"
        );
        Copy("-a", $"{here}/.", $"{name}:/tmp/odd");
        string back = Workspace.NewDirectory("back");
        Copy("-a", $"{name}:/tmp/odd", $"{back}/odd");
        const string Look = "stat -c '%n %F %s %a %y %h' *; readlink link dangling; getfattr -d one; cksum hole";
        string Shown(string directory) =>
            string.Join(
                '\n',
                Tool.Shell($"cd {directory}; {Look}")
                    .Lines.Where(l =>
                        !l.StartsWith("link ", StringComparison.Ordinal) && !l.StartsWith("dangling ", StringComparison.Ordinal)
                    )
            );
        Assert.Equal(Shown(here), Shown($"{back}/odd"));
        long blocks = long.Parse(Tool.Run("stat", "-c", "%b", $"{back}/odd/hole").Text, CultureInfo.InvariantCulture);
        Assert.True(blocks < 4096, $"{blocks} blocks for a file with one byte in it");
        Assert.Equal("2", host.Run("exec", name, "stat", "-c", "%h", "/tmp/odd/one").Succeeded().Text);
    }

    [Fact]
    public void Devices_and_sockets_are_left_out_with_a_sentence()
    {
        string name = Container("running", "--cap-add", "MKNOD");
        string back = Workspace.NewDirectory("back");
        host.Run("exec", name, "sh", "-ec", "mkdir /d; mknod /d/disk b 7 0; echo x >/d/file").Succeeded();
        host.Run("cp", $"{name}:/d", back).Succeeded().Complained("d/disk: left out, devices are not copied out of a container");
        Assert.Equal("d|d/file", Listing(back));
    }

    [Fact]
    public void A_link_is_copied_as_one_unless_L_or_a_slash_says_otherwise()
    {
        string name = Container("running");
        host.Run("exec", name, "sh", "-c", "mkdir /d; echo in >/d/file; ln -s /d/file /link; ln -s d /dirlink").Succeeded();
        string back = Workspace.NewDirectory("back");
        Copy($"{name}:/link", $"{back}/link");
        Copy("-L", $"{name}:/link", $"{back}/followed");
        Copy($"{name}:/dirlink", $"{back}/dirlink");
        Copy($"{name}:/dirlink/.", $"{back}/content");
        Assert.Equal("/d/file", new FileInfo($"{back}/link").LinkTarget);
        Assert.Equal("in\n", File.ReadAllText($"{back}/followed"));
        Assert.Equal("d", new FileInfo($"{back}/dirlink").LinkTarget);
        Assert.Equal("in\n", File.ReadAllText($"{back}/content/file"));
        // a destination that is a link is where it leads to, existing or not
        host.Run("exec", name, "sh", "-c", "ln -s /d/later /soon").Succeeded();
        Copy("/etc/hostname", $"{name}:/soon");
        Copy("/etc/hostname", $"{name}:/link");
        Assert.Equal(
            "2",
            host.Run("exec", name, "sh", "-c", "test -L /soon -a -L /link && grep -c . /d/later /d/file | grep -c :1").Succeeded().Text
        );
    }

    [Theory]
    [InlineData("running")]
    [InlineData("stopped")]
    public void Archives_stream_both_ways_and_agree_with_gnu_tar(string state)
    {
        string name = Container(state);
        string here = Source();
        Tool.Run("chown", "-R", "1234:2345", $"{here}/tree");
        string archive = Path.Combine(Workspace.NewDirectory("tar"), "a.tar.gz");
        Tool.Run("tar", "-C", here, "--format=pax", "-czf", archive, "tree", "file");
        host.RunWithInput(File.ReadAllBytes(archive), "cp", "-", $"{name}:/tmp").Succeeded();
        string back = Workspace.NewDirectory("back");
        Untar(host.Run("cp", $"{name}:/tmp/tree", "-").Succeeded(), back);
        Assert.Equal(
            Tool.Shell($"cd {here}; find tree -printf '%p %y %m %U %G %s %T@\\n' | sort").Text,
            Tool.Shell($"cd {back}; find tree -printf '%p %y %m %U %G %s %T@\\n' | sort").Text
        );
        string content = Workspace.NewDirectory("content");
        Untar(host.Run("cp", $"{name}:/tmp/tree/.", "-").Succeeded(), content);
        Assert.Equal("inner|inner/deep|leaf", Listing(content));
    }

    [Fact]
    public void A_directory_that_is_bound_into_the_container_is_not_copied_into_itself_without_end()
    {
        string bound = Workspace.NewDirectory("loop");
        File.WriteAllText($"{bound}/file", "once");
        string name = Container("running", "-v", $"{bound}:/loop");
        host.Run("cp", bound, $"{name}:/loop").Succeeded().Complained("it is the copy itself");
        string copy = $"{bound}/{Path.GetFileName(bound)}";
        Assert.Equal(
            [copy, $"{bound}/file"],
            Directory
                .GetFileSystemEntries(bound)
                .OrderBy(static p => p.EndsWith("/file", StringComparison.Ordinal))
                .ThenBy(static p => p, StringComparer.Ordinal)
        );
        Assert.Equal([$"{copy}/file"], Directory.GetFileSystemEntries(copy));
        Directory.CreateDirectory($"{bound}/sub");
        host.Run("cp", $"{bound}/.", $"{name}:/loop/sub").Succeeded().Complained("it is the copy itself");
        Assert.Equal("once", File.ReadAllText($"{bound}/sub/{Path.GetFileName(bound)}/file"));
    }

    [Fact]
    public void A_stopped_container_is_reached_when_the_run_directory_has_gone_with_a_reboot()
    {
        string name = Container("stopped", "-v", "kept:/kept");
        if (Directory.Exists($"{host.Runroot}/etc"))
        {
            foreach (
                string generated in Directory.GetDirectories(
                    $"{host.Runroot}/etc",
                    host.Run("inspect", "-f", "{{.Id}}", name).Succeeded().Text
                )
            )
            {
                Directory.Delete(generated, recursive: true);
            }
        }
        Copy("/etc/hostname", $"{name}:/kept/x");
        string back = Workspace.NewDirectory("back");
        Copy($"{name}:/kept/x", $"{back}/x");
        Assert.True(File.Exists($"{back}/x"));
    }

    [Fact]
    public void In_a_user_namespace_owners_are_those_that_the_container_counts()
    {
        string name = Container("running", "--uidmap", "0:100000:65536", "-v", "mapped:/vol");
        string here = Source();
        Tool.Run("chown", "-R", "1234:2345", here);
        Copy($"{here}/file", $"{name}:/vol/plain");
        Copy("-a", $"{here}/tree", $"{name}:/tree");
        host.RunWithInput(Tar(here, "other"), "cp", "-", $"{name}:/vol").Succeeded();
        Assert.Equal(
            "0 0\n1234 2345\n1234 2345\n1234 2345",
            host.Run("exec", name, "stat", "-c", "%u %g", "/vol/plain", "/tree", "/tree/leaf", "/vol/other").Succeeded().Text
        );
        string back = Workspace.NewDirectory("back");
        Copy("-a", $"{name}:/tree", back);
        Assert.Equal("1234 2345", Tool.Run("stat", "-c", "%u %g", $"{back}/tree/leaf").Text);
        string export = $"{back}/export.tar";
        host.Run("export", "-o", export, name).Succeeded();
        Assert.Contains(" 1234/2345 ", Tool.Run("tar", "--numeric-owner", "-tvf", export, "tree/leaf").Text, StringComparison.Ordinal);
        string image = host.Run("commit", name).Succeeded().Text;
        Assert.Equal(
            "1234 2345",
            host.Run("run", "--rm", "--network", "none", image, "stat", "-c", "%u %g", "/tree/leaf").Succeeded().Text
        );
        Assert.Contains("A /tree/leaf", host.Run("diff", name).Succeeded().Lines);
        host.Run("kill", name).Succeeded();
        host.Run("wait", name).Succeeded();
        Copy("-a", $"{here}/file", $"{name}:/stopped");
        host.Run("start", name).Succeeded();
        Assert.Equal("1234 2345", host.Run("exec", name, "stat", "-c", "%u %g", "/stopped").Succeeded().Text);
    }

    [Fact]
    public void An_archive_cannot_leave_the_container()
    {
        string name = Container("stopped");
        string victim = Workspace.NewDirectory("victim");
        using var stream = new MemoryStream();
        using (var w = new LayerWriter(stream))
        {
            w.Symlink("out", victim);
            w.File("out/planted", "x");
            w.File("../../../../../../../../tmp/skiff-escape", "x");
            w.Hardlink("hard", "../../../../../../../../etc/passwd");
        }
        host.RunWithInput(stream.ToArray(), "cp", "-", $"{name}:/tmp").ExitedWith(1);
        Assert.Empty(Directory.GetFileSystemEntries(victim));
        Assert.False(File.Exists("/tmp/skiff-escape"));
    }

    [Theory]
    [InlineData("plain:", "/tmp/nowhere")]
    [InlineData("/etc/hostname", "plain:")]
    [InlineData("", "plain:/tmp")]
    [InlineData("plain:/etc/passwd", "")]
    public void An_empty_path_is_refused(string from, string to)
    {
        _ = host.Run("create", "--name", "plain", "--network", "none", host.Image(TestImages.Busybox), "true");
        host.Run("cp", from, to).ExitedWith(1).Complained("a path is empty");
    }

    [Fact]
    public void Success_is_told_with_the_size_of_the_archive()
    {
        string name = Container("created");
        string file = Path.Combine(Workspace.NewDirectory("small"), "f");
        File.WriteAllText(file, "small");
        Assert.Equal($"Successfully copied 2.05kB to {name}:/tmp/\n", host.Run("cp", "-q=false", file, $"{name}:/tmp/").Succeeded().Error);
        Assert.Equal(
            $"Successfully copied 2.05kB to {file}2\n",
            host.Run("cp", "-q=false", $"{name}:/tmp/f", $"{file}2").Succeeded().Error
        );
        Assert.Equal("", host.Run("cp", file, $"{name}:/tmp/").Succeeded().Error);
    }

    [Fact]
    public void SEC_14_Links_lead_into_the_container_and_never_out()
    {
        string name = Container("running");
        string victim = Workspace.NewDirectory("victim");
        File.WriteAllText($"{victim}/secret", "of the host");
        host.Run(
                "exec",
                name,
                "sh",
                "-c",
                $"ln -s {victim} /away; ln -s /etc/passwd /etc-link; ln -s ../../../../../../../..{victim}/secret /up; ln -s /proc/1/root/etc /magic"
            )
            .Succeeded();
        host.Run("cp", $"{name}:/away/secret", "-").ExitedWith(1).Complained("Could not find the file");
        host.Run("cp", "-L", $"{name}:/up", "-").ExitedWith(1).Complained("Could not find the file");
        host.Run("cp", "/etc/hostname", $"{name}:/away/planted").ExitedWith(1).Complained("Could not find the file");
        host.Run("cp", $"{name}:/magic/.", "-").ExitedWith(1);
        string back = Workspace.NewDirectory("back");
        Copy("-L", $"{name}:/etc-link", $"{back}/passwd");
        Assert.Contains("sailor", File.ReadAllText($"{back}/passwd"), StringComparison.Ordinal);
        Assert.Equal(["secret"], Directory.GetFileSystemEntries(victim).Select(Path.GetFileName));
    }

    [Fact]
    public void SEC_14_A_container_that_swaps_links_for_directories_meanwhile_gets_nowhere()
    {
        string victim = Workspace.NewDirectory("victim");
        File.WriteAllText($"{victim}/secret", "of the host");
        string probe = Probe.Compile(
            """
            #define _GNU_SOURCE
            #include <stdio.h>
            #include <fcntl.h>
            int main(void) {
                puts("swapping"); fflush(stdout);
                for (;;) { renameat2(AT_FDCWD, "/d/a", AT_FDCWD, "/d/b", 2); renameat2(AT_FDCWD, "/d/x/secret", AT_FDCWD, "/d/x/link", 2); }
            }
            """
        );
        string name = "swaps";
        _containers.Add(name);
        host.Run([
                "run",
                "-d",
                "--name",
                name,
                "--network",
                "none",
                .. Probe.Mounted(probe),
                Busybox,
                "sh",
                "-c",
                $"mkdir -p /d/a /d/x; echo inside >/d/a/secret; ln -s {victim} /d/b; echo inside >/d/x/secret; ln -s {victim}/secret /d/x/link; exec /probe",
            ])
            .Succeeded();
        Wait.Until(() => host.Run("logs", name).Text.Contains("swapping", StringComparison.Ordinal), 20, () => "it does not swap");
        string back = Workspace.NewDirectory("back");
        string file = Path.Combine(Workspace.NewDirectory("plant"), "secret");
        File.WriteAllText(file, "planted");
        for (int i = 0; i < 25; i++)
        {
            host.Run("cp", $"{name}:/d/.", $"{back}/{i}");
            host.Run("cp", "-L", $"{name}:/d/a/secret", $"{back}/f{i}");
            host.Run("cp", file, $"{name}:/d/a/");
            host.Run("cp", Path.GetDirectoryName(file)! + "/.", $"{name}:/d/x");
        }
        Assert.Equal("of the host", File.ReadAllText($"{victim}/secret"));
        Assert.Single(Directory.GetFileSystemEntries(victim));
        IEnumerable<string> copied = Directory.EnumerateFiles(
            back,
            "*",
            new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }
        );
        Assert.All(copied, f => Assert.DoesNotContain("of the host", File.ReadAllText(f), StringComparison.Ordinal));
    }

    private string Container(string state, params string[] flags)
    {
        string name = $"copy{Interlocked.Increment(ref s_next)}";
        _containers.Add(name);
        if (state == "created")
        {
            host.Run(["create", "--name", name, "--network", "none", .. flags, Busybox, "sleep", "1000"]).Succeeded();
            return name;
        }
        host.Run(["run", "-d", "--init", "--name", name, "--network", "none", .. flags, Busybox, "sleep", "1000"]).Succeeded();
        if (state == "paused")
        {
            host.Run("pause", name).Succeeded();
        }
        if (state == "stopped")
        {
            host.Run("kill", name).Succeeded();
            host.Run("wait", name).Succeeded();
        }
        return name;
    }

    private static string Source()
    {
        string here = Workspace.NewDirectory("source");
        Tool.Shell(
            $"cd {here}; echo file >file; echo other >other; mkdir -p tree/inner; echo leaf >tree/leaf; echo deep >tree/inner/deep; chmod 750 tree/inner"
        );
        return here;
    }

    private void Copy(params string[] arguments) => host.Run(["cp", .. arguments]).Succeeded();

    private static byte[] Tar(string directory, string name) => Tool.Run("tar", "-C", directory, "-cf", "-", name).OutputBytes;

    private static void Untar(CommandResult archive, string directory)
    {
        using var tar = RunningCommand.Start(["tar", "-C", directory, "-xpf", "-"]);
        tar.Write(archive.OutputBytes);
        tar.CloseInput();
        tar.WaitForExit().Succeeded();
    }

    private static string Listing(string directory) =>
        Tool.Shell($"cd {directory}; find . -mindepth 1 -printf '%P\\n' | LC_ALL=C sort | paste -sd '|'").Text;
}
