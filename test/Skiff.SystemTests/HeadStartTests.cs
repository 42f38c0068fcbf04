using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The process that begins before the runtime: it must be gone when its command is, and its death or failure may cost time but nothing else.</summary>
public sealed class HeadStartTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private const string Name = "skiff-ahead";

    private string Busybox => host.Image(TestImages.Busybox);

    /// <summary>Process 1 of many containers and CI runners reaps nothing: what the engine leaves to it stays for good.</summary>
    [Theory]
    [InlineData("run --rm --network none IMAGE true", 0)]
    [InlineData("run --rm --network none IMAGE false", 1)]
    [InlineData("run --rm --network none IMAGE /none", 127)]
    [InlineData("run --rm IMAGE true", 0)]
    [InlineData("run --rm --network host IMAGE true", 0)]
    [InlineData("run --rm --network none -m 16m IMAGE true", 0)]
    [InlineData("run --rm --network none --pull never none:1", 125)]
    [InlineData("run --nonsense", 125)]
    [InlineData("run --help", 0)]
    [InlineData("run -d --rm --network none IMAGE true", 0)]
    public void Nothing_of_it_is_left_for_process_1(string line, int code)
    {
        string[] words = host.CommandLine(line.Replace("IMAGE", Busybox, StringComparison.Ordinal).Split(' '));
        int program = Array.IndexOf(words, Workspace.Binary);
        string command = string.Join(' ', words[program..]);
        string script = $"code=0; {command} >/dev/null 2>&1 || code=$?; cat /proc/[0-9]*/comm; exit $code";
        CommandResult result = Tool.Try([.. words[..program], "unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", script]);
        Assert.Equal(code, result.ExitCode);
        Assert.DoesNotContain(Name, result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--network", "none")]
    [InlineData("--network", "none", "-m", "16m")]
    [InlineData("--network", "none", "--cgroupns", "host")]
    public void It_ends_when_the_container_runs(params string[] flags)
    {
        using RunningCommand run = host.Start([
            "run",
            "--rm",
            .. flags,
            Busybox,
            "sh",
            "-c",
            "trap 'exit 4' TERM; echo up; sleep 1000 & wait",
        ]);
        run.WaitForOutput("up");
        Wait.Until(() => !Children(run.Pid).Contains(Name), 10, () => string.Join(' ', Children(run.Pid)));
        run.Signal(15);
        Assert.Equal(4, run.WaitForExit().ExitCode);
    }

    /// <summary>By whomever, before it has made a namespace or a cgroup.</summary>
    [Theory]
    [InlineData("dup2", "--network", "none")]
    [InlineData("dup2", "-d", "--network", "none")]
    [InlineData("pidfd_getfd")]
    public void Killed_it_leaves_nothing_and_a_sentence(string call, params string[] flags)
    {
        Tool.Require("strace");
        string[] trace = ["strace", "-f", "-o", "/dev/null", "-e", $"trace={call}", "-e", $"inject={call}:signal=KILL:when=1"];
        CommandResult result = Traced(trace, ["run", "--rm", .. flags, Busybox, "true"]);
        Assert.Equal(125, result.ExitCode);
        Assert.Contains("was killed", result.Error, StringComparison.Ordinal);
        Assert.Empty(host.Run("ps", "-aq").Succeeded().Lines);
    }

    [Theory]
    [InlineData("unshare:error=ENOSPC", "--network", "none")]
    [InlineData("unshare:error=ENOSPC", "--network", "bridge")]
    [InlineData("unshare:error=ENOSPC", "-d", "--network", "none")]
    public void Namespaces_that_cannot_be_had_are_the_kernels_error(string fault, params string[] flags)
    {
        Tool.Require("strace");
        string[] trace = ["strace", "-f", "-o", "/dev/null", "-e", "trace=unshare", "-e", $"inject={fault}"];
        CommandResult result = Traced(trace, ["run", "--rm", .. flags, Busybox, "true"]);
        Assert.Equal(125, result.ExitCode);
        Assert.Contains("unshare", result.Error, StringComparison.Ordinal);
        Assert.Empty(host.Run("ps", "-aq").Succeeded().Lines);
    }

    [Fact]
    public void A_cgroup_that_it_cannot_make_is_the_kernels_error()
    {
        Tool.Require("strace");
        string[] trace = ["strace", "-f", "-o", "/dev/null", "-e", "trace=mkdirat", "-e", "inject=mkdirat:error=ENOSPC:when=3+"];
        CommandResult result = Traced(trace, ["run", "--rm", "--network", "none", Busybox, "true"]);
        Assert.Equal(125, result.ExitCode);
        Assert.Contains("No space left", result.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(host.Run("ps", "-aq").Succeeded().Lines);
    }

    [Fact]
    public void Other_commands_have_none()
    {
        Tool.Require("strace");
        string image = Busybox;
        foreach (
            string[] words in (string[][])
                [
                    ["ps"],
                    ["images"],
                    ["explain", "run", image],
                    ["inspect", image],
                    ["version"],
                ]
        )
        {
            CommandResult result = Tool.Run(["strace", "-f", "-e", "trace=clone", .. host.CommandLine(words)]);
            Assert.DoesNotContain("CLONE_PIDFD", result.Error, StringComparison.Ordinal);
        }
    }

    private CommandResult Traced(string[] trace, string[] words) =>
        Tool.Try(["timeout", "-s", "KILL", "30", .. trace, .. host.CommandLine(words)]);

    private static string[] Children(int engine) =>
        [
            .. ProcessTable
                .Read($"/proc/{engine}/task/{engine}/children")
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(p => ProcessTable.Read($"/proc/{p}/comm").Trim()),
        ];
}
