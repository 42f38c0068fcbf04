using System.Text;
using System.Text.Json;
using CsCheck;
using Skiff.Engine.Spec;
using Skiff.Images;
using Skiff.Linux;
using Skiff.Linux.Capabilities;
using Xunit;

namespace Skiff.Tests.Spec;

public sealed class RuntimeSpecJsonTests
{
    private static readonly RuntimeSpec s_full = new()
    {
        Process = new ProcessSpec
        {
            Terminal = true,
            ConsoleSize = new ConsoleSize(24, 80),
            User = new UserSpec
            {
                Uid = 1,
                Gid = 2,
                Umask = 18,
                AdditionalGids = [3, 4],
            },
            Args = ["a", "b \"c\""],
            Env = ["A=é\n"],
            Cwd = "/x",
            Capabilities = new CapabilitiesSpec
            {
                Bounding = ["CAP_KILL"],
                Effective = ["CAP_KILL"],
                Permitted = ["CAP_KILL"],
                Inheritable = ["CAP_KILL"],
                Ambient = ["CAP_KILL"],
            },
            Rlimits = [new RlimitSpec("RLIMIT_NOFILE", 1, ulong.MaxValue)],
            NoNewPrivileges = true,
            ApparmorProfile = "p",
            SelinuxLabel = "l",
            OomScoreAdj = -5,
            IoPriority = new IoPrioritySpec("IOPRIO_CLASS_IDLE", 3),
            Scheduler = new SchedulerSpec("SCHED_DEADLINE", 1, 2, ["SCHED_FLAG_RECLAIM"], 3, 4, 5),
        },
        Root = new RootSpec("rootfs", true),
        Hostname = "h",
        Domainname = "d",
        Mounts =
        [
            new MountSpec
            {
                Destination = "/m",
                Type = "bind",
                Source = "/s",
                Options = ["rbind"],
                UidMappings = [new IdMapping(0, 1, 2)],
                GidMappings = [new IdMapping(3, 4, 5)],
            },
        ],
        Hooks = new HooksSpec
        {
            Prestart = [new HookSpec("/p", ["p"], ["E=1"], 5)],
            CreateRuntime = [new HookSpec("/r", [], [], null)],
            CreateContainer = [new HookSpec("/c", [], [], null)],
            StartContainer = [new HookSpec("/s", [], [], null)],
            Poststart = [new HookSpec("/a", [], [], null)],
            Poststop = [new HookSpec("/z", [], [], null)],
        },
        Annotations = [new NameValue("k", "v")],
        Linux = new LinuxSpec
        {
            Namespaces = [new NamespaceSpec("pid"), new NamespaceSpec("network", "/proc/1/ns/net")],
            UidMappings = [new IdMapping(0, 100000, 65536)],
            GidMappings = [new IdMapping(0, 100000, 65536)],
            Devices =
            [
                new DeviceSpec
                {
                    Path = "/dev/x",
                    Type = 'b',
                    Major = 8,
                    Minor = 1,
                    FileMode = 0x1B6,
                    Uid = 1,
                    Gid = 2,
                },
            ],
            CgroupsPath = "/a/b",
            Resources = new ResourcesSpec
            {
                Devices = [new DeviceRuleSpec(false, 'a', null, null, "rwm"), new DeviceRuleSpec(true, 'c', 1, null, "r")],
                Memory = new MemorySpec
                {
                    Limit = 1,
                    Reservation = 2,
                    Swap = -1,
                    Kernel = 3,
                    KernelTcp = 4,
                    Swappiness = 5,
                    DisableOomKiller = true,
                    UseHierarchy = false,
                    CheckBeforeUpdate = true,
                },
                Cpu = new CpuSpec
                {
                    Shares = 1,
                    Quota = -1,
                    Burst = 2,
                    Period = 3,
                    RealtimeRuntime = 4,
                    RealtimePeriod = 5,
                    Cpus = "0",
                    Mems = "1",
                    Idle = 1,
                },
                PidsLimit = -1,
                BlockIo = new BlockIoSpec
                {
                    Weight = 10,
                    LeafWeight = 11,
                    WeightDevices = [new WeightDevice(1, 2, 3, 4)],
                    ReadBps = [new ThrottleDevice(1, 2, 3)],
                    WriteBps = [new ThrottleDevice(1, 2, 4)],
                    ReadIops = [new ThrottleDevice(1, 2, 5)],
                    WriteIops = [new ThrottleDevice(1, 2, 6)],
                },
                HugepageLimits = [new HugepageLimit("2MB", 5)],
                Network = new NetworkResourcesSpec { ClassId = 7, Priorities = [new NetworkPriority("eth0", 8)] },
                Rdma = [new RdmaLimit("mlx5_1", 1, 2)],
                Unified = [new NameValue("memory.high", "max")],
            },
            Sysctl = [new NameValue("net.core.somaxconn", "5")],
            Seccomp = new SeccompSpec
            {
                DefaultAction = "SCMP_ACT_ERRNO",
                DefaultErrnoRet = 38,
                Architectures = ["SCMP_ARCH_X86_64"],
                Flags = ["SECCOMP_FILTER_FLAG_LOG"],
                ListenerPath = "/l",
                ListenerMetadata = "m",
                Syscalls = [new SeccompRule(["read"], "SCMP_ACT_ALLOW", 1, [new SeccompArgument(1, ulong.MaxValue, 3, "SCMP_CMP_EQ")])],
            },
            RootfsPropagation = "rslave",
            MaskedPaths = ["/a"],
            ReadonlyPaths = ["/b"],
            MountLabel = "l",
            TimeOffsets = [new TimeOffset("boottime", -5, 6)],
            Personality = "LINUX32",
            NetDevices = [new NameValue("eth7", "eth0")],
        },
    };

    [Fact]
    public void A_spec_with_every_member_comes_back_equal() =>
        Assert.Equal(s_full, RuntimeSpecReader.Parse(RuntimeSpecWriter.ToBytes(s_full).Span));

    [Fact]
    public void The_spec_of_any_command_line_comes_back_equal() =>
        OptionSamples.Words.Sample(
            words =>
            {
                RuntimeSpec spec;
                try
                {
                    spec = SpecBuilder
                        .Build(
                            Options.Parse([.. words, "img", "sh"]),
                            new SpecContext
                            {
                                Id = "0123456789abcdef",
                                RootPath = "rootfs",
                                Image = new ImageConfig(),
                                OverlayDirectory = static n => $"/o/{n}",
                                Peer = static n => new PeerContainer(1, n),
                                ImageLayers = static _ => ["/l"],
                            }
                        )
                        .Spec;
                }
                catch (SkiffException)
                {
                    return;
                }
                if (spec.Linux.Seccomp?.ProfilePath is not null)
                {
                    return; // resolved before it is written, see WrittenProfileTests
                }
                Assert.Equal(Resolved(spec), Resolved(RuntimeSpecReader.Parse(RuntimeSpecWriter.ToBytes(spec).Span)));
            },
            iter: 300,
            threads: 1
        );

    // The built-in profile is known again by its rules; those of other capabilities stay rules.
    private static RuntimeSpec Resolved(RuntimeSpec spec)
    {
        CapabilitySet bounding = CapabilitySet.Parse(spec.Process!.Capabilities?.Bounding ?? [], "test");
        SeccompSpec? rules = spec.Linux.Seccomp is { } seccomp ? KernelSeccomp.Resolve(seccomp, bounding) : null;
        return spec with { Linux = spec.Linux with { Seccomp = rules } };
    }

    [Theory]
    [InlineData("1.0.0", true)]
    [InlineData("1.0.2-dev", true)]
    [InlineData("1.3.0", true)]
    [InlineData("1.99.0", true)]
    [InlineData("2.0.0", false)]
    [InlineData("0.9.0", false)]
    [InlineData("1", false)]
    [InlineData("one", false)]
    public void OCI_03_Versions_1_are_accepted(string version, bool good)
    {
        byte[] bytes = Encoding.UTF8.GetBytes($$"""{"ociVersion":"{{version}}"}""");
        if (good)
        {
            Assert.Equal(version, RuntimeSpecReader.Parse(bytes).OciVersion);
        }
        else
        {
            Assert.Throws<SkiffException>(() => RuntimeSpecReader.Parse(bytes));
        }
    }

    [Fact]
    public void OCI_03_Unknown_members_and_nulls_are_ignored()
    {
        RuntimeSpec spec = RuntimeSpecReader.Parse(
            """{"new":{"a":[1,{"b":{}}]},"ociVersion":"1.2.0","mounts":null,"linux":{"seccomp":null,"what":[[]],"resources":{"pids":{"limit":5,"x":1},"y":{}},"namespaces":[{"type":"pid","z":{}},{"type":"ipc"}]},"process":null}"""u8
        );
        Assert.Null(spec.Linux.Seccomp);
        Assert.Equal(5, spec.Linux.Resources.PidsLimit);
        Assert.Equal(["pid", "ipc"], spec.Linux.Namespaces.Select(static n => n.Type));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"ociVersion":"1.0.0"} x""")]
    [InlineData("""{"ociVersion":"1.0.0","mounts":{}}""")]
    [InlineData("""{"ociVersion":"1.0.0","mounts":[{}]}""")]
    [InlineData("""{"ociVersion":"1.0.0","process":[]}""")]
    [InlineData("""{"ociVersion":"1.0.0","process":{"cwd":"x"}}""")]
    [InlineData("""{"ociVersion":"1.0.0","linux":{"resources":{"pids":{"limit":"5"}}}}""")]
    [InlineData("""{"ociVersion":"1.0.0","process":{"user":{"uid":-1}}}""")]
    [InlineData("""{"ociVersion":1}""")]
    public void A_wrong_config_is_refused_with_a_sentence(string json) =>
        Assert.NotEmpty(Assert.Throws<SkiffException>(() => RuntimeSpecReader.Parse(Encoding.UTF8.GetBytes(json))).Message);

    [Fact]
    public void Cut_off_files_are_refused()
    {
        ReadOnlyMemory<byte> whole = RuntimeSpecWriter.ToBytes(s_full);
        for (int length = 0; length < whole.Length; length += 7)
        {
            Assert.Throws<SkiffException>(() => RuntimeSpecReader.Parse(whole.Span[..length]));
        }
    }
}
