using Skiff.Images;
using Skiff.Images.Registry;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Registry;

public sealed class ErrorTests : IDisposable
{
    private readonly PullFixture _f = new();

    public void Dispose() => _f.Dispose();

    [Fact]
    public void A_tag_that_is_not_there_is_a_hint() => Assert.Contains("check the name and the tag", _f.Fails(), StringComparison.Ordinal);

    [Fact]
    public void Access_denied_is_said_with_the_registrys_words()
    {
        _f.Registry.Script = (_, _) =>
            Answer.Text(403, """{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}""");
        string message = _f.Fails();
        Assert.Contains("denies access", message, StringComparison.Ordinal);
        Assert.Contains("requested access", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_where_nothing_listens_is_said_at_once()
    {
        string authority = _f.Registry.Authority;
        _f.Registry.Dispose();
        Assert.Contains("refuses the connection", _f.Fails(Reference.Parse(authority + "/x")), StringComparison.Ordinal);
        Assert.Empty(_f.Waits);
    }

    [Fact]
    public void A_name_that_does_not_resolve_is_said() =>
        Assert.Contains("cannot be resolved", _f.Fails(Reference.Parse("no-such-host.invalid/x")), StringComparison.Ordinal);

    [Fact]
    public void A_part_that_the_registry_lacks_is_not_taken_for_a_wrong_name()
    {
        Descriptor image = _f.Registry.Image("t", "amd64", FakeRegistry.Random(1, 1000));
        string layer = Digest.Of(FakeRegistry.Random(1, 1000)).ToString();
        _ = _f.Registry.Blobs.TryRemove(layer, out _);
        string message = _f.Fails();
        Assert.Contains($"lacks {layer}, which", message, StringComparison.Ordinal);
        Assert.DoesNotContain("check the name", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_that_the_registry_lacks_is_not_taken_for_a_wrong_name()
    {
        Descriptor image = _f.Registry.Image(null, "amd64", FakeRegistry.Random(1, 1000));
        string index = $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{FakeRegistry.Json(image)}}]}""";
        _f.Registry.Manifest(MediaTypes.OciIndex, index, "t");
        _ = _f.Registry.Manifests.TryRemove(image.Digest.ToString(), out _);
        Assert.Contains($"lacks {image.Digest}, which", _f.Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_storage_host_that_cannot_be_reached_is_the_one_that_is_named()
    {
        FakeRegistry storage = new();
        string gone = storage.Authority;
        storage.Dispose();
        _f.Registry.Image("t", "amd64", FakeRegistry.Random(1, 1000));
        _f.Registry.Script = (r, _) =>
            r.Path.Contains("/blobs/", StringComparison.Ordinal) ? Answer.Text(307, "", ("Location", $"http://{gone}{r.Path}")) : null;
        Assert.Contains(
            $"{gone} refuses the connection: nothing listens on that port ({_f.Registry.Authority} redirects there)",
            _f.Fails(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_redirect_to_nowhere_is_said()
    {
        _f.Registry.Script = (_, _) => Answer.Text(307, "");
        Assert.Contains("redirects without saying where to", _f.Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public void Headers_without_end_are_cut_off()
    {
        _f.Registry.Script = (_, _) => Answer.Text(200, "{}", ("X", new string('x', 200_000)));
        _ = _f.Fails();
    }

    [Fact]
    public void Html_is_no_manifest()
    {
        _f.Registry.Script = (_, _) => Answer.Text(200, "<html>", ("Content-Type", "text/html"));
        Assert.Contains("not valid", _f.Fails(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost:5000", true)]
    [InlineData("127.9.9.9", true)]
    [InlineData("[::1]:5000", true)]
    [InlineData("127.0.0.1.example", false)]
    [InlineData("localhost.example:1", false)]
    [InlineData("docker.io", false)]
    public void Only_this_machine_is_loopback(string authority, bool expected) =>
        Assert.Equal(expected, Endpoint.IsLoopbackHost(authority));

    [Fact]
    public void A_remote_registry_is_never_asked_without_TLS_unless_told_so()
    {
        Assert.Equal(["https"], Endpoint.Of("docker.io", verifyTls: true).Schemes);
        Assert.Equal("registry-1.docker.io", Endpoint.Of("docker.io", verifyTls: true).Authority);
        Assert.Equal(["https", "http"], Endpoint.Of("r.example", verifyTls: false).Schemes);
    }

    [Fact]
    public void The_conversation_is_explained_without_secrets()
    {
        IReadOnlyList<PullStep> steps = PullConversation.Of(
            Reference.Parse("alpine"),
            Platform.Host,
            verifyTls: true,
            inStore: true,
            new Credential("joe", "hunter2")
        );
        string all = string.Join('\n', steps.Select(s => s.ToString() + string.Join(' ', s.Headers)));
        Assert.Contains("HEAD https://registry-1.docker.io/v2/library/alpine/manifests/latest", all, StringComparison.Ordinal);
        Assert.Contains("joe", all, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", all, StringComparison.Ordinal);
    }
}
