using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>A lesson that is not what happens is worse than none: strace is the judge.</summary>
public sealed partial class ExplainDriftTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private const string Watched =
        "clone,clone3,mount,umount2,setns,unshare,pivot_root,open_tree,fsopen,fsconfig,fsmount,move_mount,mount_setattr,sethostname,setresuid,setresgid,setgroups,capset,seccomp,keyctl,prctl,prlimit64,sendto,sendmsg,execveat";

    [Theory]
    [InlineData("-p", "18199:80")]
    [InlineData("--network", "none")]
    [InlineData("--network", "none", "--uidmap", "0:100000:65536", "-v", "drift:/v")]
    [InlineData(
        "--network",
        "none",
        "--read-only",
        "--tmpfs",
        "/tmp",
        "-m",
        "64m",
        "--user",
        "1000:1000",
        "--cap-add",
        "NET_ADMIN",
        "--security-opt",
        "no-new-privileges"
    )]
    [InlineData(
        "--network",
        "none",
        "-v",
        "/usr/share:/share:ro",
        "--hostname",
        "named",
        "--init",
        "--ulimit",
        "nofile=512",
        "--device",
        "/dev/zero:/dev/nought",
        "--ipc",
        "host"
    )]
    [InlineData("--network", "none", "--secret", "tide", "--secret", "tide,target=/etc/tide,uid=5,mode=0400")]
    [InlineData("--network", "none", "--uidmap", "0:100000:65536", "--secret", "tide", "--secret", "tide,target=/etc/tide")]
    [InlineData("--network", "host", "--privileged", "--pid", "host", "--uts", "host", "--cgroupns", "host")]
    [InlineData("--network", "drift")]
    [InlineData("--network", "drift", "--network-alias", "sloop", "--ip", "10.88.7.9", "-p", "18196:80")]
    [InlineData("--network", "name=drift,alias=sloop,ip=10.88.7.10", "--network", "bridge", "--mac-address", "92:d0:c6:0a:29:33")]
    [InlineData("--network", "drift", "--network", "away")]
    public void Every_change_is_a_step_of_the_plan_in_its_order(params string[] flags)
    {
        Tool.Require("strace");
        string image = host.Image(TestImages.Busybox);
        Prepare();
        // What the first container of a host finds missing is made once: the second shows the plan of every later one.
        host.Run(["run", "--rm", .. flags, image, "true"]).Succeeded();
        string log = Path.Combine(host.Directory, $"strace{Math.Abs(string.Join('-', flags).GetHashCode(StringComparison.Ordinal))}");
        Trace(log, Watched, ["run", "--rm", .. flags, image, "true"]);
        IReadOnlyList<SeenCall> seen = SeenCall.ReadAll(log);
        string id = ContainerId().Match(File.ReadAllText(log)).Value;
        JsonArray steps = JsonNode.Parse(host.Run(["explain", "run", "--rm", "--json", .. flags, image, "true"]).Succeeded().Output)![
            "steps"
        ]!.AsArray();
        SeenCall birth = Assert.Single(seen, c => IsBirth(c.Text));
        // The plan ends with the trampoline; what the target does is its own business.
        List<SeenCall> container = [.. seen.Where(c => c.Process == birth.Result)];
        int end = container.FindIndex(c => c.Text.StartsWith("execveat(", StringComparison.Ordinal));
        Compare(container.Take(end), Planned(steps, "container"), id);
        Compare(seen.Where(c => c.Process == birth.Process && IsChange(c.Text)), Planned(steps, "host"), id);
        SeenCall? ahead = seen.FirstOrDefault(c => IsHeadStart(c.Text));
        Assert.Equal(Planned(steps, "host").Any(IsHeadStart), ahead is not null);
        if (ahead is not null)
        {
            bool IsChangeOfIts(SeenCall c) => c.Process == ahead.Result && !c.Text.StartsWith("prctl(", StringComparison.Ordinal);
            Compare(seen.Where(c => c == ahead || IsChangeOfIts(c)), Planned(steps, "host"), id);
        }
    }

    /// <summary>Directories, files, links and values of the host that are made and removed outside of the container, by whom and when ever: each that is seen is told, and each that is told is seen.</summary>
    [Theory]
    [InlineData("--rm", "--network", "none", "-m", "64m")]
    [InlineData("--rm", "-p", "18198:80")]
    [InlineData("--rm")]
    [InlineData("--rm", "--network", "none", "--secret", "tide,type=env")]
    [InlineData("--name", "kept", "--network", "none", "--cpus", "0.5")]
    [InlineData("--rm", "--network", "drift", "--network-alias", "sloop", "--ip", "10.88.7.9", "--ip6", "fd88:7::9", "-p", "18198:80")]
    [InlineData("--name", "kept", "--network", "drift", "--network", "bridge")]
    public void Every_file_of_the_host_that_changes_is_told(params string[] flags)
    {
        Tool.Require("strace");
        string image = host.Image(TestImages.Busybox);
        Prepare();
        // One that stays: the network, and what the first container of a host finds missing, is there.
        string[] networks = ["--network", "bridge", "--network", "drift", "--network", "away"];
        using RunningCommand stays = host.Start(["run", "--rm", .. networks, image, "sh", "-c", "echo up; sleep 1000"]);
        stays.WaitForOutput("up");
        host.Run("run", "--rm", "-p", "18197:80", image, "true").Succeeded();
        string[] explained =
        [
            .. JsonNode.Parse(host.Run(["explain", "run", "--json", .. flags, image, "true"]).Succeeded().Output)!["steps"]!
                .AsArray()
                .SelectMany(s => s!["calls"]!.AsArray())
                .Select(c => c!["text"]!.GetValue<string>()),
        ];
        string log = Path.Combine(host.Directory, $"files{Math.Abs(string.Join('-', flags).GetHashCode(StringComparison.Ordinal))}");
        Trace(
            log,
            "mkdir,mkdirat,rmdir,unlink,unlinkat,symlink,symlinkat,link,linkat,rename,renameat,renameat2,open,openat,write,close,clone,clone3",
            ["run", .. flags, image, "true"]
        );
        string id = ContainerId().Match(File.ReadAllText(log)).Value;
        IReadOnlyList<SeenCall> seen = SeenCall.ReadAll(log);
        int engine = seen.Single(c => IsBirth(c.Text)).Process;
        int child = seen.Single(c => IsBirth(c.Text)).Result;
        int ahead = seen.FirstOrDefault(c => IsHeadStart(c.Text))?.Result ?? -1;
        FileChanges changes = new(host.Root, host.Runroot);
        string[] done = changes.Seen(seen.Where(c => c.Process == engine || c.Process == child || c.Process == ahead), id);
        string[] told = changes.Told(explained, ExampleId);
        // What containers share is made by the first; the later ones find it.
        string[] more =
        [
            .. told.Except(done).Where(c => !c.StartsWith("mkdir ", StringComparison.Ordinal) || !Directory.Exists(c.Split(' ')[1])),
        ];
        Assert.NotEmpty(told);
        string[] untold = [.. done.Except(told)];
        Assert.True(untold.Length == 0, string.Join('\n', untold));
        Assert.True(more.Length == 0, string.Join("\n", more));
        host.Run("rm", "-f", "kept");
    }

    /// <summary>What the flags of the cases name.</summary>
    private void Prepare()
    {
        host.RunWithInput("high"u8.ToArray(), "secret", "create", "--ignore", "tide", "-").Succeeded();
        host.Run("network", "create", "--subnet", "10.88.7.0/24", "--subnet", "fd88:7::/64", "--ip-range", "10.88.7.128/25", "drift");
        host.Run("network", "create", "away");
    }

    private void Trace(string log, string calls, string[] words) =>
        Tool.Run(["strace", "-f", "-s", "65536", "-o", log, "-e", "trace=" + calls, .. host.CommandLine(words)]);

    /// <summary>The calls of the plan: branches that were not taken may be missing from what is seen, nothing seen may be missing from the plan.</summary>
    private static Queue<string> Planned(JsonArray steps, string place) =>
        new(
            steps
                .Where(s => s!["place"]!.GetValue<string>() == place)
                .SelectMany(s => s!["calls"]!.AsArray())
                .Select(c => c!["text"]!.GetValue<string>())
        );

    private static void Compare(IEnumerable<SeenCall> seen, Queue<string> planned, string id)
    {
        Queue<string> keys = new(planned.Select(p => CallKey.Of(p, id: ExampleId)));
        List<string> passed = [];
        int compared = 0;
        foreach (SeenCall call in seen)
        {
            string key = CallKey.Of(call.Text, id);
            if (key == "netlink ")
            {
                continue; // the byte that releases the child, a question, a dump
            }
            passed.Clear();
            string? next;
            while (keys.TryDequeue(out next) && next != key)
            {
                passed.Add(next);
            }
            Assert.True(
                next == key,
                $"not in the plan, or not there: {call.Text}\nlooked for: {key}\nafter step {compared} the plan has:\n{string.Join('\n', passed.Take(40))}"
            );
            compared++;
        }
        Assert.True(compared > 0, "nothing was compared");
    }

    /// <summary>What the launcher does beside: its runtime's calls, the joining of the test's network namespace.</summary>
    private static bool IsChange(string call) =>
        IsBirth(call)
        || Array.Exists(
            ["sendto(", "fsopen(", "fsconfig(", "fsmount(", "open_tree(", "mount_setattr(", "move_mount("],
            name => call.StartsWith(name, StringComparison.Ordinal)
        );

    /// <summary>The process that begins before the runtime.</summary>
    private static bool IsHeadStart(string call) =>
        call.StartsWith("clone(", StringComparison.Ordinal) && call.Contains("CLONE_PIDFD", StringComparison.Ordinal);

    private static bool IsBirth(string call) =>
        call.StartsWith("clone3(", StringComparison.Ordinal)
        && (call.Contains("CLONE_NEWPID", StringComparison.Ordinal) || call.Contains("CLONE_NEWNS", StringComparison.Ordinal));

    private const string ExampleId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [GeneratedRegex("(?<=containers/)[0-9a-f]{64}")]
    private static partial Regex ContainerId();
}
