using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The file system that a container sees: generated files, devices, mounts.</summary>
public sealed class RunFilesTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    [Fact]
    public void RUN_12_Hostname_hosts_and_resolv_conf_are_the_containers_own_and_writable()
    {
        string text = host.RunShell(
                "hostname; cat /etc/hostname; grep crew /etc/hosts; cat /etc/resolv.conf; echo '10.9.9.9 more' >>/etc/hosts; grep -c more /etc/hosts",
                "--hostname",
                "boat",
                "--add-host",
                "crew:10.1.2.3",
                "--dns",
                "9.9.9.9",
                "--dns-search",
                "harbour.test"
            )
            .Succeeded()
            .Output;
        Assert.StartsWith("boat\nboat\n", text, StringComparison.Ordinal);
        Assert.Contains("10.1.2.3", text, StringComparison.Ordinal);
        Assert.Contains("nameserver 9.9.9.9", text, StringComparison.Ordinal);
        Assert.Contains("search harbour.test", text, StringComparison.Ordinal);
        Assert.EndsWith("\n1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void RUN_12_A_domain_name_belongs_to_the_name_in_hosts()
    {
        Assert.Equal(
            "boat boat.harbour.test boat.harbour.test boat",
            host.RunShell(
                    "echo $(hostname; hostname -f; grep boat /etc/hosts | head -1 | cut -f2)",
                    "--hostname",
                    "boat",
                    "--domainname",
                    "harbour.test"
                )
                .Succeeded()
                .Text
        );
    }

    [Fact]
    public void What_reads_the_table_of_mounts_finds_it_as_in_docker_also_in_a_store_of_an_earlier_version()
    {
        const string Look = "readlink /etc/mtab; grep -c ' / ' /etc/mtab";
        Assert.Equal("/proc/mounts\n1", host.RunShell(Look).Succeeded().Text);
        File.Delete($"{host.Root}/skeleton/etc/mtab");
        Assert.Equal("/proc/mounts\n1", host.RunShell(Look).Succeeded().Text);
        host.Run("run", "--name", "mtab", "--network", "none", host.Image(TestImages.Busybox), "true").Succeeded();
        Assert.DoesNotContain("mtab", host.Run("diff", "mtab").Succeeded().Text, StringComparison.Ordinal);
        host.Run("rm", "mtab").Succeeded();
    }

    [Fact]
    public void RUN_26_The_same_mount_twice_is_one_and_two_on_one_path_are_refused()
    {
        string directory = Workspace.NewDirectory("twice");
        Assert.Equal("1", host.RunShell("grep -c ' /m ' /proc/mounts", "-v", $"{directory}:/m", "-v", $"{directory}:/m").Succeeded().Text);
        host.RunShell("true", "-v", $"{directory}:/m", "-v", "/tmp:/m").ExitedWith(125).Complained("two mounts");
        host.RunShell("true", "-v", $"{directory}:/m", "-v", $"{directory}:/m:ro").ExitedWith(125).Complained("two mounts");
    }

    [Fact]
    public void RUN_12_An_absolute_link_in_place_of_resolv_conf_does_not_reach_the_host()
    {
        string victim = Path.Combine(Workspace.NewDirectory("victim"), "file");
        File.WriteAllText(victim, "untouched");
        var image = new TestImage(
            "linked",
            "1",
            () => new ImageBuilder().Layer(TestImages.BusyboxFiles).Layer(w => w.Symlink("etc/resolv.conf", victim)).Build()
        );
        host.Run("run", "--rm", "--network", "none", "--dns", "9.9.9.9", host.Image(image), "sh", "-c", "echo x >>/etc/resolv.conf")
            .Succeeded();
        Assert.Equal("untouched", File.ReadAllText(victim));
    }

    [Fact]
    public void RUN_12_An_image_without_etc_starts()
    {
        var image = new TestImage(
            "no-etc",
            "1",
            () => new ImageBuilder().Layer(w => w.File("bin/cat", File.ReadAllBytes("/bin/busybox"), 0x1ED)).Build()
        );
        Assert.Contains(
            "127.0.0.1",
            host.Run("run", "--rm", "--network", "none", host.Image(image), "/bin/cat", "/etc/hosts").Succeeded().Output,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("null", "1:3")]
    [InlineData("zero", "1:5")]
    [InlineData("full", "1:7")]
    [InlineData("random", "1:8")]
    [InlineData("urandom", "1:9")]
    [InlineData("tty", "5:0")]
    public void RUN_23_The_default_devices_have_their_numbers_and_modes(string name, string number) =>
        Assert.Equal($"character special file {number} 666", host.RunShell($"stat -c '%F %t:%T %a' /dev/{name}").Succeeded().Text);

    [Fact]
    public void RUN_23_Links_and_memory_in_dev()
    {
        string text = host.RunShell(
                "for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done; stat -c %a /dev/shm /dev/mqueue; df -k /dev/shm | awk 'END { print $2 }'"
            )
            .Succeeded()
            .Text;
        Assert.Equal("/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n1777\n1777\n65536", text);
        Assert.Equal("1024", host.RunShell("df -k /dev/shm | awk 'END { print $2 }'", "--shm-size", "1m").Succeeded().Text);
        Assert.Equal(
            "1:11",
            host.RunShell("stat -c %t:%T /dev/extra", "--device", "/dev/kmsg:/dev/extra")
                .Succeeded()
                .Text.Replace("b", "11", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("null")]
    [InlineData("zero:full")]
    [InlineData("null:tty")]
    [InlineData("zero:stdin")]
    [InlineData("full:random")]
    [InlineData("zero:console")]
    public void A_device_that_is_asked_for_comes_before_the_one_that_is_there_by_itself(string mapping)
    {
        string[] names = mapping.Split(':');
        string expected = Tool.Run("stat", "-c", "%F %t:%T", $"/dev/{names[0]}").Text;
        string[] device = ["--device", string.Join(':', names.Select(n => "/dev/" + n))];
        string show = $"stat -c '%F %t:%T' /dev/{names[^1]}";
        Assert.Equal(expected, host.RunShell(show, device).Succeeded().Text);
        Assert.Equal(expected, host.RunShell(show, [.. device, "--uidmap", "0:200000:65536"]).Succeeded().Text);
    }

    [Fact]
    public void Another_null_device_hides_as_much_and_ptmx_stays_the_containers()
    {
        string[] shown = host.RunShell("stat -c %t:%T /dev/null /proc/timer_list; cat /proc/timer_list", "--device", "/dev/zero:/dev/null")
            .Succeeded()
            .Lines;
        Assert.Equal(["1:5", "1:3"], shown);
        Assert.Equal("pts/ptmx", host.RunShell("readlink /dev/ptmx", "--device", "/dev/zero:/dev/ptmx").Succeeded().Text);
    }

    [Fact]
    public void A_volume_on_etc_does_not_hide_names_and_addresses()
    {
        string directory = Workspace.NewDirectory("etc");
        File.WriteAllText(Path.Combine(directory, "own"), "mine");
        File.WriteAllText(Path.Combine(directory, "hosts"), "192.0.2.1 theirs");
        string[] flags = ["--hostname", "ship", "--dns", "192.0.2.53", "-v", directory + ":/etc"];
        const string Script = "cat /etc/own /etc/hostname; grep -c ship /etc/hosts; cat /etc/resolv.conf";
        Assert.Equal("mineship\n1\nnameserver 192.0.2.53", host.RunShell(Script, flags).Succeeded().Text);
        // A file that the user mounts himself is his.
        string[] own = [.. flags, "-v", directory + "/own:/etc/resolv.conf"];
        Assert.Equal("mineship\n1\nmine", host.RunShell(Script, own).Succeeded().Text);
        // Now the files are there to be mounted on.
        flags[^1] += ":ro";
        Assert.Equal("mineship\n1\nnameserver 192.0.2.53", host.RunShell(Script, flags).Succeeded().Text);
        Assert.Equal("192.0.2.1 theirs", File.ReadAllText(Path.Combine(directory, "hosts")));
        host.RunShell("true", "-v", Workspace.NewDirectory("empty") + ":/etc:ro").ExitedWith(125).Complained("/etc/resolv.conf");
    }

    [Fact]
    public void RUN_25_A_read_only_root_leaves_tmpfs_dev_and_hosts_writable()
    {
        string[] flags = ["--read-only", "--tmpfs", "/scratch", "--tmpfs", "/mine:mode=700,size=1m"];
        Assert.Equal(
            "1777\n700\nok",
            host.RunShell("stat -c %a /scratch /mine; echo x >/scratch/f && echo x >/dev/shm/f && echo >>/etc/hosts && echo ok", flags)
                .Succeeded()
                .Text
        );
        host.RunShell("touch /file", "--read-only").Complained("Read-only file system");
        host.RunShell("touch /etc/file", "--read-only").Complained("Read-only file system");
    }

    [Theory]
    [InlineData("/work/deep")]
    [InlineData("/scratch/deep")]
    [InlineData("/")]
    public void RUN_10_A_working_directory_that_is_missing_is_made_under_a_read_only_root_too(string directory)
    {
        CommandResult result = host.RunShell("pwd; touch /file", "--read-only", "--tmpfs", "/scratch", "-w", directory);
        Assert.Equal(directory, result.Complained("Read-only file system").Text);
    }

    [Fact]
    public void RUN_26_Directories_and_files_are_bound_and_missing_ones_made()
    {
        string source = Workspace.NewDirectory("bind");
        File.WriteAllText($"{source}/file", "salt\n");
        Assert.Equal("salt", host.RunShell("cat /new/target/file", "-v", $"{source}:/new/target").Succeeded().Text);
        Assert.Equal("salt", host.RunShell("cat /etc/passwd", "-v", $"{source}/file:/etc/passwd").Succeeded().Text);
        Assert.Equal("salt", host.RunShell("cat /not/there/before", "-v", $"{source}/file:/not/there/before").Succeeded().Text);
        host.RunShell("echo back >/data/file", "-v", $"{source}:/data").Succeeded();
        Assert.Equal("back\n", File.ReadAllText($"{source}/file"));
        host.RunShell("test -d /made", "-v", $"{source}/made:/made").Succeeded();
        Assert.True(Directory.Exists($"{source}/made"));
        host.RunShell("true", "--mount", $"type=bind,source={source}/absent,target=/x").ExitedWith(125).Complained($"{source}/absent");
    }

    [Fact]
    public void RUN_26_A_source_inside_another_mount_is_bound()
    {
        string source = Workspace.NewDirectory("outer");
        Tool.Run("mount", "-t", "tmpfs", "inner", source);
        try
        {
            Directory.CreateDirectory($"{source}/sub");
            File.WriteAllText($"{source}/sub/f", "deep\n");
            Assert.Equal("deep", host.RunShell("cat /m/f", "-v", $"{source}/sub:/m").Succeeded().Text);
        }
        finally
        {
            Tool.Run("umount", source);
        }
    }

    [Fact]
    public void RUN_27_A_read_only_bind_cannot_be_written_nor_can_what_is_mounted_below_a_recursive_one()
    {
        string source = Workspace.NewDirectory("ro");
        Directory.CreateDirectory($"{source}/sub");
        Tool.Run("mount", "-t", "tmpfs", "-o", "nosuid,nodev,noexec", "inner", $"{source}/sub");
        try
        {
            host.RunShell("echo x >/m/f", "-v", $"{source}:/m:ro").Complained("Read-only file system");
            host.RunShell("echo x >/m/sub/f", "--mount", $"type=bind,source={source},target=/m,readonly,bind-recursive=readonly")
                .Complained("Read-only file system");
            string options = host.RunShell("grep ' /m/sub ' /proc/self/mountinfo", "-v", $"{source}:/m").Succeeded().Text;
            Assert.Contains("nosuid,nodev,noexec", options, StringComparison.Ordinal);
        }
        finally
        {
            Tool.Run("umount", $"{source}/sub");
        }
    }

    [Fact]
    public void RUN_28_No_mount_of_a_container_is_seen_by_the_host()
    {
        string before = File.ReadAllText("/proc/self/mountinfo");
        using RunningCommand running = host.Start(
            "run",
            "--rm",
            "--network",
            "none",
            "--tmpfs",
            "/t",
            host.Image(TestImages.Busybox),
            "sh",
            "-c",
            "echo up; sleep 60"
        );
        running.WaitForOutput("up");
        Assert.Empty(host.Mounts());
        running.Signal(Native.SIGKILL);
        running.WaitForExit();
        Wait.Until(() => host.Processes().Length == 0, 10, () => string.Join('\n', host.Processes()));
        Assert.Empty(host.Mounts());
        Assert.NotEmpty(before);
    }

    [Fact]
    public void Layers_with_whiteouts_are_seen_as_their_image_means_them()
    {
        string text = host.Run(
            "run",
            "--rm",
            "--network",
            "none",
            host.Image(TestImages.Layered),
            "sh",
            "-c",
            "ls /data /opaque; cat /data/changed; ls -d /tree; [ $(stat -c %i /data/keep) = $(stat -c %i /data/linked) ] && echo same"
        ).Output;
        Assert.Equal("/data:\nchanged\nkeep\nlinked\n\n/opaque:\nnew\ntwo\nsame\n", text);
    }
}
