using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The completion script in a real bash, asking the program about a real store.</summary>
public sealed class CompletionTests : IClassFixture<CompletionTests.Store>
{
    private readonly SkiffHost _host;

    public CompletionTests(Store store) => _host = store.Host;

    [Theory]
    [InlineData("sto", "stop")]
    [InlineData("container pru", "prune")]
    [InlineData("run --netw", "--network|--network-alias")]
    [InlineData("run --network ", "bridge|host|none")]
    [InlineData("stop ", "runs|stands")]
    [InlineData("start ", "idle")]
    [InlineData("unpause ", "stands")]
    [InlineData("rm ", "idle|runs|stands")]
    [InlineData("exec -it ru", "runs")]
    [InlineData("inspect wa", "water")]
    [InlineData("volume rm ", "water")]
    [InlineData("secret rm ", "recipe")]
    [InlineData("run --secret rec", "recipe")]
    [InlineData("secret ls --filter ", "id=|label=|name=")]
    [InlineData("ps --filter status=ex", "exited")]
    [InlineData("ps --filter heal", "health=starting|health=healthy|health=unhealthy|health=none")]
    [InlineData("wait --condition ", "not-running|next-exit|removed")]
    [InlineData("inspect --type ", "container|image|network|volume")]
    [InlineData("ps --format j", "json")]
    [InlineData("nosuchverb ", "")]
    public void A_tab_offers_what_fits(string line, string expected) =>
        Assert.Equal(Sorted(expected.Split('|', StringSplitOptions.RemoveEmptyEntries)), Sorted(Complete(line)));

    [Fact]
    public void Names_of_images_are_completed_beyond_their_colons()
    {
        string image = _host.Image(TestImages.Busybox);
        Assert.Contains(image, _host.Run(["__complete", .. Globals, "run", image[..5]]).Succeeded().Text, StringComparison.Ordinal);
        // bash cuts the word at the colon and wants the rest only.
        Assert.Equal(["5000/busybox:1"], Complete($"run {image[..(image.IndexOf(':') + 3)]}"));
    }

    [Fact]
    public void Files_are_left_to_the_shell()
    {
        string directory = Workspace.NewDirectory("complete");
        File.WriteAllText($"{directory}/layers.tar", "");
        Assert.Equal([$"{directory}/layers.tar"], Complete($"load -i {directory}/la"));
    }

    [Fact]
    public void The_scripts_of_the_shells_have_no_syntax_errors()
    {
        Tool.Shell($"{Workspace.Binary} completion bash | bash -n");
        foreach (string shell in (string[])["zsh", "fish"])
        {
            string script = Tool.Run(Workspace.Binary, "completion", shell).Output;
            Assert.Contains("__complete", script, StringComparison.Ordinal);
            if (Tool.Exists(shell))
            {
                Tool.Shell($"{Workspace.Binary} completion {shell} | {shell} -n /dev/stdin");
            }
        }
        _host.Run("completion", "tcsh").ExitedWith(1).Complained("bash, zsh or fish");
    }

    private string[] Globals => ["--root", _host.Root, "--runroot", _host.Runroot];

    private string[] Complete(string line)
    {
        string typed = $"{Workspace.Binary} {string.Join(' ', Globals)} {line}";
        string script = $$"""
            source <({{Workspace.Binary}} completion bash)
            COMP_LINE='{{typed}}' COMP_POINT={{typed.Length}}
            read -r -a COMP_WORDS <<<"$COMP_LINE"
            [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _skiff
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        return [.. Tool.Run("bash", "-c", script).Lines.Where(static l => l.Length > 0)];
    }

    private static string[] Sorted(string[] words) => [.. words.Order(StringComparer.Ordinal)];

    /// <summary>A store with a container in each state, an image and a volume.</summary>
    public sealed class Store : IDisposable
    {
        public Store()
        {
            string image = Host.Image(TestImages.Busybox);
            Host.Run("run", "-d", "--name", "runs", "--network", "none", image, "sleep", "1000").Succeeded();
            Host.Run("run", "-d", "--name", "stands", "--network", "none", image, "sleep", "1000").Succeeded();
            Host.Run("pause", "stands").Succeeded();
            Host.Run("create", "--name", "idle", "--network", "none", image, "true").Succeeded();
            Host.Run("volume", "create", "water").Succeeded();
            Host.RunWithInput("salt"u8.ToArray(), "secret", "create", "recipe", "-").Succeeded();
        }

        internal SkiffHost Host { get; } = new();

        public void Dispose()
        {
            Host.Run("rm", "-f", "runs", "stands", "idle").Succeeded();
            Host.Dispose();
        }
    }
}
