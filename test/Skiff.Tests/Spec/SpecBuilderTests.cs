using Skiff.Engine.Spec;
using Skiff.Images;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Spec;

public sealed class SpecBuilderTests
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private static SpecContext Context(ImageConfig? image = null) =>
        new()
        {
            Id = Id,
            RootPath = "rootfs",
            Image = image ?? new ImageConfig { Cmd = ["sh"], Env = ["PATH=/bin"] },
            ReadImageFile = static path => path == "/etc/passwd" ? "root:x:0:0::/root:\nwww:x:33:33::/srv:\n"u8.ToArray() : null,
            ResolvConf = "/run/c/resolv.conf",
            Hosts = "/run/c/hosts",
            HostnameFile = "/run/c/hostname",
            AnonymousVolume = static target => "anon" + target.Replace('/', '-'),
            OverlayDirectory = static n => $"/run/c/overlay/{n}",
            ImageLayers = static _ => ["/l/1", "/l/2"],
            Peer = static name => new PeerContainer(4711, name + "-host", "/run/peer/shm"),
            Host = new HostFacts
            {
                Hostname = "machine",
                FindDevice = static path =>
                    path == "/dev/sda"
                        ? new DeviceSpec
                        {
                            Path = path,
                            Type = 'b',
                            Major = 8,
                        }
                    : path == "/dev/fuse"
                        ? new DeviceSpec
                        {
                            Path = path,
                            Major = 10,
                            Minor = 229,
                            FileMode = 0x1B6,
                        }
                    : null,
                SeLinux = true,
                ListDevices = static path =>
                    path == "/dev/snd"
                        ?
                        [
                            new DeviceSpec
                            {
                                Path = "/dev/snd/timer",
                                Major = 116,
                                Minor = 33,
                            },
                        ]
                        : [],
            },
        };

    private static SpecResult Build(string[] words, ImageConfig? image = null) => SpecBuilder.Build(Options.Parse(words), Context(image));

    private static RuntimeSpec Spec(params string[] words) => Build([.. words, "img"]).Spec;

    private static string Refused(params string[] words) => Assert.Throws<SkiffException>(() => Build([.. words, "img"])).Message;

    private static string? Env(RuntimeSpec spec, string name) =>
        spec.Process!.Env.SingleOrDefault(e => e.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

    private static MountSpec? MountOn(RuntimeSpec spec, string path) => spec.Mounts.SingleOrDefault(m => m.Destination == path);

    [Theory]
    [InlineData("e1 e2", "c1", "", null, "e1 e2 c1")]
    [InlineData("e1 e2", "c1", "a b", null, "e1 e2 a b")]
    [InlineData("", "c1 c2", "", null, "c1 c2")]
    [InlineData("", "c1 c2", "a", null, "a")]
    [InlineData("e1", "", "", null, "e1")]
    [InlineData("e1", "c1", "", "x", "x")]
    [InlineData("e1", "c1", "a", "x", "x a")]
    [InlineData("e1", "c1", "a", "", "a")]
    [InlineData("e1", "c1", "", "", null)]
    [InlineData("", "", "", null, null)]
    [InlineData("", "c1", "", """["x","y z"]""", "x|y z")]
    public void RUN_01_Entrypoint_and_command_follow_dockers_matrix(
        string entrypoint,
        string command,
        string words,
        string? flag,
        string? expected
    )
    {
        static string[] Split(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        ImageConfig image = new() { Entrypoint = Split(entrypoint), Cmd = Split(command) };
        string[] line = [.. flag is null ? [] : new[] { "--entrypoint", flag }, "img", .. Split(words)];
        if (expected is null)
        {
            SkiffException error = Assert.Throws<SkiffException>(() => Build(line, image));
            Assert.Equal(125, error.ExitCode);
            Assert.Contains("img", error.Message, StringComparison.Ordinal);
            return;
        }
        Assert.Equal(
            expected.Contains('|', StringComparison.Ordinal) ? expected.Split('|') : Split(expected),
            Build(line, image).Spec.Process!.Args
        );
    }

    [Fact]
    public void RUN_07_The_environment_has_dockers_order_and_each_name_once()
    {
        ImageConfig image = new() { Cmd = ["sh"], Env = ["FOO=image", "PATH=/image", "nonsense", "BAR=1", "BAR=2", "=x"] };
        SpecResult result = Build(["-t", "-e", "FOO", "-e", "NEW=a=b", "-e", "BAR=", "img"], image);
        Assert.Equal(["PATH=/image", "HOSTNAME=0123456789ab", "TERM=xterm", "BAR=", "NEW=a=b", "HOME=/root"], result.Spec.Process!.Env);
    }

    [Theory]
    [InlineData("-u", "www", "/srv")]
    [InlineData("-u", "12345", "/")]
    [InlineData("-e", "HOME=", "/root")]
    [InlineData("-e", "HOME=/x", "/x")]
    public void RUN_06_HOME_comes_from_passwd_when_unset_or_empty(string flag, string value, string home) =>
        Assert.Equal(home, Env(Spec(flag, value), "HOME"));

    [Fact]
    public void SEC_11_The_default_capabilities_are_eleven_with_nothing_inheritable_or_ambient()
    {
        CapabilitiesSpec set = Spec().Process!.Capabilities!;
        Assert.Equal(11, set.Bounding.Count);
        Assert.Equal(set.Bounding, set.Effective);
        Assert.Equal(set.Bounding, set.Permitted);
        Assert.True(set.Inheritable.IsEmpty && set.Ambient.IsEmpty);
        Assert.DoesNotContain("CAP_NET_RAW", set.Bounding);
    }

    [Fact]
    public void SEC_11_A_user_who_is_not_root_has_no_effective_capabilities()
    {
        CapabilitiesSpec set = Spec("-u", "5", "--cap-add", "net_admin").Process!.Capabilities!;
        Assert.Contains("CAP_NET_ADMIN", set.Bounding);
        Assert.True(set.Effective.IsEmpty && set.Permitted.IsEmpty);
    }

    [Fact]
    public void SEC_11_Dropping_all_leaves_what_is_added() =>
        Assert.Equal(["CAP_KILL"], Spec("--cap-drop", "ALL", "--cap-add", "kill").Process!.Capabilities!.Bounding);

    [Fact]
    public void SEC_21_System_paths_are_hidden_unless_said_otherwise()
    {
        Assert.Contains("/proc/kcore", Spec().Linux.MaskedPaths);
        Assert.Contains("/proc/interrupts", Spec().Linux.MaskedPaths);
        Assert.Contains("/proc/sys", Spec().Linux.ReadonlyPaths);
        Assert.Contains("/x", Spec("--security-opt", "mask=/x").Linux.MaskedPaths);
        Assert.DoesNotContain("/proc/scsi", Spec("--security-opt", "unmask=/proc/s*").Linux.MaskedPaths);
        Assert.True(Spec("--security-opt", "unmask=ALL").Linux.MaskedPaths.IsEmpty);
        Assert.True(Spec("--security-opt", "systempaths=unconfined").Linux.ReadonlyPaths.IsEmpty);
    }

    [Fact]
    public void A_privileged_container_is_not_confined()
    {
        RuntimeSpec spec = Spec("--privileged");
        Assert.Equal(41, spec.Process!.Capabilities!.Bounding.Count);
        Assert.Null(spec.Linux.Seccomp);
        Assert.True(spec.Linux.MaskedPaths.IsEmpty && spec.Linux.ReadonlyPaths.IsEmpty);
        Assert.DoesNotContain("ro", MountOn(spec, "/sys")!.Options);
        Assert.Equal([new DeviceRuleSpec(true, 'a', null, null, "rwm")], spec.Linux.Resources.Devices);
    }

    [Fact]
    public void SEC_10_The_cgroup_mount_is_read_only() => Assert.Contains("ro", MountOn(Spec(), "/sys/fs/cgroup")!.Options);

    [Fact]
    public void NET_15_The_namespaces_follow_the_modes()
    {
        Assert.Equal(["mount", "pid", "ipc", "uts", "network", "cgroup"], Spec().Linux.Namespaces.Select(static n => n.Type));
        Assert.Null(Spec("--network", "host").Linux.Namespace("network"));
        Assert.Equal("/proc/4711/ns/net", Spec("--network", "container:web").Linux.Namespace("network")!.Value.Path);
        Assert.Equal("/proc/4711/ns/pid", Spec("--pid", "container:web").Linux.Namespace("pid")!.Value.Path);
        Assert.Null(Spec("--ipc", "host").Linux.Namespace("ipc"));
        Assert.Equal("/dev/shm", MountOn(Spec("--ipc", "host"), "/dev/shm")!.Source);
        Assert.Null(MountOn(Spec("--ipc", "none"), "/dev/shm"));
        RuntimeSpec mapped = Spec("--uidmap", "0:100000:65536");
        Assert.NotNull(mapped.Linux.Namespace("user"));
        Assert.Equal(mapped.Linux.UidMappings, mapped.Linux.GidMappings);
        Assert.Contains("/etc/subuid", Refused("--userns", "private"), StringComparison.Ordinal);
    }

    [Fact]
    public void NET_15_Kernel_parameters_must_belong_to_a_namespace_of_the_container()
    {
        Assert.Contains(new NameValue("net.ipv4.ping_group_range", "0 2147483647"), Spec().Linux.Sysctl);
        Assert.Contains(
            new NameValue("net.ipv4.ip_unprivileged_port_start", "1024"),
            Spec("--sysctl", "net.ipv4.ip_unprivileged_port_start=1024").Linux.Sysctl
        );
        Assert.True(Spec("--network", "host").Linux.Sysctl.IsEmpty);
        Assert.Contains("network", Refused("--network", "host", "--sysctl", "net.core.somaxconn=1"), StringComparison.Ordinal);
        Assert.Contains("whole host", Refused("--sysctl", "vm.swappiness=1"), StringComparison.Ordinal);
        Assert.Contains("--hostname", Refused("--sysctl", "kernel.hostname=x"), StringComparison.Ordinal);
        Assert.NotEmpty(Refused("--ipc", "host", "--sysctl", "kernel.shmmax=1"));
    }

    [Theory]
    [InlineData("0123456789ab", "-i")]
    [InlineData("me", "--hostname=me")]
    [InlineData("machine", "--network=host")]
    [InlineData("web-host", "--network=container:web")]
    [InlineData(null, "--uts=host")]
    public void RUN_12_The_host_name_is_the_short_id_unless_something_says_otherwise(string? expected, string flag) =>
        Assert.Equal(expected, Spec(flag).Hostname);

    [Theory]
    [InlineData("0.5", 50000)]
    [InlineData("1.25", 125000)]
    [InlineData("3", 300000)]
    public void RUN_32_Processors_become_a_quota_of_a_period_of_100_ms(string cpus, long quota) =>
        Assert.Equal(new CpuSpec { Quota = quota, Period = 100000 }, Spec("--cpus", cpus).Linux.Resources.Cpu);

    [Fact]
    public void Limits_are_dockers()
    {
        ResourcesSpec limits = Spec("-m", "64m", "--device-read-bps", "/dev/sda:1mb").Linux.Resources;
        Assert.Equal((67108864L, 134217728L, 2048L), (limits.Memory!.Limit, limits.Memory.Swap, limits.PidsLimit));
        Assert.Equal([new ThrottleDevice(8, 0, 1048576)], limits.BlockIo!.ReadBps);
        Assert.Contains("no block device", Refused("--device-read-bps", "/dev/fuse:1"), StringComparison.Ordinal);
        Assert.Equal(-1, Spec("-m64m", "--memory-swap=-1").Linux.Resources.Memory!.Swap);
    }

    [Fact]
    public void Devices_get_a_node_and_a_rule()
    {
        RuntimeSpec spec = Spec("--device", "/dev/fuse:/dev/f:rw", "--device", "/dev/snd:/dev/sound");
        Assert.Equal(["/dev/f", "/dev/sound/timer"], spec.Linux.Devices.Select(static d => d.Path));
        Assert.Contains(new DeviceRuleSpec(true, 'c', 10, 229, "rw"), spec.Linux.Resources.Devices);
        Assert.Contains("/dev/nothing", Refused("--device", "/dev/nothing"), StringComparison.Ordinal);
    }

    [Fact]
    public void RUN_26_A_missing_source_is_made_for_v_and_required_for_mount()
    {
        SpecResult result = Build(["-v", "/a:/x", "--mount", "type=bind,src=/b,dst=/y", "img"]);
        Assert.Equal(["/a"], result.SourcesToCreate);
        Assert.Equal(["/b"], result.SourcesRequired);
    }

    [Theory]
    [InlineData("rbind,rprivate", "-v/a:/x")]
    [InlineData("rbind,rprivate,rro", "-v/a:/x:ro")]
    [InlineData("rbind,rslave,rro,noexec", "-v/a:/x:ro,rslave,noexec")]
    [InlineData("rbind,rprivate,ro", "--mount=type=bind,src=/a,dst=/x,ro,bind-recursive=writable")]
    [InlineData("bind,rprivate,ro", "--mount=type=bind,src=/a,dst=/x,ro,bind-recursive=disabled")]
    [InlineData("noexec,nosuid,nodev", "--tmpfs=/x")]
    [InlineData("nosuid,nodev,ro,exec,size=5m", "--tmpfs=/x:ro,exec,size=5m")]
    [InlineData("lowerdir=/a,upperdir=/run/c/overlay/0/upper,workdir=/run/c/overlay/0/work", "-v/a:/x:O")]
    [InlineData("ro,lowerdir=/l/2:/l/1", "--mount=type=image,src=i,dst=/x")]
    public void RUN_27_Mount_options_are_those_of_docker(string expected, string flag) =>
        Assert.Equal(expected, string.Join(',', (IEnumerable<string>)MountOn(Spec(flag), "/x")!.Options));

    [Fact]
    public void Mounts_are_made_parents_first_and_replace_the_defaults_on_their_path()
    {
        RuntimeSpec spec = Spec("-v", "/a:/x/y/z", "-v", "/b:/x", "--tmpfs", "/x/y", "-v", "/shm:/dev/shm", "-v", "/h:/etc/hosts");
        string[] targets = [.. spec.Mounts.Select(static m => m.Destination)];
        Assert.Equal(targets.Distinct(), targets);
        Assert.True(Array.IndexOf(targets, "/x") < Array.IndexOf(targets, "/x/y"));
        Assert.True(Array.IndexOf(targets, "/x/y") < Array.IndexOf(targets, "/x/y/z"));
        Assert.Equal("/shm", MountOn(spec, "/dev/shm")!.Source);
        Assert.Equal("/h", MountOn(spec, "/etc/hosts")!.Source);
        Assert.Null(MountOn(Spec("-v", "/dev:/dev"), "/dev/pts"));
    }

    [Fact]
    public void Volumes_of_the_image_become_anonymous_volumes_unless_mounted_by_hand()
    {
        ImageConfig image = new() { Cmd = ["sh"], Volumes = ["/data", "logs/", "/cache"] };
        SpecResult result = Build(["-v", "named:/data:nocopy", "--tmpfs", "/cache", "img"], image);
        Assert.Equal(
            [("named", false, false), ("anon-logs", true, true)],
            result.Volumes.Select(static v => (v.Name, v.Anonymous, v.CopyUp))
        );
        Assert.Equal("/var/lib/skiff/volumes/anon-logs/_data", MountOn(result.Spec, "/logs")!.Source);
    }

    [Fact]
    public void RUN_25_A_read_only_root_can_have_writable_memory()
    {
        RuntimeSpec spec = Spec("--read-only", "--read-only-tmpfs", "-v", "/a:/tmp");
        Assert.True(spec.Root!.ReadOnly);
        Assert.Equal(("tmpfs", "bind"), (MountOn(spec, "/run")!.Type, MountOn(spec, "/tmp")!.Type));
    }

    [Theory]
    [InlineData("", "SIGTERM")]
    [InlineData("9", "SIGKILL")]
    [InlineData("SIGRTMIN+3", "SIGRTMIN+3")]
    [InlineData("SIGWHAT", "SIGTERM")]
    public void RUN_13_The_stop_signal_is_the_images(string signal, string expected)
    {
        SpecResult result = Build(["img"], new ImageConfig { Cmd = ["sh"], StopSignal = signal });
        Assert.Equal(expected, result.StopSignal);
        Assert.Equal(signal == "SIGWHAT" ? 1 : 0, result.Warnings.Count);
    }

    [Theory]
    [InlineData("/proc", "-v", "/host:/proc")]
    [InlineData("/proc/self/attr", "-v", "/host:/proc/self/attr")]
    [InlineData("/proc/x", "--tmpfs", "/proc/x")]
    [InlineData("/proc/acpi", "--mount", "type=volume,source=vv,target=/proc/acpi")]
    [InlineData("/proc/sys", "--mount", "type=bind,source=/host,target=/data/../proc/sys")]
    public void SEC_07_Nothing_is_mounted_inside_proc(string path, params string[] flags) =>
        Assert.StartsWith($"nothing may be mounted on {path}: ", Refused(flags), StringComparison.Ordinal);

    [Fact]
    public void SEC_07_An_image_cannot_put_a_volume_over_proc() =>
        Assert.Contains(
            "/proc/self, a volume of the image",
            Assert
                .Throws<SkiffException>(() => Build(["img"], new ImageConfig { Cmd = ["sh"], Volumes = ["/data", "/./proc/self/"] }))
                .Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void SEC_07_The_kernels_own_proc_and_the_files_of_lxcfs_may_be_mounted()
    {
        RuntimeSpec spec = Spec("-v", "/proc:/proc", "-v", "/var/lib/lxcfs/proc/meminfo:/proc/meminfo", "-v", "/x:/process");
        Assert.Equal("/proc", MountOn(spec, "/proc")!.Source);
        Assert.NotNull(MountOn(spec, "/proc/meminfo"));
        Assert.NotNull(MountOn(spec, "/process"));
    }

    [Fact]
    public void To_be_unconfined_by_what_is_not_applied_is_granted() =>
        Assert.Null(Spec("--security-opt", "apparmor=unconfined", "--security-opt", "label=disable").Process!.ApparmorProfile);

    [Theory]
    [InlineData("--storage-opt", "size=1g")]
    [InlineData("--link-local-ip", "169.254.3.3")]
    [InlineData("--network", "name=bridge,driver-opt=a=b")]
    [InlineData("--security-opt", "apparmor=docker-default")]
    [InlineData("--security-opt", "label=type:container_t")]
    public void What_is_not_done_is_refused_instead_of_ignored(string flag, string value) =>
        Assert.StartsWith(flag, Refused(flag, value), StringComparison.Ordinal);

    [Fact]
    public void SEC_02_A_working_directory_among_descriptors_is_refused() =>
        Assert.Contains("CVE-2024-21626", Refused("-w", "/proc/self/fd/7"), StringComparison.Ordinal);

    [Fact]
    public void A_directory_can_stand_for_an_image()
    {
        SpecResult result = SpecBuilder.Build(Options.Parse("--rootfs", "tree", "sh", "-c", "true"), Context() with { Image = null });
        Assert.Equal(["sh", "-c", "true"], result.Spec.Process!.Args);
        Assert.Equal("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", result.Spec.Process.Env[0]);
    }

    [Fact]
    public void Idmap_needs_a_map()
    {
        Assert.Contains("idmap=uids", Refused("-v", "/a:/x:idmap"), StringComparison.Ordinal);
        Assert.Equal([new IdMapping(0, 1000, 1)], MountOn(Spec("-v", "/a:/x:idmap=uids=0-1000-1;gids=0-1000-1"), "/x")!.UidMappings);
    }
}
