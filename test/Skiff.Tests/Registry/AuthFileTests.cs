using System.Text;
using Skiff.Images.Registry;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Registry;

public sealed class AuthFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("skiff-auth").FullName;

    private string File => Path.Combine(_directory, "new", "config.json");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private AuthFile Write(string json, CredentialHelper? helper = null)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.WriteAllText(File, json);
        return AuthFile.Load(File, helper);
    }

    [Theory]
    [InlineData("h:5000")]
    [InlineData("https://h:5000")]
    [InlineData("http://h:5000/v2/")]
    [InlineData("https://h:5000/v1/")]
    public void Keys_of_every_age_are_understood(string key) =>
        Assert.Equal(
            new Credential("u", "p:q"),
            Write($$$"""{"auths":{"{{{key}}}":{"auth":"{{{Convert.ToBase64String("u:p:q"u8)}}}"} } }""").Find("h:5000")
        );

    [Fact]
    public void Docker_Hub_has_its_old_key() =>
        Assert.Equal(
            "u",
            Write("""{"auths":{"https://index.docker.io/v1/":{"username":"u","password":"p"}}}""").Find("docker.io")?.Username
        );

    [Fact]
    public void A_key_of_a_namespace_is_no_login_for_the_registry() =>
        Assert.Null(Write("""{"auths":{"h/team":{"username":"u","password":"p"}}}""").Find("h"));

    [Fact]
    public void An_identity_token_is_found() =>
        Assert.Equal(
            "tok",
            Write(
                    $$$"""{"auths":{"h":{"auth":"{{{Convert.ToBase64String("00000000-0000-0000-0000-000000000000:"u8)}}}","identitytoken":"tok"} } }"""
                )
                .Find("h")
                ?.IdentityToken
        );

    [Fact]
    public void SEC_20_A_login_is_kept_for_the_user_alone_and_other_members_stay()
    {
        AuthFile file = Write("""{"credHelpers":{"x":"y"},"psFormat":"t","auths":null}""");
        file.Store("h", new Credential("u", "p"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(File).UnixFileMode);
        Assert.Contains("psFormat", System.IO.File.ReadAllText(File), StringComparison.Ordinal);
        Assert.Equal(new Credential("u", "p"), AuthFile.Load(File).Find("h"));
        Assert.True(AuthFile.Load(File).Remove("h"));
        Assert.Null(AuthFile.Load(File).Find("h"));
        Assert.False(AuthFile.Load(File).Remove("h"));
    }

    [Fact]
    public void A_missing_file_is_empty_and_its_directory_is_made()
    {
        AuthFile file = AuthFile.Load(File);
        Assert.Null(file.Find("h"));
        file.Store("docker.io", new Credential("u", "p"));
        Assert.Equal("u", AuthFile.Load(File).Find("docker.io")?.Username);
    }

    [Fact]
    public void A_broken_file_is_named() =>
        Assert.Contains(File, Assert.Throws<SkiffException>(() => Write("{")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_credential_helper_is_asked_by_its_name()
    {
        List<string> calls = [];
        AuthFile file = Write(
            """{"credHelpers":{"h":"pass"},"credsStore":"other"}""",
            (program, action, input) =>
            {
                calls.Add($"{program} {action} {Encoding.UTF8.GetString(input)}");
                return (0, Encoding.UTF8.GetBytes("""{"ServerURL":"h","Username":"<token>","Secret":"s"}"""));
            }
        );
        Assert.Equal(new Credential("", "", "s"), file.Find("h"));
        _ = file.Find("docker.io");
        Assert.Equal(["docker-credential-pass get h", "docker-credential-other get https://index.docker.io/v1/"], calls);
    }

    [Fact]
    public void A_helper_that_is_a_path_is_refused() =>
        Assert.Throws<SkiffException>(() => Write("""{"credsStore":"../../bin/sh"}""", (_, _, _) => (0, [])).Find("h"));
}
