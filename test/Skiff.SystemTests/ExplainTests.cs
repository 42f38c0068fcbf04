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

    [Fact]
    public void The_machine_code_is_what_its_sources_say()
    {
        Tool.Require("aarch64-linux-gnu-as");
        Tool.Run("bash", Path.Combine(Workspace.Repository, "scripts", "assemble.sh"), "--check");
    }
}
