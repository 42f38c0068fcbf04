using System.Text.Json.Nodes;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>A lesson that is not what happens is worse than none: strace is the judge.</summary>
public sealed class ExplainDriftTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private const string Watched = "mount,setns,unshare,pivot_root,capset,seccomp,move_mount,fsmount,mount_setattr";

    [Theory]
    [InlineData("--network", "none")]
    [InlineData("--network", "none", "--read-only", "--tmpfs", "/tmp", "-m", "64m")]
    public void Every_call_that_makes_a_container_is_a_step_in_its_order(params string[] flags)
    {
        Tool.Require("strace");
        string image = host.Image(TestImages.Busybox);
        string log = Path.Combine(host.Directory, $"strace{flags.Length}");
        string[] run = ["run", "--rm", .. flags, image, "true"];
        Tool.Run(["strace", "-f", "-o", log, "-e", "trace=" + Watched, .. host.CommandLine(run)]);
        JsonArray steps = JsonNode.Parse(host.Run(["explain", "run", "--json", .. run[1..]]).Succeeded().Output)!["steps"]!.AsArray();
        Queue<string> planned = new(
            steps
                .SelectMany(s => s!["calls"]!.AsArray())
                .Select(c => c!["name"]!.GetValue<string>())
                .Where(n => Watched.Split(',').Contains(n))
        );
        // The container's process is the one that pivots; branches not taken may be missing from what is seen, never from the plan.
        string[] lines = File.ReadAllLines(log);
        string pid = lines.First(l => l.Contains("pivot_root(", StringComparison.Ordinal)).Split(' ')[0];
        foreach (
            string line in lines.Where(l => l.StartsWith(pid + " ", StringComparison.Ordinal) && l.Contains('(', StringComparison.Ordinal))
        )
        {
            string name = line[pid.Length..].TrimStart().Split('(')[0];
            while (planned.TryDequeue(out string? next) && next != name) { }
            Assert.True(planned.Count > 0 || name is "capset" or "seccomp", $"not in the plan, or not there: {line}");
        }
    }
}
