using System.Text.Json.Nodes;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary><c>explain run</c> and <c>run --trace</c> of the published binary.</summary>
public sealed class ExplainTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    [Fact]
    public void Every_step_has_a_reason_and_calls_and_nothing_is_made()
    {
        string root = Path.Combine(host.Directory, "nothing");
        CommandResult result = Tool.Run(Workspace.Binary, "--root", root, "explain", "run", "--json", "absent", "true");
        JsonArray steps = JsonNode.Parse(result.Output)!["steps"]!.AsArray();
        Assert.All(steps, s => Assert.NotEmpty(s!["why"]!.GetValue<string>()));
        Assert.All(steps, s => Assert.NotEmpty(s!["calls"]!.AsArray()));
        Assert.DoesNotContain("syscall_", result.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(root));
    }

    [Theory]
    [InlineData("--log-opt", "max-size=x")]
    [InlineData("--log-driver", "nosuch")]
    [InlineData("--cpuset-cpus", "4000")]
    [InlineData("--user", "nosuch")]
    public void What_run_refuses_explain_refuses_too(string flag, string value)
    {
        string image = host.Image(TestImages.Busybox);
        string run = host.Run("run", "--rm", "--network", "none", flag, value, image, "true").ExitedWith(125).Error;
        Assert.Equal(run, host.Run("explain", "run", "--network", "none", flag, value, image, "true").ExitedWith(125).Error);
    }

    /// <summary>A flag that no table knows is told as a number: none of those that a start can have may be.</summary>
    [Theory]
    [InlineData("--rm")]
    [InlineData("-d")]
    [InlineData("-it", "--init")]
    [InlineData("--privileged", "-v", "/tmp:/d:rw,rshared")]
    [InlineData("--uidmap", "0:100000:65536", "--mount", "type=bind,src=/tmp,dst=/d,ro,bind-propagation=rslave")]
    [InlineData("--network", "host", "--device", "/dev/null:/dev/x:r", "--read-only", "--tmpfs", "/t:size=1m,mode=700")]
    public void Every_flag_of_a_call_has_its_name(params string[] flags)
    {
        string root = Path.Combine(host.Directory, "nothing");
        string text = Tool.Run([Workspace.Binary, "--root", root, "explain", "run", .. flags, "absent", "true"]).Output;
        Assert.All(
            text.Split('\n').Where(static l => l.StartsWith("     ", StringComparison.Ordinal)),
            static l =>
                Assert.True(
                    l.Contains("require ", StringComparison.Ordinal)
                        || l.Contains("meta mark", StringComparison.Ordinal)
                        || !System.Text.RegularExpressions.Regex.IsMatch(l, @"[(|=, ]0x[0-9a-f]|signal 0|syscall_"),
                    l
                )
        );
    }

    [Fact]
    public void A_pull_is_explained_for_machines_too()
    {
        string root = Path.Combine(host.Directory, "nothing");
        string[] words = [Workspace.Binary, "--root", root, "explain", "pull", "127.0.0.1:1/x"];
        string text = Tool.Run(words).Output;
        JsonNode json = JsonNode.Parse(Tool.Run([.. words, "--json"]).Output)!;
        Assert.Equal("127.0.0.1:1/x:latest", json["reference"]!.GetValue<string>());
        foreach (JsonNode? step in json["steps"]!.AsArray())
        {
            Assert.Contains(step!["request"]!.GetValue<string>(), text, StringComparison.Ordinal);
            Assert.Contains(step["why"]!.GetValue<string>(), text, StringComparison.Ordinal);
            Assert.NotEmpty(step["answers"]!.AsArray());
        }
        Assert.False(Directory.Exists(root));
    }

    [Fact]
    public void The_machine_code_is_what_its_sources_say()
    {
        Tool.Require("aarch64-linux-gnu-as");
        Tool.Run("bash", Path.Combine(Workspace.Repository, "scripts", "assemble.sh"), "--check");
    }
}
