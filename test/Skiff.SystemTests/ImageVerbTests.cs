using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The verbs for images against a real registry, from pull to prune.</summary>
public sealed class ImageVerbTests : IDisposable
{
    private readonly SkiffHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public void An_image_is_pulled_listed_tagged_inspected_and_removed()
    {
        TestImages.Busybox.PutOnShelf();
        _ = _host.Registry;
        string name = TestImages.Busybox.Reference;
        CommandResult pull = _host.Run("pull", name).Succeeded();
        Assert.Contains($"Status: Downloaded newer image for {name}", pull.Lines);
        Assert.Contains($"Status: Image is up to date for {name}", _host.Run("pull", name).Succeeded().Lines);

        string id = _host.Run("images", "-q", "--no-trunc").Succeeded().Text;
        Assert.Equal(id, _host.Run("pull", "-q", name).Succeeded().Text);
        _host.Run("tag", name, "mine:1").Succeeded();
        Assert.Equal(
            "mine 1",
            _host.Run("image", "ls", "--filter", "reference=mine", "--format", "{{.Repository}} {{.Tag}}").Succeeded().Text
        );
        Assert.Equal($"{id} [sh]", _host.Run("image", "inspect", "-f", "{{.Id}} {{.Config.Cmd}}", "mine:1").Succeeded().Text);
        Assert.Single(_host.Run("history", "-q", "mine:1").Succeeded().Lines);

        Assert.Equal("Untagged: mine:1", _host.Run("rmi", "mine:1").Succeeded().Text);
        Assert.Equal([$"Untagged: {name}", $"Deleted: {id}"], _host.Run("rmi", name).Succeeded().Lines);
        _host.Run("rmi", name).ExitedWith(1).Complained("No such image");
    }

    [Fact]
    public void A_saved_image_is_loaded_with_the_same_id()
    {
        TestImages.Busybox.PutOnShelf();
        _ = _host.Registry;
        string id = _host.Run("pull", "-q", TestImages.Busybox.Reference).Succeeded().Text;
        string archive = Path.Combine(_host.Directory, "image.tar");
        _host.Run("save", "-o", archive, TestImages.Busybox.Reference).Succeeded();
        _host.Run("image", "prune", "-af").Succeeded();
        Assert.Empty(_host.Run("images", "-q").Succeeded().Lines);
        Assert.Equal(
            $"Loaded image: {TestImages.Busybox.Reference}",
            _host.RunWithInput(File.ReadAllBytes(archive), "load").Succeeded().Text
        );
        Assert.Equal(id, _host.Run("images", "-q", "--no-trunc").Succeeded().Text);
    }

    [Fact]
    public void A_tree_shows_the_names_the_platform_and_what_is_used()
    {
        string name = _host.Image(TestImages.Busybox);
        _host.Run("tag", name, "mine:1").Succeeded();
        _host.Run("create", "--name", "user", "--network", "none", name).Succeeded();
        string[] lines = _host.Run("images", "--tree").Succeeded().Lines;
        Assert.Equal(4, lines.Length);
        Assert.Matches("^IMAGE +ID +DISK USAGE +CONTENT SIZE +EXTRA$", lines[0]);
        Assert.StartsWith("mine:1 ", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("└─ linux/", lines[3], StringComparison.Ordinal);
        Assert.All(lines[1..], static l => Assert.EndsWith(" U", l, StringComparison.Ordinal));
        _host.Run("images", "--tree", "-q").ExitedWith(1).Complained("--quiet is not for --tree");
        _host.Run("rm", "user").Succeeded();
    }

    [Fact]
    public void Load_names_what_the_archive_names()
    {
        string image = _host.Image(TestImages.Busybox);
        _host.Run("tag", image, "first:1").Succeeded();
        _host.Run("tag", image, "second:1").Succeeded();
        string archive = Path.Combine(_host.Directory, "two.tar");
        _host.Run("save", "-o", archive, "second:1").Succeeded();
        Assert.Equal("Loaded image: second:1", _host.Run("load", "-i", archive).Succeeded().Text);
        File.WriteAllBytes(archive, [.. File.ReadAllBytes(archive).Take(100_000)]);
        _host.Run("load", "-i", archive).ExitedWith(1).Complained("cut off");
        File.WriteAllText(archive, new string('x', 2000));
        _host.Run("import", archive).ExitedWith(1).Complained("cannot be unpacked");
        _host.Run("rmi", "first:1", "second:1").Succeeded();
    }

    [Fact]
    public void Errors_have_dockers_exit_codes_and_one_line()
    {
        _ = _host.Registry;
        Assert.Single(_host.Run("pull", "127.0.0.1:5000/no/such:1").ExitedWith(1).Error.TrimEnd('\n').Split('\n'));
        _host.Run("pull", "--no-such-flag", "x").ExitedWith(125).Complained("--no-such-flag");
        _host.Run("pull", "Upper").ExitedWith(1).Complained("is not an image name");
        _host.Run("tag", "a", "Upper").ExitedWith(1).Complained("is not an image name");
        _host.Run("run", "Upper").ExitedWith(125).Complained("is not an image name");
        _host.Run("images", "--filter", "lable=x").ExitedWith(1).Complained("label");
        Assert.Equal("[]", _host.Run("image", "inspect", "no-such-image").ExitedWith(1).Text);
    }

    /// <summary>Whatever writes to standard output: a full disk, or whatever is behind it, is a sentence.</summary>
    [Theory]
    [InlineData("images")]
    [InlineData("version")]
    [InlineData("inspect", "IMAGE")]
    [InlineData("save", "IMAGE")]
    [InlineData("export", "full")]
    [InlineData("cp", "full:/bin", "-")]
    [InlineData("volume", "export", "full")]
    [InlineData("man", "run")]
    [InlineData("completion", "bash")]
    public void Output_that_cannot_be_written_is_a_sentence(params string[] words)
    {
        string image = _host.Image(TestImages.Busybox);
        _host.Run("create", "--name", "full", image);
        _host.Run("volume", "create", "full");
        string[] line = _host.CommandLine([.. words.Select(w => w == "IMAGE" ? image : w)]);
        CommandResult result = Tool.Try(["sh", "-c", "exec \"$@\" >/dev/full", "sh", .. line]).ExitedWith(1);
        Assert.Equal("skiff: write standard output: no space left on device (ENOSPC)\n", result.Error);
    }

    /// <summary>The published binary has only the keys of .NET's own texts: no sentence may be made of one.</summary>
    [Theory]
    [InlineData("manifest.json", "[", "it is not JSON (line 1, byte 2)")]
    [InlineData("manifest.json", """[{"Config":5}]""", "a member has the wrong type")]
    [InlineData("manifest.json", "[{}]", "a member is missing")]
    [InlineData("index.json", """{"schemaVersion":2,"manifests":[{"x" """, "it is not JSON")]
    [InlineData(
        "index.json",
        """{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{ """,
        "nested too deep"
    )]
    public void JSON_that_is_wrong_is_said_in_words(string file, string content, string words)
    {
        string directory = Workspace.NewDirectory("json");
        File.WriteAllText($"{directory}/oci-layout", """{"imageLayoutVersion":"1.0.0"}""");
        File.WriteAllText($"{directory}/{file}", content);
        Tool.Run("tar", "-C", directory, "-cf", $"{directory}/x.tar", "oci-layout", file);
        CommandResult result = _host.Run("load", "-i", $"{directory}/x.tar").ExitedWith(1).Complained(words);
        Assert.DoesNotMatch("LineNumber|[A-Za-z]+_[A-Za-z]+_|[a-z][A-Z]", result.Error);
    }

    [Theory]
    [InlineData("head -c 3000 x.tar.gz", "the gzip data is cut off", "load", "-i")]
    [InlineData("head -c 3000 x.tar.gz", "the gzip data is cut off", "import")]
    [InlineData("head -c -4 x.tar.gz", "the gzip data is cut off", "import")]
    [InlineData("(head -c -8 x.tar.gz; head -c 8 /dev/zero)", "the gzip data is damaged", "import")]
    public void Gzip_that_is_wrong_is_said_in_words(string damage, string words, params string[] verb)
    {
        string directory = Workspace.NewDirectory("gzip");
        Tool.Shell($"cd {directory} && seq 100000 >f && tar -cf x.tar f && gzip -n x.tar && {damage} >y.tar.gz");
        _host.Run([.. verb, $"{directory}/y.tar.gz"]).ExitedWith(1).Complained(words);
    }

    [Fact]
    public void An_address_that_does_not_answer_is_said_in_words()
    {
        _host.Run("import", "http://127.0.0.1:1/x").ExitedWith(1).Complained("127.0.0.1:1 refuses the connection");
        _host.Run("import", "http://nosuch.invalid/x").ExitedWith(1).Complained("the name nosuch.invalid cannot be resolved");
        _host.Run("import", "http://[bad").ExitedWith(1).Complained("it is no address");
    }

    /// <summary>The runtime aborts with words of its own where OpenSSL is missing: a sentence comes first, and what needs no digest works.</summary>
    [Fact]
    public void Without_OpenSSL_digests_are_refused_in_a_sentence_and_containers_run()
    {
        string image = _host.Image(TestImages.Busybox);
        string hide = string.Join(
            "; ",
            Tool.Shell("ldconfig -p | sed -n 's/^.*libssl.*=> //p'")
                .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(static l => $"mount --bind /dev/null {l}")
        );
        CommandResult Without(params string[] words) =>
            Tool.Try(["unshare", "--mount", "sh", "-euc", $"{hide}; exec \"$@\"", "sh", .. _host.CommandLine(words)]);

        foreach (
            string[] words in (string[][])
                [
                    ["pull", image],
                    ["import", "/etc/passwd"],
                    ["import", "https://127.0.0.1:1/"],
                ]
        )
        {
            Assert.StartsWith("skiff: digests and TLS need OpenSSL", Without(words).ExitedWith(1).Error, StringComparison.Ordinal);
        }
        Without("run", "--rm", "--network", "none", image, "true").Succeeded();
        Without("images").Succeeded();
    }

    /// <summary>What is wrong with an image is a failure of the verb that meets it, and 125 is what run makes of it.</summary>
    [Fact]
    public void What_is_wrong_with_an_archive_or_a_platform_has_the_exit_code_of_the_verb()
    {
        _ = _host.Registry;
        foreach (
            byte[] head in (byte[][])
                [
                    [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0],
                    [0x42, 0x5A, 0x68, 0, 0, 0],
                    [0x50, 0x4B, 3, 4, 0, 0],
                ]
        )
        {
            _host.RunWithInput(head, "load").ExitedWith(1).Complained("compressed with");
            _host.RunWithInput(head, "import", "-", "x:1").ExitedWith(1).Complained("compressed with");
        }
        _host.Run("pull", "--platform", "a/b/c/d/e", "127.0.0.1:5000/no/such:1").ExitedWith(1).Complained("is not a platform");
        _host.Run("run", "--platform", "a//b", "127.0.0.1:5000/no/such:1").ExitedWith(125).Complained("is not a platform");
    }
}
