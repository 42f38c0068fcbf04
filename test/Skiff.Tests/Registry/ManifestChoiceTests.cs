using Skiff.Images;
using Xunit;

namespace Skiff.Tests.Registry;

public sealed class ManifestChoiceTests : IDisposable
{
    private readonly PullFixture _f = new();

    public void Dispose() => _f.Dispose();

    private static string Entry(Descriptor d, string os, string arch, string more = "") =>
        $$"""{"mediaType":"{{d.MediaType}}","digest":"{{d.Digest}}","size":{{d.Size}},"platform":{"os":"{{os}}","architecture":"{{arch}}"{{more}} } }""";

    private Descriptor Index(string? tag, params string[] entries) =>
        _f.Registry.Manifest(
            MediaTypes.OciIndex,
            $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{string.Join(',', entries)}}]}""",
            tag
        );

    private Descriptor Image(string architecture, int seed) => _f.Registry.Image(null, architecture, FakeRegistry.Random(seed, 1000));

    private string Attestation() =>
        $$"""{"mediaType":"{{MediaTypes.OciManifest}}","digest":"{{Digest.Of([9])}}","size":9,"platform":{"os":"unknown","architecture":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest"} }""";

    [Fact]
    public void REG_15_Attestations_are_passed_over_and_the_platform_is_picked()
    {
        Descriptor amd = Image("amd64", 1);
        Descriptor index = Index("t", Attestation(), Entry(Image("arm64", 2), "linux", "arm64"), Entry(amd, "linux", "amd64"));
        PullResult result = _f.Pull(platform: Platform.Parse("linux/amd64"));
        Assert.Equal(amd.Digest, result.Manifest.Digest);
        Assert.Equal(index.Digest, result.Top.Digest);
    }

    [Fact]
    public void REG_15_No_matching_platform_names_those_that_are_offered()
    {
        _ = Index(
            "t",
            Attestation(),
            Entry(Image("s390x", 1), "linux", "s390x"),
            Entry(Image("arm", 2), "linux", "arm", ",\"variant\":\"v7\"")
        );
        string message = _f.Fails(platform: Platform.Parse("linux/amd64"));
        Assert.Contains("no matching platform", message, StringComparison.Ordinal);
        Assert.Contains("linux/arm/v7, linux/s390x", message, StringComparison.Ordinal);
        Assert.DoesNotContain("unknown", message, StringComparison.Ordinal);
    }

    [Fact]
    public void REG_15_An_index_of_attestations_only_has_no_image()
    {
        _ = Index("t", Attestation());
        Assert.Contains("no matching platform", _f.Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_nearest_older_variant_is_taken()
    {
        Descriptor v6 = Image("arm", 1);
        _ = Index(
            "t",
            Entry(Image("arm", 2), "linux", "arm", ",\"variant\":\"v5\""),
            Entry(v6, "linux", "arm", ",\"variant\":\"v6\""),
            Entry(Image("arm", 3), "linux", "arm", ",\"variant\":\"v8\"")
        );
        Assert.Equal(v6.Digest, _f.Pull(platform: Platform.Parse("linux/arm/v7")).Manifest.Digest);
    }

    [Fact]
    public void Nested_indexes_are_followed_but_not_for_ever()
    {
        Descriptor image = Image("amd64", 1);
        Descriptor nested = Index(null, Entry(image, "linux", "amd64"));
        nested = Index(null, Entry(nested, "linux", "amd64"));
        nested = Index("t", Entry(nested, "linux", "amd64"));
        Assert.Equal(image.Digest, _f.Pull(platform: Platform.Parse("linux/amd64")).Manifest.Digest);
        _ = Index("deep", Entry(nested, "linux", "amd64"));
        Assert.Contains(
            "deep",
            Assert.Throws<Linux.SkiffException>(() => _f.Pull(_f.Registry.Reference("deep"), Platform.Parse("linux/amd64"))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void An_index_entry_that_lies_about_the_size_is_refused()
    {
        Descriptor image = Image("amd64", 1);
        _ = Index("t", Entry(image with { Size = image.Size + 1 }, "linux", "amd64"));
        Assert.Contains("damaged or forged", _f.Fails(platform: Platform.Parse("linux/amd64")), StringComparison.Ordinal);
    }

    [Fact]
    public void REG_17_Schema_1_is_refused_by_name()
    {
        _ = _f.Registry.Manifest(
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            """{"schemaVersion":1,"name":"x","fsLayers":[],"signatures":[]}""",
            "t"
        );
        Assert.Contains("schema 1", _f.Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_artifact_and_a_foreign_layer_are_refused_by_name()
    {
        Descriptor config = _f.Registry.Blob("application/vnd.cncf.helm.config.v1+json", [1, 2]);
        _ = _f.Registry.Manifest(
            MediaTypes.OciManifest,
            $$"""{"schemaVersion":2,"config":{{FakeRegistry.Json(config)}},"layers":[]}""",
            "t"
        );
        Assert.Contains("application/vnd.cncf.helm.config.v1+json", _f.Fails(), StringComparison.Ordinal);
        config = _f.Registry.Blob(MediaTypes.OciConfig, [1, 2]);
        Descriptor layer = _f.Registry.Blob("application/vnd.oci.image.layer.v1.tar+lzma", [3]);
        _ = _f.Registry.Manifest(
            MediaTypes.OciManifest,
            $$"""{"schemaVersion":2,"config":{{FakeRegistry.Json(config)}},"layers":[{{FakeRegistry.Json(layer)}}]}""",
            "t"
        );
        Assert.Contains("tar+lzma", _f.Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_and_a_config_that_disagree_about_the_layers_are_refused()
    {
        Descriptor config = _f.Registry.Blob(MediaTypes.OciConfig, "{}"u8.ToArray());
        Descriptor layer = _f.Registry.Blob(MediaTypes.OciLayer, [3]);
        _ = _f.Registry.Manifest(
            MediaTypes.OciManifest,
            $$"""{"schemaVersion":2,"config":{{FakeRegistry.Json(config)}},"layers":[{{FakeRegistry.Json(layer)}}]}""",
            "t"
        );
        Assert.Contains("contradicts itself", _f.Fails(), StringComparison.Ordinal);
    }
}
