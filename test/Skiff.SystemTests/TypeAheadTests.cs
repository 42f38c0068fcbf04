using System.Security.Cryptography;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Input that is there before the container, its monitor or its command is: none of it is lost, whatever starts the container and whenever it was typed.</summary>
public sealed class TypeAheadTests(SkiffHost host) : IClassFixture<SkiffHost>, IDisposable
{
    // Not the default: a terminal that is not raw yet takes ctrl-q for itself (IXON).
    private const string Detach = "\u0018q";
    private const string Echo = "while read -r w n; do [ $w = end ] && exit $n; echo \"got $w.\"; done";

    private string Busybox => host.Image(TestImages.Busybox);

    public void Dispose() => host.EndTest();

    // A monitor comes to life a few milliseconds after its command could write to it: what is typed before is there at once.
    [Theory]
    [InlineData("run", "--rm")]
    [InlineData("run", "--health-cmd=true")]
    [InlineData("run", "--pid=host")] // begins again with a file of its own
    [InlineData("run", "--restart=on-failure:1")]
    [InlineData("create", "start -ai")]
    [InlineData("run -d", "start -ai")]
    [InlineData("run -d", "attach")]
    [InlineData("run -d", "exec -it")]
    public void What_is_typed_before_the_container_runs_is_its_input(string first, string second)
    {
        bool direct = second.StartsWith('-');
        for (int round = 0; round < 6; round++)
        {
            string[] container = ["-it", "--name", "ahead", "--network", "none", Busybox, "sh", "-c", Echo];
            if (!direct)
            {
                host.Run([.. first.Split(' '), .. container]).Succeeded();
            }
            string[] words =
                direct ? [first, second, .. container]
                : second == "exec -it" ? ["exec", "-it", "ahead", "sh", "-c", Echo]
                : [.. second.Split(' '), "ahead"];
            using (Pty pty = host.StartOnTerminal(24, 80, words))
            {
                // At once, or in the very moment in which the command begins to read.
                if (round % 2 == 1)
                {
                    Wait.Until(() => pty.IsRaw, 20, () => pty.Screen);
                }
                pty.Type("one\n");
                pty.Type("two\nend 0\n");
                Assert.Equal(0, pty.WaitForExit());
                Assert.Contains("got one.", pty.Screen, StringComparison.Ordinal);
                Assert.Contains("got two.", pty.Screen, StringComparison.Ordinal);
            }
            host.Run("rm", "-f", "ahead");
        }
    }

    [Theory]
    [InlineData("run --rm -i -a stdin -a stdout")]
    [InlineData("run --rm -i --log-driver json-file")]
    [InlineData("run --rm -i --sig-proxy=false")]
    [InlineData("run --rm -i --health-cmd true")]
    [InlineData("run --rm -i")]
    [InlineData("start")]
    public void Piped_input_of_every_length_arrives_whole_and_ends(string way)
    {
        foreach (int length in (int[])[0, 1, 62, 63, 64, 65, 4096, 16383, 16384, 16385, 70_000, 300_000])
        {
            byte[] input = RandomNumberGenerator.GetBytes(length);
            string[] rest = ["--network", "none", Busybox, "cat"];
            if (way == "start")
            {
                host.Run(["create", "--rm", "-i", "--name", "piped", .. rest]).Succeeded();
            }
            string[] words = way == "start" ? ["start", "-ai", "piped"] : [.. way.Split(' '), .. rest];
            CommandResult result = host.RunWithInput(input, words).Succeeded();
            Assert.Equal(Blob.DigestOf(input), Blob.DigestOf(result.OutputBytes));
        }
        Assert.Equal("", host.Run("ps", "-aq").Succeeded().Text);
    }

    [Fact]
    public void The_detach_keys_may_be_typed_ahead_too()
    {
        for (int split = 0; split < 4; split++)
        {
            string[] run = ["run", "-it", "--name", "early", "--detach-keys", "ctrl-x,q", "--network", "none", Busybox, "cat"];
            using (Pty pty = host.StartOnTerminal(24, 80, run))
            {
                Wait.Until(() => split == 0 || pty.IsRaw, 20, () => pty.Screen);
                pty.Type(split == 1 ? "word\n" + Detach[..1] : "word\n");
                pty.Type(
                    split == 1 ? Detach[1..]
                    : split == 2 ? Detach[..1] + Detach
                    : Detach
                );
                Assert.Equal(0, pty.WaitForExit());
                Assert.Contains("read escape sequence", pty.Screen, StringComparison.Ordinal);
            }
            Assert.Equal("running", host.Run("inspect", "-f", "{{.State.Status}}", "early").Text);
            // The terminal's echo, and cat.
            Wait.Until(() => host.Run("logs", "early").Output.Split("word").Length == 3, 20, () => host.Run("logs", "early").Output);
            host.Run("rm", "-f", "early").Succeeded();
        }
    }

    /// <summary>Where input that nobody takes yet is waited for, output is not read, and the program on the terminal waits for that: for ever.</summary>
    [Theory]
    [InlineData("run")]
    [InlineData("exec")]
    public void A_long_paste_to_a_program_that_answers_more_than_it_is_told_comes_to_its_end(string verb)
    {
        const string Script =
            "stty raw -echo; echo ready; i=0; while [ $i -lt 3000 ]; do read -r l; i=$((i+1)); for n in 1 2 3 4 5 6; do echo \"$n$l\"; done; done; echo over";
        string[] command = ["sh", "-c", Script];
        host.Run("run", "-d", "--name", "pasted", "--network", "none", Busybox, "sleep", "1000").Succeeded();
        string[] words =
            verb == "exec" ? ["exec", "-it", "pasted", .. command] : ["run", "--rm", "-it", "--network", "none", Busybox, .. command];
        using (Pty pty = host.StartOnTerminal(24, 80, words))
        {
            pty.WaitFor("ready");
            pty.Type(string.Concat(Enumerable.Repeat(new string('x', 49) + "\n", 3000)));
            pty.WaitFor("over");
            Assert.Equal(0, pty.WaitForExit());
            Assert.Equal(18_000, pty.Screen.Split("xxx\n").Length - 1);
        }
        host.Run("rm", "-f", "pasted").Succeeded();
    }
}
