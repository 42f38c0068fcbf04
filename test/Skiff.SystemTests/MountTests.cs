using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>What <c>-v</c>, <c>--mount</c>, <c>--tmpfs</c> and <c>--volumes-from</c> mount, and how.</summary>
public sealed class MountTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    [Fact]
    public void RUN_29_A_new_volume_is_filled_once_with_owners_modes_links_and_attributes()
    {
        string image = host.Image(
            new TestImage(
                "with-data",
                "1",
                () =>
                    new ImageBuilder()
                        .Layer(TestImages.BusyboxFiles)
                        .Layer(w =>
                        {
                            w.Directory("data", 0x1E8, 1000, 1001);
                            w.File(
                                "data/file",
                                "salt\n"u8.ToArray(),
                                0x9ED,
                                xattrs: new Dictionary<string, string>(StringComparer.Ordinal) { ["user.note"] = "deep" }
                            );
                            w.Hardlink("data/hard", "data/file");
                            w.Symlink("data/soft", "/etc/passwd");
                            w.Fifo("data/fifo");
                        })
                        .Build()
            )
        );
        const string Show =
            "echo $(stat -c '%u:%g %a' /data) $(stat -c %a /data/file) $(readlink /data/soft); test /data/file -ef /data/hard && test -p /data/fifo && echo same";
        string first = host.Run("run", "--rm", "--network", "none", "-v", "filled:/data", image, "sh", "-c", Show).Succeeded().Text;
        Assert.Equal("1000:1001 750 4755 /etc/passwd\nsame", first);
        Assert.Equal("deep", Tool.Run("getfattr", "--only-values", "-n", "user.note", $"{host.Root}/volumes/filled/_data/file").Text);
        host.Run("run", "--rm", "--network", "none", "-v", "filled:/data", image, "sh", "-c", "rm /data/hard; echo mine >/data/file")
            .Succeeded();
        Assert.Equal(
            "mine\nno",
            host.Run(
                    "run",
                    "--rm",
                    "--network",
                    "none",
                    "-v",
                    "filled:/data",
                    image,
                    "sh",
                    "-c",
                    "cat /data/file; test -e /data/hard || echo no"
                )
                .Succeeded()
                .Text
        );
        Assert.Equal(
            "0",
            host.Run("run", "--rm", "--network", "none", "-v", "bare:/data:nocopy", image, "sh", "-c", "ls /data | wc -l").Succeeded().Text
        );
        host.Run("run", "--rm", "--network", "none", "-v", "filled:/data:ro", image, "sh", "-c", "echo x >/data/x").Complained("Read-only");
        host.Run("volume", "rm", "filled", "bare").Succeeded();
    }

    [Fact]
    public void Anonymous_volumes_of_the_image_go_with_the_container_and_others_stay()
    {
        string image = host.Image(
            new TestImage(
                "anonymous",
                "1",
                () =>
                    new ImageBuilder()
                        .Layer(TestImages.BusyboxFiles)
                        .Layer(w =>
                        {
                            w.Directory("data");
                            w.File("data/file", "salt\n");
                        })
                        .Set("Volumes", new System.Text.Json.Nodes.JsonObject { ["/data"] = new System.Text.Json.Nodes.JsonObject() })
                        .Build()
            )
        );
        Assert.Equal("salt", host.Run("run", "--rm", "--network", "none", image, "cat", "/data/file").Succeeded().Text);
        Assert.Equal("", host.Run("volume", "ls", "-q").Succeeded().Text);
        host.Run("run", "--name", "keeps", "--network", "none", image, "sh", "-c", "echo more >>/data/file").Succeeded();
        string name = host.Run("inspect", "-f", "{{(index .Mounts 0).Name}}", "keeps").Succeeded().Text;
        Assert.Equal(name, host.Run("volume", "ls", "-q").Succeeded().Text);
        Assert.Equal(
            "salt\nmore",
            host.Run("run", "--rm", "--network", "none", "--volumes-from", "keeps:ro", Busybox, "cat", "/data/file").Succeeded().Text
        );
        host.Run("run", "--rm", "--network", "none", "--volumes-from", "keeps:ro", Busybox, "touch", "/data/x").Complained("Read-only");
        host.Run("create", "--name", "taker", "--network", "none", "--volumes-from", "keeps", Busybox, "cat", "/data/file").Succeeded();
        host.Run("rm", "-v", "keeps").Succeeded();
        Assert.Equal(name, host.Run("volume", "ls", "-q").Succeeded().Text);
        // Its own record has the mount now, and the volume goes with the last that has it.
        Assert.Contains("more", host.Run("start", "-a", "taker").Succeeded().Text, StringComparison.Ordinal);
        host.Run("rm", "-v", "taker").Succeeded();
        Assert.Equal("", host.Run("volume", "ls", "-q").Succeeded().Text);
    }

    /// <summary>As docker: parts of volumes stay parts, a later container's mount comes before an earlier one's, the container's own before both.</summary>
    [Fact]
    public void Inherited_mounts_are_what_they_were_in_the_other_container_and_stay_so_without_it()
    {
        host.RunShell("mkdir -p /v/part; echo part >/v/part/file; echo whole >/v/file", "-v", "borrowed:/v").Succeeded();
        string[] none = ["--network", "none"];
        host.Run(["create", "--name", "one", .. none, "--mount", "type=volume,source=borrowed,target=/x,volume-subpath=part", Busybox])
            .Succeeded();
        host.Run(["create", "--name", "two", .. none, "-v", "borrowed:/x:ro", "-v", "/etc:/host:ro", Busybox]).Succeeded();
        string[] show = [Busybox, "sh", "-c", "cat /x/file; grep -c ' /x [^ ]* ro' /proc/mounts; ls -d /host"];
        host.Run(["create", "--name", "both", .. none, "--volumes-from", "one", "--volumes-from", "two", .. show]).Succeeded();
        host.Run(["create", "--name", "other", .. none, "--volumes-from", "two", "--volumes-from", "one:ro", .. show]).Succeeded();
        host.Run(["create", "--name", "own", .. none, "--volumes-from", "two", "--tmpfs", "/x", .. show]).Succeeded();
        host.Run("rm", "one", "two").Succeeded();
        for (int life = 0; life < 2; life++)
        {
            Assert.Equal("whole\n1\n/host", host.Run("start", "-a", "both").Succeeded().Text);
            Assert.Equal("part\n1\n/host", host.Run("start", "-a", "other").Succeeded().Text);
            Assert.Equal("0\n/host", host.Run("start", "-a", "own").Text);
        }
        host.Run("rm", "-v", "both", "other", "own").Succeeded();
        host.Run("volume", "rm", "borrowed").Succeeded();
    }

    [Fact]
    public void A_part_of_a_volume_is_mounted_and_links_do_not_lead_out_of_it()
    {
        host.RunShell("mkdir -p /v/part/deep && echo salt >/v/part/deep/file && ln -s / /v/out && ln -s part /v/in", "-v", "parts:/v")
            .Succeeded();
        Assert.Equal(
            "salt",
            host.RunShell("cat /p/file", "--mount", "type=volume,source=parts,target=/p,volume-subpath=part/deep").Succeeded().Text
        );
        Assert.Equal(
            "salt",
            host.RunShell("cat /f", "--mount", "type=volume,source=parts,target=/f,volume-subpath=in/deep/file,readonly").Succeeded().Text
        );
        host.RunShell("ls /p", "--mount", "type=volume,source=parts,target=/p,volume-subpath=out/etc")
            .ExitedWith(125)
            .Complained("has no out/etc");
        host.RunShell("true", "--mount", "type=volume,source=parts,target=/p,volume-subpath=nothing")
            .ExitedWith(125)
            .Complained("make it first");
        host.RunShell("true", "--mount", "type=volume,source=parts,target=/p,volume-subpath=../x").ExitedWith(125);
        host.Run("volume", "rm", "parts").Succeeded();
    }

    [Fact]
    public void A_throw_away_layer_keeps_the_source_as_it_is_and_is_gone_at_the_next_start()
    {
        string source = Workspace.NewDirectory("below");
        Tool.Run("sh", "-c", $"echo salt >{source}/file && chown 1000:1001 {source} && chmod 751 {source}");
        Assert.Equal(
            "1000:1001 751\nsalt",
            host.RunShell("stat -c '%u:%g %a' /o; cat /o/file; rm /o/file; echo x >/o/new", "-v", $"{source}:/o:O").Succeeded().Text
        );
        Assert.Equal(["file"], Directory.EnumerateFileSystemEntries(source).Select(Path.GetFileName));
        host.Run("run", "--name", "twice", "--network", "none", "-v", $"{source}:/o:O", Busybox, "sh", "-c", "ls /o | wc -l; touch /o/new")
            .Succeeded();
        Assert.Equal("1", host.Run("start", "-a", "twice").Succeeded().Text);
        host.Run("rm", "twice").Succeeded();
        host.RunShell("true", "-v", $"{source}/file:/o:O").ExitedWith(125).Complained("throw-away layer");
    }

    [Fact]
    public void The_source_is_given_to_the_containers_user_and_links_in_it_are_not_followed()
    {
        string source = Workspace.NewDirectory("given");
        string other = Path.Combine(Workspace.NewDirectory("victim"), "file");
        File.WriteAllText(other, "untouched");
        Tool.Run("sh", "-c", $"mkdir {source}/d && touch {source}/d/f && ln -s {other} {source}/link");
        Assert.Equal(
            "1000:1000\n1000:1000\n1000:1000",
            host.RunShell("stat -c %u:%g /g /g/d/f /g/link", "--user", "sailor", "-v", $"{source}:/g:U").Succeeded().Text
        );
        Assert.Equal("0:0", Tool.Run("stat", "-c", "%u:%g", other).Text);
        Assert.Equal("1000:1000", host.RunShell("stat -c %u:%g /v", "--user", "sailor", "-v", "given:/v:U").Succeeded().Text);
        Assert.Equal("101000:101000", Mapped(source));
        host.Run("volume", "rm", "given").Succeeded();
    }

    [Fact]
    public void An_image_is_mounted_read_only_whole_or_in_part_and_is_not_removed_meanwhile()
    {
        string layered = host.Image(TestImages.Layered);
        Assert.Equal(
            "two\nno",
            host.RunShell("cat /i/data/changed; touch /i/x 2>/dev/null || echo no", "--mount", $"type=image,source={layered},target=/i")
                .Succeeded()
                .Text
        );
        Assert.Equal(
            "one",
            host.RunShell("cat /i/keep", "--mount", $"type=image,source={layered},target=/i,image-subpath=data").Succeeded().Text
        );
        Assert.Equal(
            "two",
            host.RunShell("cat /f", "--mount", $"type=image,source={layered},target=/f,subpath=data/changed").Succeeded().Text
        );
        Assert.Equal(
            "x",
            host.RunShell("echo x >/i/data/new; cat /i/data/new", "--mount", $"type=image,source={layered},target=/i,readwrite")
                .Succeeded()
                .Text
        );
        host.RunShell("true", "--mount", $"type=image,source={layered},target=/i,subpath=nothing").ExitedWith(125).Complained("nothing");
        host.Run("create", "--name", "looks", "--network", "none", "--mount", $"type=image,source={layered},target=/i", Busybox)
            .Succeeded();
        host.Run("rmi", layered).ExitedWith(1).Complained("looks");
        host.Run("rm", "looks").Succeeded();
    }

    [Fact]
    public void A_volume_may_be_a_mount_of_a_directory_or_of_memory()
    {
        string source = Workspace.NewDirectory("device");
        host.Run("volume", "create", "-o", "type=none", "-o", "o=bind", "-o", $"device={source}", "bound").Succeeded();
        host.RunShell("echo salt >/v/file", "-v", "bound:/v").Succeeded();
        Assert.Equal("salt\n", File.ReadAllText($"{source}/file"));
        host.Run("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=3m,uid=1000,nosuid", "memory").Succeeded();
        Assert.Equal(
            "3072 1000",
            host.RunShell("echo $(df -k /v | awk 'END { print $2 }') $(stat -c %u /v); touch /v/x", "-v", "memory:/v").Succeeded().Text
        );
        Assert.Equal("0", host.RunShell("ls /v | wc -l", "-v", "memory:/v").Succeeded().Text);
        Assert.Equal(
            "0",
            host.RunShell(
                    "ls /v | wc -l",
                    "--mount",
                    "type=volume,source=made,target=/v,volume-driver=local,volume-opt=type=tmpfs,volume-opt=device=tmpfs,volume-label=a=b"
                )
                .Succeeded()
                .Text
        );
        Assert.Equal("b tmpfs", host.Run("volume", "inspect", "-f", "{{.Labels.a}} {{.Options.type}}", "made").Succeeded().Text);
        host.Run("volume", "create", "-o", "type=ext4", "-o", "device=/nosuch", "broken").Succeeded();
        host.RunShell("true", "-v", "broken:/v").ExitedWith(125).Complained("cannot be mounted (ext4 of /nosuch)");
        Assert.Empty(host.Mounts());
        host.Run("volume", "rm", "bound", "memory", "made", "broken").Succeeded();
        Assert.True(File.Exists($"{source}/file"));
    }

    [Fact]
    public void The_long_form_mounts_memory_and_leaves_out_what_is_below_a_bind()
    {
        Assert.Equal(
            "1024 700",
            host.RunShell(
                    "echo $(df -k /t | awk 'END { print $2 }') $(stat -c %a /t)",
                    "--mount",
                    "type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=0700"
                )
                .Succeeded()
                .Text
        );
        string source = Workspace.NewDirectory("nested");
        Directory.CreateDirectory($"{source}/sub");
        Tool.Run("mount", "-t", "tmpfs", "nested", $"{source}/sub");
        try
        {
            File.WriteAllText($"{source}/sub/file", "x");
            Assert.Equal(
                "0",
                host.RunShell("ls /m/sub | wc -l", "--mount", $"type=bind,source={source},target=/m,bind-recursive=disabled")
                    .Succeeded()
                    .Text
            );
            host.RunShell(
                    "touch /m/sub/w && ! touch /m/w",
                    "--mount",
                    $"type=bind,source={source},target=/m,readonly,bind-recursive=writable"
                )
                .Succeeded();
            host.RunShell("touch /m/sub/w", "-v", $"{source}:/m:ro").Complained("Read-only");
            host.RunShell("test -f /m/sub/file", "-v", $"{source}:/m:z").Succeeded();
        }
        finally
        {
            Tool.Run("umount", $"{source}/sub");
        }
    }

    [Fact]
    public void RUN_26_Targets_inside_of_other_mounts_are_made_in_the_right_order()
    {
        string outer = Workspace.NewDirectory("outer");
        string inner = Workspace.NewDirectory("inner");
        File.WriteAllText($"{inner}/file", "salt\n");
        Assert.Equal("salt", host.RunShell("cat /a/b/file", "-v", $"{inner}:/a/b", "-v", $"{outer}:/a").Succeeded().Text);
        Assert.Equal("salt", host.RunShell("cat /t/b/file", "--tmpfs", "/t", "-v", $"{inner}:/t/b:ro").Succeeded().Text);
        Assert.True(Directory.Exists($"{outer}/b"));
        host.RunShell("true", "-v", $"{inner}:/same", "-v", $"{outer}:/same").ExitedWith(125).Complained("/same");
    }

    /// <summary>More than one message of descriptors from the engine to the container's first process holds.</summary>
    [Fact]
    public void As_many_mounts_as_one_likes_are_where_they_belong()
    {
        const int Many = 95;
        string source = Workspace.NewDirectory("many");
        List<string> options = [];
        for (int i = 1; i <= Many; i++)
        {
            Directory.CreateDirectory($"{source}/{i}");
            File.WriteAllText($"{source}/{i}/number", $"{i}\n");
            options.AddRange(["-v", $"{source}/{i}:/many/{i}"]);
        }
        Assert.Equal(
            Enumerable.Range(1, Many).Select(i => i.ToString()),
            host.RunShell($"for i in $(seq {Many}); do cat /many/$i/number; done", [.. options]).Succeeded().Text.Split('\n')
        );
    }

    /// <summary>What is to be hidden is hidden on the mounts of /proc and /sys before these are anywhere, but for a place on which something else is mounted: there it is hidden after that.</summary>
    [Fact]
    public void A_mount_on_a_masked_path_is_hidden_too()
    {
        string source = Workspace.NewDirectory("shown");
        File.WriteAllText($"{source}/file", "x");
        Assert.Equal("0", host.RunShell("ls -A /sys/firmware | wc -l", "-v", $"{source}:/sys/firmware").Succeeded().Text);
        Assert.Equal(
            "file",
            host.RunShell("ls /sys/firmware", "-v", $"{source}:/sys/firmware", "--security-opt", "unmask=/sys/firmware").Succeeded().Text
        );
    }

    [Fact]
    public void RUN_28_Mounts_are_shared_only_as_asked_for_and_only_where_the_source_shares_them()
    {
        string source = Workspace.NewDirectory("spread");
        Tool.Run("mount", "-t", "tmpfs", "spread", source);
        try
        {
            host.RunShell("true", "-v", $"{source}:/m:rshared").ExitedWith(125).Complained("not shared");
            host.RunShell("true", "-v", $"{source}:/m:rslave").ExitedWith(125).Complained("make-shared");
            Tool.Run("mount", "--make-shared", source);
            Directory.CreateDirectory($"{source}/late");
            foreach (
                string[] flags in (string[][])
                    [
                        [],
                        ["--uidmap", "0:100000:65536"],
                    ]
            )
            {
                using RunningCommand running = host.Start([
                    "run",
                    "--rm",
                    "-i",
                    "--network",
                    "none",
                    .. flags,
                    "-v",
                    $"{source}:/m:rslave",
                    Busybox,
                    "sh",
                    "-c",
                    "echo up; read x; cat /m/late/file; grep -c ' /m.* master:' /proc/self/mountinfo",
                ]);
                running.WaitForOutput("up");
                Tool.Run("mount", "-t", "tmpfs", "late", $"{source}/late");
                File.WriteAllText($"{source}/late/file", "arrived\n");
                running.Write("\n");
                CommandResult result = running.WaitForExit().Succeeded();
                Assert.Equal("up\narrived\n2", result.Text);
                Tool.Run("umount", $"{source}/late");
            }
            host.RunShell(
                    "mkdir /m/in && mount -t tmpfs inner /m/in && echo x >/m/in/file",
                    "-v",
                    $"{source}:/m:rshared",
                    "--cap-add",
                    "SYS_ADMIN",
                    "--security-opt",
                    "seccomp=unconfined"
                )
                .Succeeded();
            Assert.Equal("x\n", File.ReadAllText($"{source}/in/file"));
            Tool.Run("umount", $"{source}/in");
        }
        finally
        {
            Tool.Try("umount", "-R", source);
        }
    }

    private string Mapped(string source)
    {
        host.RunShell("true", "--uidmap", "0:100000:65536", "--user", "sailor", "-v", $"{source}:/g:U").Succeeded();
        return Tool.Run("stat", "-c", "%u:%g", source).Text;
    }
}
