using System.Text.Json.Nodes;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>inspect: docker's shape, templates as people write them, and the command line that makes a container again.</summary>
public sealed class InspectTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    /// <summary>docker's API 1.51, ContainerInspect: every member that docker 28 prints for a container on Linux.</summary>
    private static readonly (string Path, string Members)[] s_members =
    [
        (
            "",
            "Id Created Path Args State Image ResolvConfPath HostnamePath HostsPath LogPath Name RestartCount Driver Platform MountLabel ProcessLabel AppArmorProfile ExecIDs HostConfig GraphDriver Mounts Config NetworkSettings"
        ),
        ("State", "Status Running Paused Restarting OOMKilled Dead Pid ExitCode Error StartedAt FinishedAt"),
        (
            "HostConfig",
            "Binds ContainerIDFile LogConfig NetworkMode PortBindings RestartPolicy AutoRemove VolumeDriver VolumesFrom ConsoleSize CapAdd CapDrop CgroupnsMode Dns DnsOptions DnsSearch ExtraHosts GroupAdd IpcMode Cgroup Links OomScoreAdj PidMode Privileged PublishAllPorts ReadonlyRootfs SecurityOpt UTSMode UsernsMode ShmSize Runtime Isolation CpuShares Memory NanoCpus CgroupParent BlkioWeight BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime CpusetCpus CpusetMems Devices DeviceCgroupRules DeviceRequests MemoryReservation MemorySwap MemorySwappiness OomKillDisable PidsLimit Ulimits CpuCount CpuPercent IOMaximumIOps IOMaximumBandwidth MaskedPaths ReadonlyPaths"
        ),
        (
            "Config",
            "Hostname Domainname User AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce Env Cmd Image Volumes WorkingDir Entrypoint OnBuild Labels"
        ),
        (
            "NetworkSettings",
            "Bridge SandboxID SandboxKey Ports HairpinMode LinkLocalIPv6Address LinkLocalIPv6PrefixLen SecondaryIPAddresses SecondaryIPv6Addresses EndpointID Gateway GlobalIPv6Address GlobalIPv6PrefixLen IPAddress IPPrefixLen IPv6Gateway MacAddress Networks"
        ),
        (
            "NetworkSettings.Networks.bridge",
            "IPAMConfig Links Aliases MacAddress DriverOpts GwPriority NetworkID EndpointID Gateway IPAddress IPPrefixLen IPv6Gateway GlobalIPv6Address GlobalIPv6PrefixLen DNSNames"
        ),
        ("GraphDriver", "Data Name"),
        ("GraphDriver.Data", "LowerDir MergedDir UpperDir WorkDir"),
        ("HostConfig.LogConfig", "Type Config"),
        ("HostConfig.RestartPolicy", "Name MaximumRetryCount"),
    ];

    private string Busybox => host.Image(TestImages.Busybox);

    [Fact]
    public void The_document_has_every_member_of_dockers_in_its_order()
    {
        host.Run("create", "--name", "shape", Busybox, "true").Succeeded();
        try
        {
            JsonNode document = JsonNode.Parse(host.Run("inspect", "shape").Succeeded().Text)![0]!;
            foreach ((string path, string members) in s_members)
            {
                JsonNode node = path.Split('.', StringSplitOptions.RemoveEmptyEntries)
                    .Aggregate(document, static (n, name) => n[name] ?? throw new InvalidOperationException(name));
                string[] expected = members.Split(' ');
                string[] found = [.. node.AsObject().Select(static m => m.Key)];
                Assert.True(!expected.Except(found).Any(), $"{path} lacks {string.Join(", ", expected.Except(found))}");
                Assert.Equal(expected, found.Where(expected.Contains));
            }
        }
        finally
        {
            host.Run("rm", "shape").Succeeded();
        }
    }

    /// <summary>docker's Config is what was asked for: neither what every process gets besides, nor defaults.</summary>
    [Theory]
    [InlineData("", "[PATH=/usr/local/bin:/usr/bin:/bin] false true true false [null,null]")]
    [InlineData("-i -e A=1 -e A=2 -e NOSUCH", "[A=2 PATH=/usr/local/bin:/usr/bin:/bin] true true true true [null,null]")]
    [InlineData("-t --stop-signal INT --stop-timeout 3", "[PATH=/usr/local/bin:/usr/bin:/bin] false true true false [\"SIGINT\",3]")]
    [InlineData("-a stderr", "[PATH=/usr/local/bin:/usr/bin:/bin] false false true false [null,null]")]
    public void The_configuration_is_what_was_asked_for(string flags, string expected)
    {
        string[] words = flags.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string id = host.Run(["create", "--network", "none", .. words, Busybox, "true"]).Succeeded().Text;
        try
        {
            const string Template =
                "{{.Config.Env}} {{.Config.AttachStdin}} {{.Config.AttachStdout}} {{.Config.AttachStderr}} {{.Config.StdinOnce}} {{json .Config}}";
            string[] shown = host.Run("inspect", "-f", Template, id).Succeeded().Text.Split(" {", 2);
            JsonNode config = JsonNode.Parse("{" + shown[1])!;
            string stop = new JsonArray(config["StopSignal"]?.DeepClone(), config["StopTimeout"]?.DeepClone()).ToJsonString();
            Assert.Equal(expected, $"{shown[0]} {stop}");
        }
        finally
        {
            host.Run("rm", id).Succeeded();
        }
    }

    [Fact]
    public void Variables_of_the_image_come_after_those_that_were_given_and_options_of_mounts_are_numbers()
    {
        string image = host.Image(
            new TestImage(
                "with-env",
                "1",
                () => new ImageBuilder().Layer(w => w.File("x", [], 0x1A4)).Set("Env", new JsonArray("A=image", "B=image")).Build()
            )
        );
        string id = host.Run(
                "create",
                "--network",
                "none",
                "-e",
                "C=3",
                "-e",
                "A=1",
                "--mount",
                "type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=700",
                "--mount",
                "type=volume,dst=/v,volume-nocopy",
                image,
                "true"
            )
            .Succeeded()
            .Text;
        Assert.Equal(
            "[\"C=3\",\"A=1\",\"B=image\"] {\"SizeBytes\":1048576,\"Mode\":448} {\"NoCopy\":true,\"DriverConfig\":{}}",
            host.Run(
                    "inspect",
                    "-f",
                    "{{json .Config.Env}} {{json (index .HostConfig.Mounts 0).TmpfsOptions}} {{json (index .HostConfig.Mounts 1).VolumeOptions}}",
                    id
                )
                .Succeeded()
                .Text
        );
        host.Run("rm", "-v", id).Succeeded();
    }

    [Fact]
    public void Templates_give_what_docker_gives()
    {
        string port = "18081";
        host.Run(
                "run",
                "-d",
                "--name",
                "asked",
                "-p",
                $"127.0.0.1:{port}:80",
                "--expose",
                "9/udp",
                "--label",
                "a.b=deep",
                "-e",
                "A=1",
                "--memory",
                "64m",
                "--cpus",
                "0.5",
                "--cap-add",
                "NET_RAW",
                "--security-opt",
                "no-new-privileges",
                "-v",
                "/tmp:/host:ro",
                "--tmpfs",
                "/scratch:size=1m",
                "--restart",
                "on-failure:3",
                Busybox,
                "sleep",
                "1000"
            )
            .Succeeded();
        try
        {
            string id = host.Run("inspect", "-f", "{{.ID}}", "asked").Succeeded().Text;
            foreach (
                (string template, string expected) in (ReadOnlySpan<(string, string)>)
                    [
                        ("{{.State.Status}} {{.State.Running}} {{.State.ExitCode}}", "running true 0"),
                        ("{{.Id}}", id),
                        ("{{.Name}} {{.Path}} {{.Args}}", "/asked sleep [1000]"),
                        ("{{json .Config.Cmd}}", "[\"sleep\",\"1000\"]"),
                        (
                            "{{range $k,$v := .NetworkSettings.Ports}}{{$k}} {{range $v}}{{.HostIp}}:{{.HostPort}}{{end}};{{end}}",
                            $"80/tcp 127.0.0.1:{port};9/udp ;"
                        ),
                        ("{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}", port),
                        ("{{index .Config.Labels \"a.b\"}}", "deep"),
                        (
                            "{{with .NetworkSettings.Networks.bridge}}{{.IPAddress}}{{end}}",
                            host.Run("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "asked").Text
                        ),
                        ("{{range .Config.Env}}{{if eq . \"A=1\"}}yes{{end}}{{end}}", "yes"),
                        (
                            "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.NanoCPUs}} {{.HostConfig.NanoCpus}}",
                            "67108864 134217728 500000000 500000000"
                        ),
                        ("{{.HostConfig.CapAdd}} {{.HostConfig.SecurityOpt}}", "[CAP_NET_RAW] [no-new-privileges]"),
                        ("{{json .HostConfig.Binds}} {{json .HostConfig.Tmpfs}}", "[\"/tmp:/host:ro\"] {\"/scratch\":\"size=1m\"}"),
                        ("{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}", "on-failure:3"),
                        ("{{json .HostConfig.PortBindings}}", $"{{\"80/tcp\":[{{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"{port}\"}}]}}"),
                        ("{{range .Mounts}}{{.Type}} {{.Source}} {{.Destination}} {{.RW}};{{end}}", "bind /tmp /host false;"),
                        ("{{len .HostConfig.MaskedPaths | printf \"%t\" | print | len | lt 0}}{{.HostConfig.IpcMode}}", "trueprivate"),
                    ]
            )
            {
                Assert.Equal(expected, host.Run("inspect", "-f", template, "asked").Succeeded().Text);
            }
            host.Run("inspect", "-f", "{{.Nothing}}", "asked").ExitedWith(1).Complained("there is no field .Nothing");
            host.Run("inspect", "-f", "{{.State.Statuss}}", "asked").ExitedWith(1).Complained("did you mean .Status?");
        }
        finally
        {
            host.Run("rm", "-f", "asked").Succeeded();
        }
    }

    [Fact]
    public void Objects_of_several_kinds_are_found_by_name_and_type_decides_between_them()
    {
        string image = Busybox;
        host.Run("create", "--name", "both", "--network", "none", image, "true").Succeeded();
        host.Run("volume", "create", "both").Succeeded();
        try
        {
            JsonArray all = JsonNode.Parse(host.Run("inspect", "both", image).Succeeded().Text)!.AsArray();
            Assert.Equal("/both", (string?)all[0]!["Name"]);
            Assert.Equal(image, (string?)all[1]!["RepoTags"]![0]);
            Assert.Equal("local", host.Run("inspect", "--type", "volume", "-f", "{{.Driver}}", "both").Succeeded().Text);
            Assert.StartsWith(
                "sha256:",
                host.Run("inspect", "--type", "image", "-f", "{{.Id}}", image).Succeeded().Text,
                StringComparison.Ordinal
            );
            host.Run("inspect", "--type", "image", "both").ExitedWith(1).Complained("No such image: both");
            host.Run("inspect", "--type", "colour", "both").ExitedWith(1).Complained("expected container, image");
            Assert.Matches("^[0-9]+ [0-9]+$", host.Run("inspect", "-s", "-f", "{{.SizeRw}} {{.SizeRootFs}}", "both").Succeeded().Text);
            Assert.Equal("[]", host.Run("inspect", "nosuch").ExitedWith(1).Text);
        }
        finally
        {
            host.Run("rm", "both").Succeeded();
            host.Run("volume", "rm", "both").Succeeded();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("-e|A=b c|-e|Q='\"$x|-w|/tmp|-u|1000:1000|--group-add|1001|--hostname|h|--add-host|a:1.2.3.4")]
    [InlineData(
        "-m|64m|--memory-reservation|32m|--cpus|0.5|--cpuset-cpus|0|--pids-limit|77|--oom-score-adj|5|--ulimit|nofile=100:200|--shm-size|8m"
    )]
    [InlineData(
        "--cap-drop|ALL|--cap-add|CHOWN|--security-opt|no-new-privileges|--security-opt|seccomp=unconfined|--read-only|--init|--sysctl|net.ipv4.ip_forward=1"
    )]
    [InlineData(
        "-v|/tmp:/a:ro|-v|vol:/b|-v|/c|--mount|type=tmpfs,target=/d,tmpfs-size=1m|--tmpfs|/e:size=1m,mode=1777|--mount|type=bind,source=/tmp,target=/f,readonly"
    )]
    [InlineData(
        "-p|127.0.0.1:18090-18091:90-91|-p|93/udp|--expose|94|--dns|1.1.1.1|--dns-search|x.y|--dns-option|ndots:1|--mac-address|02:42:ac:11:00:99"
    )]
    [InlineData("--network|none|--ipc|host|--pid|host|--uts|host|--cgroupns|host|--privileged")]
    [InlineData(
        "--label|a=b|--label|empty=|--annotation|x=y|--restart|on-failure:2|--stop-signal|SIGINT|--stop-timeout|3|--log-opt|max-size=1m|-it"
    )]
    [InlineData(
        "--entrypoint|sh|--device|/dev/null:/dev/nothing:r|--device-cgroup-rule|c 1:5 rwm|--health-cmd|true|--health-interval|5s|--health-retries|2|--umask|0027|--tz|UTC"
    )]
    public void The_command_line_of_a_container_makes_the_same_container(string flags)
    {
        string[] words = flags.Length == 0 ? [] : flags.Split('|');
        host.Run(["create", "--name", "first", .. words, Busybox, "sh", "-c", "echo 'it''s'; exit"]).Succeeded();
        string line = host.Run("inspect", "--run-command", "first").Succeeded().Text;
        string document = host.Run("inspect", "-f", "{{json .HostConfig}}\n{{json .Config}}\n{{.Path}} {{json .Args}}", "first")
            .Succeeded()
            .Text;
        host.Run("rm", "-v", "first").Succeeded();
        Assert.StartsWith("skiff run ", line, StringComparison.Ordinal);
        // A shell reads it: what is quoted must arrive as it was.
        string skiff = string.Join(' ', host.CommandLine().Select(static w => $"'{w}'"));
        Tool.Run("sh", "-c", line.Replace("skiff run ", $"{skiff} create ", StringComparison.Ordinal));
        try
        {
            Assert.Equal(line, host.Run("inspect", "--run-command", "first").Succeeded().Text);
            string again = host.Run("inspect", "-f", "{{json .HostConfig}}\n{{json .Config}}\n{{.Path}} {{json .Args}}", "first")
                .Succeeded()
                .Text;
            // The host name is the beginning of the id where none was given.
            string name = (string)JsonNode.Parse(document.Split('\n')[1])!["Hostname"]!;
            string renamed = (string)JsonNode.Parse(again.Split('\n')[1])!["Hostname"]!;
            Assert.Equal(
                document,
                again
                    .Replace($"\"{renamed}\"", $"\"{name}\"", StringComparison.Ordinal)
                    .Replace($"={renamed}\"", $"={name}\"", StringComparison.Ordinal)
            );
        }
        finally
        {
            host.Run("rm", "-v", "first").Succeeded();
        }
    }
}
