using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The verbs for volumes.</summary>
public sealed class VolumeTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    [Fact]
    public void A_volume_is_made_listed_inspected_and_removed()
    {
        Assert.Equal("sails", host.Run("volume", "create", "--label", "kind=canvas", "sails").Succeeded().Text);
        Assert.Equal("sails", host.Run("volume", "create", "sails").Succeeded().Text);
        Assert.Equal(
            "local   sails",
            host.Run("volume", "ls", "--filter", "label=kind=canvas").Succeeded().Lines[1].Replace("     ", "   ", StringComparison.Ordinal)
        );
        Assert.Equal("", host.Run("volume", "ls", "-q", "--filter", "label=kind=rope").Succeeded().Text);
        Assert.Equal("sails", host.Run("volume", "ls", "-q", "-f", "name=ail", "-f", "driver=local").Succeeded().Text);
        Assert.Equal(
            $"sails local local {host.Root}/volumes/sails/_data canvas",
            host.Run("volume", "inspect", "-f", "{{.Name}} {{.Driver}} {{.Scope}} {{.Mountpoint}} {{.Labels.kind}}", "sails")
                .Succeeded()
                .Text
        );
        Assert.Contains("\"Options\": null", host.Run("volume", "inspect", "sails").Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal("sails", host.Run("volume", "rm", "sails").Succeeded().Text);
        host.Run("volume", "rm", "sails").ExitedWith(1).Complained("No such volume: sails");
        host.Run("volume", "rm", "-f", "sails").Succeeded();
        host.Run("volume", "inspect", "sails").ExitedWith(1).Complained("No such volume: sails");
    }

    [Theory]
    [InlineData("x", "too short")]
    [InlineData("a/b", "absolute path")]
    [InlineData("_a", "only letters")]
    [InlineData("a b", "only letters")]
    public void Names_have_dockers_grammar(string name, string complaint) =>
        host.Run("volume", "create", "--", name).ExitedWith(1).Complained(complaint);

    [Fact]
    public void A_volume_in_use_is_not_removed_and_the_user_is_named()
    {
        host.Run("create", "--name", "user", "--network", "none", "-v", "used:/data", host.Image(TestImages.Busybox)).Succeeded();
        host.Run("volume", "rm", "used").ExitedWith(1).Complained("in use by user (");
        Assert.DoesNotContain("used", host.Run("volume", "ls", "-q", "-f", "dangling=true").Succeeded().Lines);
        Assert.Contains("used", host.Run("volume", "ls", "-q", "-f", "dangling=false").Succeeded().Lines);
        host.Run("rm", "-v", "user").Succeeded();
        Assert.Equal("used", host.Run("volume", "rm", "used").Succeeded().Text);
    }

    [Fact]
    public void Prune_removes_anonymous_volumes_only_unless_all_are_asked_for()
    {
        string anonymous = host.Run("volume", "create").Succeeded().Text;
        Assert.Equal(64, anonymous.Length);
        host.Run("volume", "create", "--label", "prune=me", "named").Succeeded();
        File.WriteAllText($"{host.Root}/volumes/named/_data/file", new string('x', 1000));
        CommandResult first = host.Run("volume", "prune", "-f").Succeeded();
        Assert.Contains(anonymous, first.Lines);
        Assert.DoesNotContain("named", first.Lines);
        Assert.Contains(
            "Total reclaimed space: 0B",
            host.Run("volume", "prune", "-f", "-a", "--filter", "label=prune=you").Succeeded().Output,
            StringComparison.Ordinal
        );
        Assert.Equal(
            "Deleted Volumes:\nnamed\n\nTotal reclaimed space: 1kB",
            host.Run("volume", "prune", "-f", "-a", "--filter", "label=prune=me").Succeeded().Text
        );
        Assert.Contains("[y/N]", host.Run("volume", "prune").Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Export_and_import_keep_owners_modes_links_and_attributes()
    {
        host.Run("volume", "create", "from").Succeeded();
        string data = $"{host.Root}/volumes/from/_data";
        Tool.Run(
            "sh",
            "-c",
            $"cd {data} && umask 022 && echo salt >a && ln a b && ln -s /etc/passwd link && mkfifo pipe && mkdir -p d/e && echo x >d/.wh.x && chown 5:6 d && chmod 3751 d && chmod 4711 a && setfattr -n user.note -v deep a && touch -d '2001-02-03 04:05:06.789' a && chown 7:8 ."
        );
        string archive = Path.Combine(Workspace.NewDirectory("tar"), "v.tar");
        host.Run("volume", "export", "-o", archive, "from").Succeeded();
        Assert.Equal("", Tool.Run("tar", "--compare", "--file", archive, "--directory", data).Output);
        host.Run("volume", "create", "to").Succeeded();
        host.Run("volume", "import", "to", archive).Succeeded();
        const string Show =
            "cd $0 && find . -printf '%p %y %m %U %G %l %TY-%Tm-%Td %TT\\n' | sort && [ a -ef b ] && getfattr --only-values -n user.note a && stat -c %u:%g .";
        Assert.Equal(Tool.Run("sh", "-c", Show, data).Output, Tool.Run("sh", "-c", Show, $"{host.Root}/volumes/to/_data").Output);
        byte[] piped = host.Run("volume", "export", "to").Succeeded().OutputBytes;
        host.Run("volume", "create", "piped").Succeeded();
        host.RunWithInput(piped, "volume", "import", "piped").Succeeded();
        Assert.Equal("salt\n", File.ReadAllText($"{host.Root}/volumes/piped/_data/b"));
        host.Run("volume", "rm", "from", "to", "piped").Succeeded();
    }

    [Fact]
    public void Directories_that_an_archive_does_not_name_keep_what_they_are()
    {
        host.Run("volume", "create", "owned").Succeeded();
        string data = $"{host.Root}/volumes/owned/_data";
        string tree = Workspace.NewDirectory("tree");
        Tool.Shell(
            $"cd {data}; mkdir -p sub/named sub/other; chown -R 1000:1001 .; chmod 2770 . sub; setfattr -n user.note -v kept .; cd {tree}; mkdir -p sub/named; echo x >sub/named/f; chmod 711 sub/named; touch -d 2001-02-03 sub/named; tar cf ../part.tar sub/named"
        );
        host.Run("volume", "import", "owned", $"{tree}/../part.tar").Succeeded();
        Assert.Equal(
            ". 2770 1000:1001\nsub 2770 1000:1001\nsub/other 755 1000:1001\nsub/named 711 0:0",
            Tool.Run("sh", "-c", $"cd {data}; stat -c '%n %a %u:%g' . sub sub/other sub/named").Output.Trim()
        );
        Assert.Equal("kept", Tool.Run("getfattr", "--only-values", "-n", "user.note", data).Output);
        Assert.Equal(2001, Directory.GetLastWriteTimeUtc($"{data}/sub/named").Year);
        Assert.True(Directory.GetLastWriteTimeUtc(data).Year > 2025);
        host.Run("volume", "rm", "owned").Succeeded();
    }

    [Fact]
    public void An_archive_that_is_cut_changes_nothing_and_one_that_is_whole_is_merged()
    {
        host.Run("volume", "create", "merged").Succeeded();
        string data = $"{host.Root}/volumes/merged/_data";
        Tool.Run("sh", "-c", $"cd {data} && mkdir both && echo old >both/same && echo kept >both/mine && mkdir turns");
        string tree = Workspace.NewDirectory("tree");
        Tool.Run(
            "sh",
            "-c",
            $"cd {tree} && mkdir both && echo new >both/same && echo added >both/theirs && echo file >turns && tar cf ../whole.tar . && head -c 2300 ../whole.tar >../cut.tar"
        );
        host.Run("volume", "import", "merged", $"{tree}/../cut.tar").ExitedWith(1).Complained("is as it was");
        Assert.Equal("old\n", File.ReadAllText($"{data}/both/same"));
        Assert.False(File.Exists($"{data}/both/theirs"));
        host.Run("volume", "import", "merged", $"{tree}/../whole.tar").Succeeded();
        Assert.Equal(
            "new\nkept\nadded\nfile\n",
            string.Concat(((string[])["both/same", "both/mine", "both/theirs", "turns"]).Select(f => File.ReadAllText($"{data}/{f}")))
        );
        Assert.Equal(
            ["_data", "volume.json"],
            Directory.EnumerateFileSystemEntries($"{host.Root}/volumes/merged").Select(Path.GetFileName).Order()
        );
        host.Run("volume", "rm", "merged").Succeeded();
    }

    [Fact]
    public void What_happens_to_a_volume_is_in_the_journal()
    {
        host.Run("volume", "create", "told").Succeeded();
        host.RunShell("true", "-v", "told:/v:ro").Succeeded();
        host.Run("volume", "rm", "told").Succeeded();
        string text = host.Run(
                "events",
                "--since",
                "0",
                "--until",
                "0s",
                "--filter",
                "volume=told",
                "--format",
                "{{.Action}} {{index .Actor.Attributes \"destination\"}} {{index .Actor.Attributes \"read/write\"}}"
            )
            .Succeeded()
            .Text;
        Assert.Equal(["create", "mount /v false", "unmount", "destroy"], text.Split('\n').Select(static l => l.TrimEnd()));
    }

    [Fact]
    public void A_driver_option_that_is_wrong_is_explained()
    {
        host.Run("volume", "create", "-d", "nfsd", "bad").ExitedWith(1).Complained("only local exists");
        host.Run("volume", "create", "-o", "size=10m", "bad").ExitedWith(1).Complained("o=size=100m");
        host.Run("volume", "create", "-o", "device=/x", "bad").ExitedWith(1).Complained("type is missing");
        host.Run("volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device=x", "bad").ExitedWith(1).Complained("absolute path");
        host.Run("volume", "inspect", "bad").ExitedWith(1);
    }

    [Fact]
    public void LIFE_07_A_create_and_a_remove_that_are_killed_leave_a_whole_volume_or_none()
    {
        for (int i = 0; i < 20; i++)
        {
            using RunningCommand create = host.Start("volume", "create", $"killed{i}");
            Thread.Sleep(i * 2);
            create.Signal(Native.SIGKILL);
            create.WaitForExit();
            string place = $"{host.Root}/volumes/killed{i}";
            Assert.True(!Directory.Exists(place) || (Directory.Exists($"{place}/_data") && File.Exists($"{place}/volume.json")), place);
        }
        host.Run("volume", "create", "big").Succeeded();
        Tool.Run("sh", "-c", $"cd {host.Root}/volumes/big/_data && seq 20000 | xargs touch");
        using (RunningCommand remove = host.Start("volume", "rm", "big"))
        {
            Wait.Until(() => !Directory.Exists($"{host.Root}/volumes/big") || remove.HasExited, 20, () => "it was not removed");
            remove.Signal(Native.SIGKILL);
            remove.WaitForExit();
        }
        Assert.DoesNotContain("big", host.Run("volume", "ls", "-q").Succeeded().Lines);
        host.Run("volume", "ls").Succeeded();
        Assert.Empty(Directory.EnumerateDirectories($"{host.Root}/volumes", ".*"));
        host.Run("volume", "prune", "-af").Succeeded();
    }

    [Fact]
    public void LIFE_07_A_run_that_was_killed_while_it_made_a_volume_leaves_none_after_the_next_command()
    {
        Tool.Require("strace");
        string image = host.Image(TestImages.Busybox);
        foreach (string call in (string[])["mkdirat", "renameat2"])
        {
            for (int i = 1; i <= 12; i++)
            {
                string[] line = host.CommandLine("run", "--rm", "-v", "/anonymous", "--network", "none", image, "true");
                string[] trace = ["strace", "-o", "/dev/null", "-e", $"trace={call}", "-e", $"inject={call}:signal=KILL:when={i}"];
                Tool.Try([.. host.Net.Prefix, .. trace, .. line[host.Net.Prefix.Length..]]);
                Assert.Equal("", host.Run("ps", "-aq").Succeeded().Text);
                Assert.Empty(Directory.EnumerateDirectories($"{host.Root}/volumes", ".*"));
            }
        }
    }

    [Fact]
    public void LIFE_07_An_import_that_is_killed_is_undone_or_completed_by_the_next_command()
    {
        string tree = Workspace.NewDirectory("many");
        Tool.Run("sh", "-c", $"cd {tree} && mkdir d && seq 3000 | while read i; do echo $i >d/$i; done; tar cf ../many.tar d");
        for (int i = 0; i < 6; i++)
        {
            host.Run("volume", "create", "arrives").Succeeded();
            using RunningCommand import = host.Start("volume", "import", "arrives", $"{tree}/../many.tar");
            Thread.Sleep(20 + (i * 30));
            import.Signal(Native.SIGKILL);
            import.WaitForExit();
            host.Run("run", "--rm", "--network", "none", "-v", "arrives:/v", host.Image(TestImages.Busybox), "true").Succeeded();
            int count = Directory.Exists($"{host.Root}/volumes/arrives/_data/d")
                ? Directory.EnumerateFiles($"{host.Root}/volumes/arrives/_data/d").Count()
                : 0;
            Assert.True(count is 0 or 3000, $"{count} files");
            host.Run("volume", "rm", "arrives").Succeeded();
        }
    }

    [Fact]
    public void RUN_29_A_copy_up_that_is_killed_is_completed_by_the_next_container()
    {
        var image = new TestImage(
            "filled",
            "1",
            () =>
                new ImageBuilder()
                    .Layer(TestImages.BusyboxFiles)
                    .Layer(w =>
                    {
                        w.Directory("full", 0x1ED, 1000, 1001);
                        for (int i = 0; i < 1500; i++)
                        {
                            w.File($"full/{i}", $"{i}\n");
                        }
                    })
                    .Build()
        );
        string name = host.Image(image);
        int cut = 0;
        for (int i = 0; i < 12; i++)
        {
            using RunningCommand run = host.Start("run", "--rm", "--network", "none", "-v", "copied:/full", name, "true");
            string data = $"{host.Root}/volumes/copied/_data";
            Wait.Until(
                () =>
                    run.HasExited
                    || (Directory.Exists(data) && Directory.EnumerateFiles(data).Take(50 + (i * 100)).Count() == 50 + (i * 100)),
                20,
                () => "nothing is copied"
            );
            run.Signal(Native.SIGKILL);
            run.WaitForExit();
            cut += Directory.EnumerateFiles(data).Count() < 1500 ? 1 : 0;
            Assert.Equal(
                "1500 1000:1001",
                host.Run(
                        "run",
                        "--rm",
                        "--network",
                        "none",
                        "-v",
                        "copied:/full",
                        name,
                        "sh",
                        "-c",
                        "echo $(cat /full/* | sort -n | uniq | wc -l) $(stat -c %u:%g /full)"
                    )
                    .Succeeded()
                    .Text
            );
            Assert.Empty(Directory.EnumerateFiles(data, ".*"));
            host.Run("volume", "rm", "copied").Succeeded();
        }
        Assert.True(cut > 0, "no copy was cut off: the test tested nothing");
    }
}
