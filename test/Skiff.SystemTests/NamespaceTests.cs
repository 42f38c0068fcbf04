using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Namespaces that a container shares with another one.</summary>
public sealed class NamespaceTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    /// <summary>A process that calls setns(2) on a pid namespace stays where it is, and a /proc that it mounts is that of the host.</summary>
    [Fact]
    public void A_joined_pid_namespace_shows_the_others_processes_and_none_of_the_hosts()
    {
        host.Run("run", "-d", "--name", "peer", "--network", "none", Busybox, "sleep", "1000").Succeeded();
        const string Look = "cat /proc/1/comm; readlink /proc/self/ns/pid; ls -d /proc/[0-9]* | wc -l";
        string[] seen = host.Run("exec", "peer", "sh", "-c", Look).Succeeded().Text.Split('\n');
        Assert.Equal("sleep", seen[0]);
        Assert.NotEqual(new FileInfo("/proc/self/ns/pid").LinkTarget, seen[1]);
        foreach (
            string[] flags in (string[][])
                [
                    [],
                    ["-t"],
                    ["--ipc", "container:peer", "--uts", "container:peer"],
                ]
        )
        {
            string[] joined = RunJoined(Look, flags);
            Assert.Equal(seen[..2], joined[..2]);
            Assert.True(int.Parse(joined[2], null) <= 6, string.Join('\n', joined));
        }
        // Without a shell in between: the first process itself is there.
        Assert.Equal(
            "sleep",
            host.Run("run", "--rm", "--network", "none", "--pid", "container:peer", Busybox, "cat", "/proc/1/comm").Succeeded().Text
        );
        host.Run("run", "-d", "--name", "guest", "--network", "none", "--pid", "container:peer", Busybox, "sleep", "1001").Succeeded();
        Assert.Contains("sleep 1001", host.Run("exec", "peer", "ps").Succeeded().Text, StringComparison.Ordinal);
        host.Run("rm", "-f", "peer").Succeeded();
        // The kernel ends everybody in a pid namespace whose first process ends.
        Wait.Until(Ended, 20, () => "the guest outlives its pid namespace");
        bool Ended() => host.Run("inspect", "-f", "{{.State.Status}}", "guest").Succeeded().Text == "exited";
        host.Run("rm", "guest").Succeeded();
    }

    private string[] RunJoined(string script, string[] flags)
    {
        string[] words = ["run", "--rm", "--network", "none", "--pid", "container:peer", .. flags, Busybox, "sh", "-c", script];
        if (!flags.Contains("-t"))
        {
            return host.Run(words).Succeeded().Text.Split('\n');
        }
        using Pty terminal = host.StartOnTerminal(24, 80, words);
        Assert.Equal(0, terminal.WaitForExit());
        return terminal.Screen.Replace("\r", "", StringComparison.Ordinal).TrimEnd().Split('\n');
    }
}
