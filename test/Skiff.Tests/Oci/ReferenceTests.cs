using CsCheck;
using Skiff.Images;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Oci;

public sealed class ReferenceTests
{
    private const string Hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Theory]
    [InlineData("busybox", "docker.io/library/busybox:latest")]
    [InlineData("library/ubuntu:latest", "docker.io/library/ubuntu:latest")]
    [InlineData("a/b", "docker.io/a/b:latest")]
    [InlineData("docker.io/busybox", "docker.io/library/busybox:latest")]
    [InlineData("index.docker.io/busybox:1", "docker.io/library/busybox:1")]
    [InlineData("localhost/x", "localhost/x:latest")]
    [InlineData("localhost:5000/x:t", "localhost:5000/x:t")]
    [InlineData("localhost:5000", "docker.io/library/localhost:5000")]
    [InlineData("h:5000/x@sha256:" + Hex, "h:5000/x@sha256:" + Hex)]
    [InlineData("x:t@sha256:" + Hex, "docker.io/library/x:t@sha256:" + Hex)]
    [InlineData("[::1]:5000/x", "[::1]:5000/x:latest")]
    [InlineData("[2001:db8::1]/x", "[2001:db8::1]/x:latest")]
    [InlineData("HOST/x", "HOST/x:latest")]
    [InlineData("ghcr.io/a/b__c/d-e--f.g:V1.2_3", "ghcr.io/a/b__c/d-e--f.g:V1.2_3")]
    [InlineData("127.0.0.1:80/x", "127.0.0.1:80/x:latest")]
    public void REG_22_A_name_goes_to_the_right_registry(string text, string canonical) =>
        Assert.Equal(canonical, Reference.Parse(text).ToString());

    [Theory]
    [InlineData("", "empty")]
    [InlineData("Busybox", "lower case")]
    [InlineData("a/B", "lower case")]
    [InlineData("x:", "tag")]
    [InlineData("x:-t", "tag")]
    [InlineData("x@sha256:12", "@")]
    [InlineData("x@md5:" + Hex, "@")]
    [InlineData(Hex, "image id")]
    [InlineData("a//b", "part of the repository")]
    [InlineData("localhost/", "missing")]
    [InlineData("a..b/c", "registry host")]
    [InlineData("-h.x/c", "registry host")]
    [InlineData("h:port/x", "port")]
    [InlineData("[zz]:1/x", "IPv6")]
    [InlineData("x___y", "part of the repository")]
    [InlineData("x_.y", "part of the repository")]
    [InlineData("../etc", "registry host")]
    [InlineData("x/../y", "part of the repository")]
    [InlineData("x\u001b[2j", "part of the repository")]
    public void REG_22_What_is_no_name_is_refused_with_the_reason(string text, string reason)
    {
        SkiffException e = Assert.Throws<SkiffException>(() => Reference.Parse(text));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("docker.io/library/busybox:latest", "busybox:latest")]
    [InlineData("docker.io/a/b:1", "a/b:1")]
    [InlineData("docker.io/library/a/b:1", "library/a/b:1")]
    [InlineData("docker.io/localhost/x:1", "docker.io/localhost/x:1")]
    [InlineData("ghcr.io/a/b:1", "ghcr.io/a/b:1")]
    public void The_familiar_form_leaves_out_what_is_understood(string text, string familiar) =>
        Assert.Equal(familiar, Reference.Parse(text).Familiar);

    [Fact]
    public void A_digest_wins_over_the_tag() => Assert.Equal("sha256:" + Hex, Reference.Parse("x:t@sha256:" + Hex).Target);

    [Fact]
    public void A_name_for_a_filter_keeps_no_tag() => Assert.Null(Reference.ParseName("busybox").Tag);

    [Fact]
    public void The_canonical_and_the_familiar_form_read_back_as_the_same_reference()
    {
        Gen<string> component = OneOf("a", "library", "localhost", "x-y", "a.b", "c__d", "0", "busybox");
        Gen<string> domain = OneOf(
            "",
            "docker.io/",
            "index.docker.io/",
            "localhost/",
            "localhost:5000/",
            "[::1]:5000/",
            "a.b/",
            "HOST/",
            "h:1/"
        );
        Gen<string> suffix = OneOf("", ":t", ":V1.0", "@sha256:" + Hex, ":t@sha256:" + Hex);
        Gen.Select(domain, component.Array[1, 3], suffix)
            .Sample(
                (d, path, s) =>
                {
                    string text = d + string.Join('/', path) + s;
                    Reference reference = Reference.Parse(text);
                    Assert.Equal(reference, Reference.Parse(reference.ToString()));
                    Assert.Equal(reference, Reference.Parse(reference.Familiar));
                    Assert.True(reference.Familiar.Length <= reference.ToString().Length);
                }
            );
    }

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    [Fact]
    public void Any_text_is_a_name_or_a_sentence()
    {
        Gen.Char["abZ09:/@.-_[] \n\u00e9"]
            .Array[0, 24]
            .Select(c => new string(c))
            .Sample(text =>
            {
                if (Reference.TryParse(text, out Reference? reference))
                {
                    Assert.Equal(reference, Reference.Parse(reference.ToString()));
                }
                else
                {
                    Assert.Throws<SkiffException>(() => Reference.Parse(text));
                }
            });
    }
}
