using Skiff.Images;
using Skiff.Images.Registry;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Registry;

/// <summary>Mirrors: how they are written, and what a pull does with them.</summary>
public sealed class MirrorTests : IDisposable
{
    private readonly PullFixture _f = new();
    private readonly FakeRegistry _mirror = new();
    private readonly byte[] _a = FakeRegistry.Random(1, 300_000);

    public MirrorTests()
    {
        _f.Registry.Image("t", "amd64", _a);
        _mirror.Image("t", "amd64", _a);
        _f.Settings = new RegistrySettings(true, [new Mirror(_mirror.Authority, "", PlainHttp: true)]);
    }

    public void Dispose()
    {
        _mirror.Dispose();
        _f.Dispose();
    }

    [Fact]
    public void Everything_comes_from_the_mirror_under_the_name_of_the_registry()
    {
        Assert.Equal(_f.Registry.Reference(), _f.Pull().Reference);
        Assert.Empty(_f.Registry.Log);
        Assert.Equal(3, _mirror.Log.Count);
        _mirror.Log.Clear();
        Assert.True(_f.Pull().UpToDate);
        Assert.Equal(["HEAD"], _mirror.Log.Select(r => r.Method));
    }

    [Fact]
    public void A_mirror_that_stops_in_the_middle_of_a_layer_is_followed_by_the_registry_at_that_byte()
    {
        _mirror.Script = (r, n) =>
            !r.Path.EndsWith(Digest.Of(_a).ToString(), StringComparison.Ordinal) ? null
            : n == 1 ? new Answer(200, _a) { CutAfter = 100_000 }
            : new Answer(500, []);
        _ = _f.Pull();
        Assert.Equal(_a, _f.Store.Layers[Digest.Of(_a)]);
        Assert.Equal("bytes=100000-", Assert.Single(_f.Registry.Log)["range"]);
        Assert.Single(_f.Events.OfType<PullMirrorFailed>());
    }

    [Fact]
    public void A_mirror_that_fails_is_not_asked_again()
    {
        _mirror.Script = (_, _) => Answer.Text(404, "");
        _ = _f.Pull();
        Assert.Single(_mirror.Log);
        PullMirrorFailed failed = Assert.Single(_f.Events.OfType<PullMirrorFailed>());
        Assert.Equal($"http://{_mirror.Authority}", failed.Mirror);
    }

    [Fact]
    public void REG_10_A_mirror_that_lies_about_a_digest_is_passed_over()
    {
        Descriptor manifest = _f.Registry.Image(null, "amd64", _a);
        _mirror.Script = (r, _) =>
            r.Path.Contains("/manifests/", StringComparison.Ordinal)
                ? Answer.Text(200, "{}", ("Content-Type", MediaTypes.OciManifest))
                : null;
        _ = _f.Pull(_f.Registry.Reference() with { Digest = manifest.Digest });
        Assert.Single(_f.Events.OfType<PullMirrorFailed>());
    }

    [Fact]
    public void REG_10_A_layer_with_other_content_than_its_digest_is_fetched_from_the_registry_instead()
    {
        _mirror.Script = (r, _) =>
            r.Path.EndsWith(Digest.Of(_a).ToString(), StringComparison.Ordinal) ? new Answer(200, FakeRegistry.Random(2, _a.Length)) : null;
        _ = _f.Pull();
        Assert.Equal(_a, _f.Store.Layers[Digest.Of(_a)]);
        Assert.Single(_f.Registry.Log);
        Assert.Contains("damaged", Assert.Single(_f.Events.OfType<PullMirrorFailed>()).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mirror.example.org", "mirror.example.org", "", false)]
    [InlineData("http://mirror:5000", "mirror:5000", "", true)]
    [InlineData("https://mirror/", "mirror", "", false)]
    [InlineData("10.0.0.1:5000/cache/hub", "10.0.0.1:5000", "cache/hub/", false)]
    [InlineData("http://[::1]:5000", "[::1]:5000", "", true)]
    public void A_mirror_is_a_host_with_scheme_and_prefix(string text, string authority, string prefix, bool plain) =>
        Assert.Equal(new Mirror(authority, prefix, plain), Mirror.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("mirror")]
    [InlineData("ftp://mirror.example.org")]
    [InlineData("mirror.example.org/UP")]
    [InlineData("user:password@mirror.example.org")]
    [InlineData("mirror.example.org/a?b")]
    public void What_is_no_mirror_is_refused(string text) => Assert.Null(Mirror.Parse(text));

    [Fact]
    public void The_settings_are_read_and_a_later_file_replaces_tables()
    {
        RegistryFile file = new();
        file.Add(
            "[registry.\"docker.io\"]\nmirrors = [\n  \"a.example\", # first\n  'b.example:5000/x',\n]\n[registry.\"c:1\"]\ntls-verify = false\n",
            "one"
        );
        Assert.Equal(["a.example", "b.example:5000/x"], file.For("docker.io").Mirrors.Select(m => m.ToString()));
        Assert.False(file.For("c:1").VerifyTls);
        Assert.Same(RegistrySettings.Default, file.For("d.example"));
        file.Add("[registry.\"docker.io\"]\nmirrors = []\n", "two");
        Assert.Empty(file.For("docker.io").Mirrors);
    }

    [Theory]
    [InlineData("[registry.\"a\"]\nmirrors = \"b\"\n", "f, line 2: mirrors is a list of")]
    [InlineData("[registry.\"a\"]\nmirrors = [1]\n", "f, line 2: mirrors is a list of")]
    [InlineData("[registry.\"a\"]\nmirrors = [\"b c\"]\n", "\"b c\" is no mirror")]
    [InlineData("[registry.\"a\"]\n\ntls-verify = \"no\"\n", "f, line 3: tls-verify is true or false")]
    [InlineData("[registries]\n", "f, line 1: registries is not known")]
    [InlineData("[[registry.\"a\"]]\n", "registry.a is not known")]
    [InlineData("x = 1\n", "x is not known")]
    [InlineData("[registry.\"a\"", "f is not valid TOML")]
    public void Mistakes_are_named(string text, string complaint) =>
        Assert.Contains(
            complaint,
            Assert.Throws<SkiffException>(() => new RegistryFile().Add(text, "f")).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Tags_are_listed_over_several_pages()
    {
        _f.Registry.Script = (r, _) =>
            r.Path == "/v2/img/tags/list?n=1000"
                ? Answer.Text(200, """{"name":"img","tags":["a","b"]}""", ("Link", "</v2/img/tags/list?last=b&n=1000>; rel=\"next\""))
            : r.Path == "/v2/img/tags/list?last=b&n=1000" ? Answer.Text(200, """{"name":"img","tags":["c","b","no tag"]}""")
            : null;
        using RegistryClient client = new(_f.Registry.Reference(), _f.Options.Registry);
        Assert.Equal(["a", "b", "c"], client.ListTags(CancellationToken.None));
    }
}
