using System.Text;
using CsCheck;
using Skiff.Images;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Oci;

public sealed class OciTypeTests
{
    private const string Hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private const string Blob = $$"""{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:{{Hex}}","size":3}""";

    [Theory]
    [InlineData("sha256:" + Hex, true)]
    [InlineData("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", false)]
    [InlineData("sha512:" + Hex, false)]
    [InlineData("sha512:" + Hex + Hex, true)]
    [InlineData("sha256:../../../../etc/passwd", false)]
    [InlineData("sha256", false)]
    [InlineData(null, false)]
    public void A_digest_is_an_algorithm_and_the_right_number_of_digits(string? text, bool valid) =>
        Assert.Equal(valid, Digest.TryParse(text, out _));

    [Fact]
    public void The_digest_of_nothing_is_known() => Assert.Equal("sha256:" + Hex, Digest.Of([]).ToString());

    [Theory]
    [InlineData("linux/amd64", "linux/amd64")]
    [InlineData("x86_64", "linux/amd64")]
    [InlineData("linux/aarch64", "linux/arm64")]
    [InlineData("linux/arm64/v8", "linux/arm64")]
    [InlineData("arm", "linux/arm/v7")]
    [InlineData("linux/arm/6", "linux/arm/v6")]
    [InlineData("armel", "linux/arm/v6")]
    [InlineData("Linux/AMD64", "linux/amd64")]
    public void A_platform_is_read_as_docker_reads_it(string text, string expected) =>
        Assert.Equal(expected, Platform.Parse(text).ToString());

    [Theory]
    [InlineData("x")]
    [InlineData("amd65")]
    [InlineData("")]
    [InlineData("linux/")]
    [InlineData("a/b/c/d")]
    public void What_is_no_platform_is_refused(string text) =>
        Assert.Contains("is not a platform", Assert.Throws<SkiffException>(() => Platform.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("linux/arm/v7", "linux/arm/v6", 1)]
    [InlineData("linux/arm/v7", "linux/arm/v5", 2)]
    [InlineData("linux/arm/v6", "linux/arm/v7", null)]
    [InlineData("linux/arm64", "linux/arm64/v8", 0)]
    [InlineData("linux/amd64", "linux/amd64/v3", null)]
    [InlineData("linux/amd64/v3", "linux/amd64", 2)]
    [InlineData("linux/amd64", "linux/arm64", null)]
    [InlineData("linux/amd64", "windows/amd64", null)]
    public void A_newer_variant_runs_an_older_one(string wanted, string offered, int? distance) =>
        Assert.Equal(distance, Platform.Parse(wanted).Distance(Platform.Parse(offered)));

    [Fact]
    public void A_manifest_is_read_with_its_layers_bottom_first()
    {
        ImageManifest manifest = ImageManifest.Parse(
            Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"config":{{Blob}},"layers":[{{Blob}}],"annotations":{"a":"b"},"x":[{}]}""")
        );
        Assert.Equal(MediaTypes.OciManifest, manifest.MediaType);
        Assert.Equal(3, Assert.Single(manifest.Layers).Size);
        Assert.Equal("b", manifest.Annotations["a"]);
    }

    [Theory]
    [InlineData("""{"schemaVersion":1,"name":"x"}""", "schema 1")]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v1+prettyjws"}""", "schema 1")]
    [InlineData("""{"schemaVersion":2}""", "names no config")]
    [InlineData("""{"manifests":[],"layers":[]}""", "at once")]
    [InlineData("""{"manifests":[]}""", "is an index")]
    [InlineData("""{"config":{"digest":"sha256:12","size":1}}""", "sha256 digest is due")]
    [InlineData("""{"config":{"size":1}}""", "no digest")]
    [InlineData("""{"config":[]}""", "must be an object")]
    [InlineData("[]", "must be an object")]
    [InlineData("{", "is not valid")]
    [InlineData("", "is not valid")]
    [InlineData("{}{}", "is not valid")]
    public void REG_17_What_is_no_manifest_is_refused_by_name(string json, string reason) =>
        Assert.Contains(
            reason,
            Assert.Throws<SkiffException>(() => ImageManifest.Parse(Encoding.UTF8.GetBytes(json))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_manifest_nested_too_deeply_is_refused() =>
        Assert.Throws<SkiffException>(() => ImageManifest.Parse(Encoding.UTF8.GetBytes("{\"x\":" + new string('[', 100_000))));

    /// <summary>The kernel's texts end at a zero byte: what an image puts behind one would be cut off unseen.</summary>
    [Theory]
    [InlineData("""{"config":{"Cmd":["a\u0000b"]}}""", "Cmd")]
    [InlineData("""{"config":{"Entrypoint":["a","\u0000"]}}""", "Entrypoint")]
    [InlineData("""{"config":{"Env":["A=\u0000"]}}""", "Env")]
    [InlineData("""{"config":{"User":"\u0000"}}""", "User")]
    [InlineData("""{"config":{"WorkingDir":"/\u0000"}}""", "WorkingDir")]
    [InlineData("""{"config":{"Volumes":{"/a\u0000":{}}}}""", "Volumes")]
    [InlineData("""{"config":{"StopSignal":"\u0000"}}""", "StopSignal")]
    public void A_zero_byte_in_a_config_is_refused(string json, string member)
    {
        SkiffException e = Assert.Throws<SkiffException>(() => ImageConfig.Parse(Encoding.UTF8.GetBytes(json)));
        Assert.Equal($"the image config is not valid: {member} has a zero byte", e.Message);
    }

    [Theory]
    [InlineData(
        """{"config":{"Env":null,"Cmd":null,"Entrypoint":null,"Volumes":null,"ExposedPorts":null,"Labels":null,"Healthcheck":null,"User":null},"history":null,"rootfs":null,"created":null}"""
    )]
    [InlineData("""{"config":null}""")]
    [InlineData("{}")]
    [InlineData(
        """{"moby.buildkit.buildinfo.v1":"x","config":{"ArgsEscaped":true,"OnBuild":null},"variant":null,"future":{"a":[1,2,{}]}}"""
    )]
    public void REG_20_Null_and_unknown_members_of_a_config_count_as_absent(string json)
    {
        ImageConfig config = ImageConfig.Parse(Encoding.UTF8.GetBytes(json));
        Assert.Empty(config.Env);
        Assert.Empty(config.Cmd);
        Assert.Empty(config.Entrypoint);
        Assert.Empty(config.Volumes);
        Assert.Empty(config.ExposedPorts);
        Assert.Empty(config.Labels);
        Assert.Empty(config.History);
        Assert.Empty(config.DiffIds);
        Assert.Empty(config.User);
        Assert.Null(config.Healthcheck);
        Assert.Null(config.Created);
    }

    [Fact]
    public void A_config_is_read_in_full()
    {
        ImageConfig config = ImageConfig.Parse(
            Encoding.UTF8.GetBytes(
                $$$"""
                {"architecture":"amd64","os":"linux","created":"2024-01-02T03:04:05.123456789Z","author":"me",
                 "config":{"User":"1:2","Env":["A=b"],"Entrypoint":["/e"],"Cmd":["c","d"],"WorkingDir":"/w","Volumes":{"/v":{}},"ExposedPorts":{"80/tcp":{}},
                   "Labels":{"l":"m"},"StopSignal":"SIGQUIT","Shell":["/bin/bash","-c"],"OnBuild":["RUN x"],
                   "Healthcheck":{"Test":["CMD","t"],"Interval":1000000000,"Timeout":2,"StartPeriod":3,"StartInterval":4,"Retries":5}},
                 "rootfs":{"type":"layers","diff_ids":["sha256:{{{Hex}}}"]},
                 "history":[{"created":"2024-01-02T03:04:05Z","created_by":"ADD","comment":"k"},{"empty_layer":true}]}
                """
            )
        );
        Assert.Equal("linux/amd64", config.Platform.ToString());
        Assert.Equal(2024, config.Created!.Value.Year);
        Assert.Equal(["A=b"], config.Env);
        Assert.Equal(["/e"], config.Entrypoint);
        Assert.Equal(["c", "d"], config.Cmd);
        Assert.Equal(["/v"], config.Volumes);
        Assert.Equal(["80/tcp"], config.ExposedPorts);
        Assert.Equal("m", config.Labels["l"]);
        Assert.Equal(("/w", "1:2", "SIGQUIT"), (config.WorkingDir, config.User, config.StopSignal));
        Assert.Equal(1_000_000_000, config.Healthcheck!.Interval);
        Assert.Equal(5, config.Healthcheck.Retries);
        Assert.Equal(Hex, Assert.Single(config.DiffIds).Hex);
        Assert.Equal(2, config.History.Count);
        Assert.True(config.History[1].EmptyLayer);
    }

    [Fact]
    public void An_index_keeps_platforms_and_knows_attestations()
    {
        ImageIndex index = ImageIndex.Parse(
            Encoding.UTF8.GetBytes(
                $$$"""
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[
                  {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:{{{Hex}}}","size":1,"platform":{"os":"linux","architecture":"arm","variant":"v6"}},
                  {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:{{{Hex}}}","size":1,"platform":{"os":"unknown","architecture":"unknown"},
                   "annotations":{"vnd.docker.reference.type":"attestation-manifest"}}]}
                """
            )
        );
        Assert.Equal("linux/arm/v6", index.Manifests[0].Platform!.ToString());
        Assert.False(index.Manifests[0].IsAttestation);
        Assert.True(index.Manifests[1].IsAttestation);
    }

    [Fact]
    public void Any_bytes_are_a_document_or_a_sentence()
    {
        byte[] seed = Encoding.UTF8.GetBytes(
            $$$"""{"schemaVersion":2,"config":{{{Blob}}},"layers":[{{{Blob}}}],"manifests":null,"annotations":{"a":"\ud800"}}"""
        );
        Gen.Select(Gen.Int[0, seed.Length - 1], Gen.Byte, Gen.Int[0, seed.Length])
            .Sample(
                (at, value, length) =>
                {
                    byte[] bytes = [.. seed];
                    bytes[at] = value;
                    foreach (
                        Action parse in (Action[])
                            [
                                () => ImageManifest.Parse(bytes.AsSpan(0, length)),
                                () => ImageIndex.Parse(bytes),
                                () => ImageConfig.Parse(bytes),
                            ]
                    )
                    {
                        try
                        {
                            parse();
                        }
                        catch (SkiffException)
                        {
                            // Refused in one sentence, as it should be.
                        }
                    }
                }
            );
    }

    [Fact]
    public void Text_of_strangers_reaches_no_terminal_with_its_escapes() =>
        Assert.Equal("a?[31m b?c", Printable.Of("a\u001b[31m\nb\u202ec"));
}
