using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Skiff.Engine.Network;
using Skiff.Engine.Plan;
using Skiff.Engine.Spec;
using Skiff.Images;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Spawning;
using Skiff.Tests.Spec;
using Xunit;

namespace Skiff.Tests.Plan;

/// <summary>Whole programs of a container's first process, call by call, beside this source; <c>SKIFF_UPDATE_GOLDENS=1</c> writes them anew, and the change is reviewed like code.</summary>
public sealed class ProgramGoldenTests
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Unified = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";
    private const string Hybrid = """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        36 31 0:33 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw

        """;

    [Theory]
    [InlineData("plain", Unified, "0::/\n", "--network none alpine")]
    [InlineData("hybrid", Hybrid, "2:pids:/\n1:memory:/\n0::/\n", "--network none -m 64m alpine")]
    [InlineData(
        "terminal",
        Unified,
        "0::/\n",
        "--network none -it --init -u 5:6 -w /src --ulimit nofile=1024 --read-only --tmpfs /tmp:size=8m -v /src:/data:ro,rslave alpine"
    )]
    [InlineData(
        "host",
        Unified,
        "0::/\n",
        "--network host --pid host --ipc host --cap-drop ALL --security-opt no-new-privileges --security-opt seccomp=unconfined alpine"
    )]
    [InlineData("early", Hybrid, "2:pids:/\n1:memory:/\n0::/\n", "--network none --tmpfs /tmp -v /src:/data alpine")]
    [InlineData("ahead", Hybrid, "2:pids:/\n1:memory:/\n0::/\n", "--network none alpine")]
    [InlineData("privileged", Unified, "0::/\n", "--network none --privileged --hostname box --sysctl net.ipv4.ip_forward=1 alpine")]
    public void The_program_of_a_command_line_is_the_reviewed_one(string name, string mounts, string membership, string line)
    {
        CgroupLayout layout = CgroupLayout.Parse(Encoding.UTF8.GetBytes(mounts), Encoding.UTF8.GetBytes(membership));
        RuntimeSpec spec = SpecBuilder.Build(Options.Parse(line.Split(' ')), Context()).Spec;
        using HeadStart? ahead = name == "ahead" ? HeadStart.Example(HeadStart.Namespaces) : null;
        LaunchInput input = new()
        {
            Spec = spec,
            ContainerDirectory = "/var/lib/skiff/containers/ID",
            LayerRoot = "/var/lib/skiff",
            Layers = ["l/lower", "l/upper"],
            Volatile = true,
            BornEarly = name is "early" or "ahead",
            Ahead = ahead,
            ListsLayers = true,
            MountsOnDetached = name == "ahead", // Linux 6.15
            Network = name is "early" or "ahead" ? BridgeLease.LoopbackOnly : [],
            Cgroup = Cgroup.Plan(layout, "/skiff", "ID", Resources.None),
            CgroupLayout = layout,
            DiesWithParent = true,
            ConsoleSocket = line.Contains("-it", StringComparison.Ordinal) ? 9 : -1,
            SeccompFilter = spec.Linux.Seccomp is null ? null : new byte[16],
        };
        using LaunchPlan plan = LaunchPlanner.Make(input, null);
        string actual = Text(plan);
        string path = Path.Combine(Path.GetDirectoryName(Here())!, "Goldens", name + ".txt");
        if (Environment.GetEnvironmentVariable("SKIFF_UPDATE_GOLDENS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual, new UTF8Encoding(false));
        }
        Assert.Equal(File.ReadAllText(path), actual);
    }

    private static SpecContext Context() =>
        new()
        {
            Id = Id,
            RootPath = "/var/lib/skiff/containers/ID",
            Image = new ImageConfig { Cmd = ["/bin/sh"], Env = ["PATH=/usr/bin:/bin"] },
            ResolvConf = "/run/skiff/ID/resolv.conf",
            Hosts = "/run/skiff/ID/hosts",
            HostnameFile = "/run/skiff/ID/hostname",
            Host = new HostFacts
            {
                Hostname = "machine",
                FindDevice = static _ => null,
                ListDevices = static _ => [],
            },
        };

    private static string Text(LaunchPlan plan)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"clone3 {plan.Namespaces}\n");
        foreach (PlanStep step in plan.Steps.Where(static s => s.Program is not null))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n# {(step.Place == Place.Host ? "[host] " : "")}{step.Why}\n");
            for (int i = step.First; i < step.End; i++)
            {
                text.Append(step.Program!.Describe(i)).Append('\n');
            }
        }
        return text.ToString();
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
