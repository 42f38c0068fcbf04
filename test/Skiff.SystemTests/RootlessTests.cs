using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Skiff as an ordinary user: docs/rootless.md.</summary>
public sealed class RootlessTests(RootlessHost host) : IClassFixture<RootlessHost>
{
    private static readonly Dictionary<string, string> s_single = new(StringComparer.Ordinal) { ["ETC"] = "etc1" };

    [Fact]
    public void A_user_without_a_set_up_command_pulls_an_image_and_runs_it_with_the_ids_of_subuid()
    {
        Tool.Require("newuidmap");
        CommandResult run = host.RunShell(
            "id -u; cat /proc/self/uid_map; stat -c %u:%g /home/sailor; echo x >/x; stat -c %u:%g /x; mount | grep -c userxattr"
        );
        Assert.Equal(
            ["0", $"0 {RootlessHost.Uid} 1", $"1 {RootlessHost.FirstSubordinate} 65536", "1000:1000", "0:0", "1"],
            run.Succeeded().Lines.Select(static line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        );
        Assert.Equal("1000", host.RunShell("id -u; :", "-u", "sailor").Succeeded().Text);
    }

    [Fact]
    public void Without_subordinate_ids_the_user_is_the_only_one_and_one_warning_says_which_owners_are_lost()
    {
        Dictionary<string, string> single = new(s_single, StringComparer.Ordinal)
        {
            ["HOME"] = host.Make("home1"),
            ["XDG_RUNTIME_DIR"] = host.Make("run1"),
        };
        host.Shelve(TestImages.Busybox);
        string image = TestImages.Busybox.Reference;
        CommandResult pull = host.Run(single, "pull", image).Succeeded();
        Assert.Single(pull.Error.Split('\n'), static line => line.Contains("/etc/subuid", StringComparison.Ordinal));
        CommandResult run = host.Run(
            single,
            "run",
            "--rm",
            "--network",
            "none",
            image,
            "sh",
            "-c",
            "id -u; cat /proc/self/uid_map; stat -c %u:%g /home/sailor; touch /x"
        );
        Assert.Equal(
            ["0", $"0 {RootlessHost.Uid} 1", "0:0"],
            run.Succeeded().Lines.Select(static line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        );
        host.Run(single, "run", "--rm", "--network", "none", "-u", "1000", image, "true").ExitedWith(125).Complained("/etc/subuid");
    }

    [Fact]
    public void Whiteouts_and_opaque_directories_hide_what_they_hide_for_root()
    {
        CommandResult run = host.Run(
            "run",
            "--rm",
            "--network",
            "none",
            host.Image(TestImages.Layered),
            "sh",
            "-c",
            "find data opaque tree 2>&1 | grep -v tree | sort; cat data/changed; rm -r data/keep opaque; mkdir opaque; ls opaque data"
        );
        Assert.Equal(
            "data data/changed data/keep data/linked opaque opaque/new two data: changed linked opaque:",
            string.Join(' ', run.Succeeded().Lines.Where(static line => line.Length > 0))
        );
    }

    [Fact]
    public void Every_command_of_the_user_finds_the_containers_of_the_others()
    {
        string image = host.Image(TestImages.Busybox);
        host.Run(
                "run",
                "-d",
                "--name",
                "one",
                "--network",
                "none",
                "-v",
                "stow:/stow",
                image,
                "sh",
                "-c",
                "echo ahoy; trap 'exit 3' TERM; while :; do sleep 0.05; done"
            )
            .Succeeded();
        Eventually(() => host.Run("logs", "one").Succeeded().Text == "ahoy");
        Assert.Contains("one", host.Run("ps", "--format", "{{.Names}}").Succeeded().Lines);
        Assert.Equal("1000", host.Run("exec", "-u", "1000", "one", "id", "-u").Succeeded().Text);
        Assert.Contains("sleep", host.Run("top", "one").Succeeded().Output, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(host.Directory, "work", "cargo"), "tea\n");
        host.Run("cp", "cargo", "one:/cargo").Succeeded();
        Assert.Equal("tea", host.Run("exec", "one", "sh", "-c", "cat /cargo; touch /stow/a").Succeeded().Text);
        Assert.Equal("A /cargo\nA /stow", host.Run("diff", "one").Succeeded().Text);
        host.Run("commit", "one", "made:1").Succeeded();
        host.Run("stop", "one").Succeeded();
        Assert.Equal("3", host.Run("inspect", "-f", "{{.State.ExitCode}}", "one").Succeeded().Text);
        host.Run("start", "one").Succeeded();
        host.Run("rm", "-f", "one").Succeeded();
        Assert.Equal(
            "tea\na",
            host.Run("run", "--rm", "--network", "none", "-v", "stow:/stow", "made:1", "sh", "-c", "cat /cargo; ls /stow").Succeeded().Text
        );
        host.Run("rmi", "made:1").Succeeded();
        host.Run("volume", "rm", "stow").Succeeded();
    }

    [Fact]
    public void A_container_whose_monitor_and_commands_were_killed_is_found_by_the_next_command()
    {
        string image = host.Image(TestImages.Busybox);
        host.Run("run", "-d", "--name", "orphan", "--network", "none", image, "sleep", "100").Succeeded();
        int monitor = int.Parse(
            File.ReadAllText($"/proc/{host.Run("inspect", "-f", "{{.State.Pid}}", "orphan").Succeeded().Text}/stat")
                .Split(") ")[1]
                .Split(' ')[1]
        );
        Native.Check(Native.kill(monitor, 9), "kill");
        // The process that the file names is gone as well: the namespace is searched.
        File.WriteAllText(
            Path.Combine(host.Runroot, "userns"),
            "1 1 " + File.ReadAllText(Path.Combine(host.Runroot, "userns")).Split(' ')[2]
        );
        Assert.Equal("1", host.Run("exec", "orphan", "sh", "-c", "echo $PPID; echo 1").Succeeded().Lines[^1]);
        host.Run("rm", "-f", "orphan").Succeeded();
        Assert.DoesNotContain("orphan", host.Run("ps", "-a", "--format", "{{.Names}}").Succeeded().Lines);
    }

    [Fact]
    public void Many_first_commands_at_once_are_in_one_user_namespace()
    {
        Dictionary<string, string> fresh = new(StringComparer.Ordinal) { ["XDG_RUNTIME_DIR"] = host.Make("run2") };
        List<RunningCommand> all = [];
        for (int i = 0; i < 8; i++)
        {
            all.Add(
                RunningCommand.Start(
                    host.As(fresh, [Path.Combine(host.Directory, "skiff"), "unshare", "sh", "-c", "readlink /proc/self/ns/user; cat"])
                )
            );
        }
        List<string> seen = [];
        foreach (RunningCommand command in all)
        {
            command.WaitForOutput("]");
            seen.Add(command.OutputSoFar);
        }
        foreach (RunningCommand command in all)
        {
            command.CloseInput();
            command.WaitForExit().Succeeded();
            command.Dispose();
        }
        Assert.Single(seen.Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public void Unshare_runs_a_command_as_root_of_the_users_namespace_and_refuses_the_real_one()
    {
        Assert.Equal("0\n0", host.Run("unshare", "sh", "-c", "id -u; stat -c %u .").Succeeded().Text);
        Assert.Equal(
            "x y",
            host.Run(new Dictionary<string, string>(StringComparer.Ordinal) { ["A"] = "x y" }, "unshare", "sh", "-c", "echo \"$A\"; exit 7")
                .ExitedWith(7)
                .Text
        );
        host.Run("unshare", "/nothing").ExitedWith(127).Complained("/nothing");
        Tool.Try(Workspace.Binary, "unshare", "true").ExitedWith(125).Complained("ordinary users");
    }

    [Fact]
    public void A_container_has_the_rights_of_its_user_on_files_of_the_host_and_no_more()
    {
        string work = Path.Combine(host.Directory, "work");
        File.WriteAllText(Path.Combine(host.Directory, "secret"), "of root\n");
        Tool.Run("chmod", "600", Path.Combine(host.Directory, "secret"));
        CommandResult run = host.RunShell(
            "cat /host/secret; echo me >/mine/file; chown 1000 /mine/file; mknod /dev/mem c 1 1; echo x >/proc/sys/kernel/core_pattern; mount -t tmpfs none /tmp; echo done",
            "-v",
            $"{host.Directory}:/host",
            "-v",
            $"{work}:/mine",
            "--privileged"
        );
        Assert.Equal("done", run.Succeeded().Text);
        run.Complained("'/host/secret': Permission denied")
            .Complained("mknod: /dev/mem: Operation not permitted")
            .Complained("core_pattern: Permission denied");
        Assert.Equal($"{RootlessHost.FirstSubordinate + 999}", Tool.Run("stat", "-c", "%u", $"{work}/file").Text);
        Assert.Equal("of root\n", File.ReadAllText(Path.Combine(host.Directory, "secret")));
    }

    [Fact]
    public void What_needs_root_is_refused_with_what_helps()
    {
        string image = host.Image(TestImages.Busybox);
        host.Run("run", "--rm", "--network", "mine", image, "true").ExitedWith(125).Complained("only root has networks");
        host.Run("run", "--rm", "-p", "80:80", image, "true").ExitedWith(125).Complained("net.ipv4.ip_unprivileged_port_start=80");
        host.Run("system", "boot", "install").ExitedWith(1);
        if (!File.Exists("/sys/fs/cgroup/cgroup.controllers"))
        {
            host.Run("run", "--rm", "--network", "none", "-m", "64m", image, "true").ExitedWith(125).Complained("version 1");
        }
    }

    [Fact]
    public void A_project_without_networks_of_its_own_has_what_run_has()
    {
        Tool.Require("pasta");
        string image = host.Image(TestImages.Busybox);
        string place = host.Make("project");
        string file = Path.Combine(place, "compose.yaml");
        string one = $$"""
            services:
              web:
                image: {{image}}
                command: httpd -f -p 80 -h /etc
                ports: ["8088:80"]
                volumes: [data:/data]
                stop_grace_period: 0s
            """;
        File.WriteAllText(file, one + "\nvolumes: {data: {}}\n");
        CommandResult up = host.Run("compose", "-f", file, "up", "-d").Succeeded();
        Assert.DoesNotContain("Network", up.Error);
        Assert.DoesNotContain("warning", up.Error);
        Assert.Contains("0.0.0.0:8088->80/tcp", host.Run("compose", "-f", file, "ps").Succeeded().Output);
        Assert.Equal(" Container project-web-1  Running\n", host.Run("compose", "-f", file, "up", "-d").Succeeded().Error);
        Assert.Equal("0", host.Run("compose", "-f", file, "exec", "-T", "web", "id", "-u").Succeeded().Text);
        host.Run("compose", "-f", file, "run", "--rm", "-T", "--no-deps", "web", "true").Succeeded();

        File.WriteAllText(
            file,
            one + $"\n  side: {{image: {image}, command: sleep 1000, stop_grace_period: 0s, depends_on: [web]}}\nvolumes: {{data: {{}}}}\n"
        );
        host.Run("compose", "-f", file, "up", "-d").Succeeded().Complained("side, web do not find each other by name");
        File.WriteAllText(file, File.ReadAllText(file).Replace("depends_on: [web]", "network_mode: service:web"));
        up = host.Run("compose", "-f", file, "up", "-d").Succeeded();
        Assert.DoesNotContain("by name", up.Error);
        Assert.Contains(
            "root:x:0",
            host.Run("compose", "-f", file, "exec", "-T", "side", "wget", "-qO-", "http://127.0.0.1/passwd").Succeeded().Output
        );
        host.Run("compose", "-f", file, "down", "-v").Succeeded();
        Assert.Equal("", host.Run("ps", "-aq").Succeeded().Text + host.Run("volume", "ls", "-q").Succeeded().Text);

        File.WriteAllText(file, one + "\n    networks: [front]\nnetworks: {front: {}}\nvolumes: {data: {}}\n");
        host.Run("compose", "-f", file, "up", "-d").ExitedWith(1).Complained("networks.front: only root has networks");
        host.Run("network", "connect", "bridge", "any").ExitedWith(1).Complained("only root has networks");
        Assert.Equal("", host.Run("ps", "-aq").Succeeded().Text);
    }

    [Fact]
    public void Namespaces_of_another_container_of_the_user_are_shared()
    {
        string image = host.Image(TestImages.Busybox);
        host.Run("run", "-d", "--name", "owner", "--network", "none", "--hostname", "shared", "--ipc", "shareable", image, "sleep", "1000")
            .Succeeded();
        foreach (string kind in (string[])["net", "pid", "ipc", "uts"])
        {
            string[] joins = kind == "net" ? ["--network", "container:owner"] : ["--network", "none", $"--{kind}", "container:owner"];
            const string Look = "ls /sys/class/net >/dev/null; ls /proc/1 >/dev/null";
            Assert.Equal(
                host.Run("exec", "owner", "readlink", $"/proc/self/ns/{kind}").Succeeded().Text,
                host.Run(["run", "--rm", .. joins, image, "sh", "-c", $"readlink /proc/self/ns/{kind}; {Look}"]).Succeeded().Text
            );
        }
        host.Run("rm", "-f", "owner").Succeeded();
    }

    [Fact]
    public void An_image_is_built_with_every_kind_of_step()
    {
        Tool.Require("newuidmap");
        string image = host.Image(TestImages.Busybox);
        string place = host.Make("built");
        File.WriteAllText(Path.Combine(place, "cargo"), "tea\n");
        File.WriteAllText(
            Path.Combine(place, "Dockerfile"),
            $"""
            FROM {image} AS first
            WORKDIR /made
            COPY --chown=1000:1000 cargo .
            RUN --network=none stat -c %u:%g cargo >owner && rm /bin/zcat && chown 7:8 owner
            RUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch echo x >/cache/x && touch /scratch/y
            FROM {image}
            COPY --from=first /made /made
            RUN rm -r /home && mkdir /home
            USER 1000
            CMD cat /made/cargo /made/owner; stat -c %u:%g /made/owner; ls /home; id -u
            """
        );
        host.Run("build", "-t", "sailed:1", place).Succeeded();
        Assert.Equal("tea\n1000:1000\n7:8\n1000", host.Run("run", "--rm", "--network", "none", "sailed:1").Succeeded().Text);
        Assert.Contains("CACHED", host.Run("build", "-t", "sailed:1", place).Succeeded().Error);
        host.Run("rmi", "sailed:1").Succeeded();
        host.Run("builder", "prune", "-af").Succeeded();
    }

    [Fact]
    public void A_store_on_a_file_system_without_what_overlayfs_needs_has_roots_that_are_copies()
    {
        // /etc is an overlay in the mount namespace of the tests
        host.Shelve(TestImages.Busybox);
        string image = TestImages.Busybox.Reference;
        CommandResult Run(params string[] words) => host.Run(["--root", "/etc/store", .. words]);
        Run("pull", "-q", image).Succeeded();
        Run("run", "--rm", "--network", "none", image, "sh", "-c", "rm /bin/zcat; echo other >/etc/passwd; ! test -e /bin/zcat")
            .Succeeded();
        Assert.Equal(
            "0:0 1000:1000 root",
            Run("run", "--rm", "--network", "none", image, "sh", "-c", "echo $(stat -c %u:%g / /home/sailor) $(head -c 4 /etc/passwd)")
                .Succeeded()
                .Text
        );
        Run("create", "--name", "made", "--network", "none", image, "sh", "-c", "echo x >>/written; sleep 1000").Succeeded();
        Run("cp", "made:/etc/passwd", "-").Succeeded();
        for (int times = 1; times <= 2; times++)
        {
            Run("start", "made").Succeeded();
            Eventually(() => Run("exec", "made", "wc", "-l", "/written").Text == $"{times} /written");
            Run("kill", "made").Succeeded();
            Run("wait", "made").Succeeded();
        }
        string[] exported = Tool.Shell(
            string.Join(
                ' ',
                host.As(null, [Path.Combine(host.Directory, "skiff"), "--root", "/etc/store", "export", "made"]).Select(Quoted)
            ) + " | tar -t"
        ).Lines;
        Assert.Contains("written", exported);
        Assert.Contains("bin/busybox", exported);
        Run("diff", "made").ExitedWith(1).Complained("is a copy of its image");
        Run("commit", "made", "no:1").ExitedWith(1).Complained("is a copy of its image");
        string context = host.Make("context");
        File.WriteAllText(Path.Combine(context, "Dockerfile"), $"FROM {image}\nRUN true\n");
        Run("build", context).ExitedWith(1).Complained("(overlay)");
        Assert.Equal("vfs", Run("info", "-f", "{{.Driver}}").Succeeded().Text);
        Assert.Contains("every container's root is a copy", Run("info").Succeeded().Output + Run("info").Error);
        Run("rm", "made").Succeeded();
        Assert.Empty(Run("ps", "-aq").Succeeded().Text);
        Assert.Equal("overlay2", host.Run("info", "-f", "{{.Driver}}").Succeeded().Text);

        static string Quoted(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    [Fact]
    public void A_run_directory_in_tmp_that_is_somebody_elses_is_refused()
    {
        Dictionary<string, string> without = new(StringComparer.Ordinal) { ["XDG_RUNTIME_DIR"] = "" };
        string place = $"/tmp/skiff-{RootlessHost.Uid}";
        Assert.False(Path.Exists(place), $"{place} exists");
        Directory.CreateDirectory(place);
        try
        {
            host.Run(without, "ps").ExitedWith(125).Complained(place);
        }
        finally
        {
            Directory.Delete(place);
        }
        try
        {
            host.Run(without, "ps").Succeeded();
            Assert.Equal($"{RootlessHost.Uid} 700", Tool.Run("stat", "-c", "%u %a", place).Text);
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    [Fact]
    public void Pasta_carries_published_ports_with_the_clients_address_and_ends_with_its_container()
    {
        Tool.Require("pasta");
        string image = host.Image(TestImages.Busybox);
        host.Run("run", "-d", "--name", "server", "-p", "8080:80", image, "httpd", "-f", "-vv", "-p", "80", "-h", "/etc").Succeeded();
        Assert.Contains(
            "0.0.0.0:8080->80/tcp",
            host.Run("ps", "--format", "{{.Ports}}", "--filter", "name=server").Succeeded().Text,
            StringComparison.Ordinal
        );
        Eventually(() => Get(host.Peer, RootlessHost.Address).Contains("root:x:0", StringComparison.Ordinal));
        Eventually(() => host.Run("logs", "server").Error.Contains($"{RootlessHost.PeerAddress}]", StringComparison.Ordinal));
        Assert.Contains("root:x:0", Get(host.Net, "127.0.0.1"), StringComparison.Ordinal);
        host.Run("run", "--rm", "-p", "8080:80", image, "true").ExitedWith(125).Complained("8080/tcp");
        Assert.Contains("eth0", host.Run("exec", "server", "ip", "addr").Succeeded().Output, StringComparison.Ordinal);
        host.Run("rm", "-f", "server").Succeeded();
        Eventually(() => !ProcessTable.WithCommandLine(host.Runroot).Any());
        Assert.Empty(Directory.GetFiles(Path.Combine(host.Runroot, "netns")));
    }

    [Fact]
    public void Keep_id_is_the_user_inside_as_well_and_the_images_owners_stay_what_they_are()
    {
        Tool.Require("newuidmap");
        string image = host.Image(TestImages.Busybox);
        string work = Path.Combine(host.Directory, "work");
        host.Run(
                "run",
                "-d",
                "--name",
                "kept",
                "--userns",
                "keep-id",
                "--network",
                "none",
                "-v",
                $"{work}:/mine",
                image,
                "sh",
                "-c",
                "touch /mine/kept /tmp/kept; sleep 100"
            )
            .Succeeded();
        string owners = host.Run("exec", "kept", "sh", "-c", "id -u; stat -c %u:%g / /bin/busybox /home/sailor /etc/hosts")
            .Succeeded()
            .Text;
        Assert.Equal($"{RootlessHost.Uid}\n0:0\n0:0\n1000:1000\n0:0", owners);
        Eventually(() => host.Run("exec", "kept", "stat", "-c", "%u", "/tmp/kept").Text == $"{RootlessHost.Uid}");
        Assert.Equal($"{RootlessHost.Uid}", Tool.Run("stat", "-c", "%u", $"{work}/kept").Text);
        host.Run("exec", "-u", "0", "kept", "touch", "/rooted").Succeeded();
        host.Run("commit", "kept", "kept:1").Succeeded();
        host.Run("stop", "-t", "0", "kept").Succeeded();
        Assert.Equal(
            "A /rooted\nC /tmp\nA /tmp/kept",
            string.Join('\n', host.Run("diff", "kept").Succeeded().Lines.Where(static l => l != "A /mine"))
        );
        host.Run("start", "kept").Succeeded();
        host.Run("rm", "-f", "kept").Succeeded();
        // The image that was made of it has the owners that the container saw, with any map.
        foreach (string users in (string[])["host", "keep-id:uid=7,gid=7", "auto:size=20000"])
        {
            Assert.Equal(
                $"0\n{RootlessHost.Uid}",
                host.Run("run", "--rm", "--network", "none", "--userns", users, "kept:1", "stat", "-c", "%u", "/rooted", "/tmp/kept")
                    .Succeeded()
                    .Text
            );
        }
        host.Run("run", "--rm", "--network", "none", "-v", $"{work}:/mine:idmap", "--userns", "keep-id", image, "true")
            .ExitedWith(125)
            .Complained("only root");
        string[] copies = Directory.GetDirectories(Path.Combine(host.Store, "layers"), "map-*", SearchOption.AllDirectories);
        Assert.Equal(3, copies.Length);
        host.Run("rmi", "kept:1").Succeeded();
        Assert.Single(Directory.GetDirectories(Path.Combine(host.Store, "layers"), "map-*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_run_without_pasta_has_no_network_and_says_so()
    {
        string image = host.Image(TestImages.Busybox);
        string tools = host.Make("tools");
        foreach (string tool in (string[])["sh", "env", "setpriv"])
        {
            File.CreateSymbolicLink(Path.Combine(tools, tool), $"/usr/bin/{tool}");
        }
        Dictionary<string, string> without = new(StringComparer.Ordinal) { ["PATH"] = tools };
        CommandResult run = host.Run(without, "run", "--rm", image, "sh", "-c", "ls /sys/class/net").Succeeded();
        Assert.Equal("lo", run.Text);
        run.Complained("install pasta");
        host.Run(without, "run", "--rm", "-p", "8080:80", image, "true").ExitedWith(125).Complained("pasta");
        Assert.Empty(host.Run(without, "run", "--rm", "--network", "host", image, "true").Succeeded().Error);
    }

    private static string Get(Netns from, string address) =>
        from.Run("curl", "-s", "--max-time", "5", $"http://{address}:8080/passwd").Output;

    private static void Eventually(Func<bool> holds)
    {
        for (int i = 0; i < 200 && !holds(); i++)
        {
            Thread.Sleep(20);
        }
        Assert.True(holds());
    }
}
