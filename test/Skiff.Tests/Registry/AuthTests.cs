using System.Text;
using CsCheck;
using Skiff.Images;
using Skiff.Images.Registry;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Registry;

public sealed class AuthTests : IDisposable
{
    private readonly PullFixture _f = new();

    public void Dispose() => _f.Dispose();

    // A registry that wants the token "good" from its own /token.
    private void WantToken(string answer, Func<Seen, bool>? login = null)
    {
        _f.Registry.Image("t", "amd64", FakeRegistry.Random(1, 1000));
        _f.Registry.Script = (r, _) =>
            r.Path.StartsWith("/token", StringComparison.Ordinal)
                ? login is null || login(r)
                    ? Answer.Text(200, answer)
                    : Answer.Text(401, "")
                : r["authorization"] == "Bearer good"
                    ? r.Path == "/v2/"
                        ? Answer.Text(200, "{}")
                        : null
                    : Answer.Text(
                        401,
                        "",
                        (
                            "WWW-Authenticate",
                            $"Bearer realm=\"http://{_f.Registry.Authority}/token\",service=\"a b\",scope=\"repository:img:pull\""
                        )
                    );
    }

    [Theory]
    [InlineData("""{"token":"good"}""")]
    [InlineData("""{"access_token":"good"}""")]
    [InlineData("""{"token":"good","access_token":"good","expires_in":60,"issued_at":null}""")]
    [InlineData("""{"token":null,"access_token":"good"}""")]
    public void REG_01_Either_member_of_a_token_answer_will_do(string answer)
    {
        WantToken(answer);
        _ = _f.Pull();
        Seen token = Assert.Single(_f.Registry.Requests("/token"));
        Assert.Equal("/token?service=a%20b&scope=repository%3Aimg%3Apull", token.Path);
        Assert.Null(token["authorization"]);
    }

    [Fact]
    public void A_login_goes_to_the_token_service()
    {
        _f.Credential = new Credential("u", "p:w");
        WantToken("""{"token":"good"}""", r => r["authorization"] == "Basic " + Convert.ToBase64String("u:p:w"u8));
        _ = _f.Pull();
    }

    [Fact]
    public void An_identity_token_is_posted_and_never_in_a_URL()
    {
        _f.Credential = new Credential("", "", "refresh/me");
        WantToken(
            """{"access_token":"good"}""",
            r =>
                r.Method == "POST"
                && r.Body.Contains("refresh_token=refresh%2Fme", StringComparison.Ordinal)
                && r.Body.Contains("grant_type=refresh_token", StringComparison.Ordinal)
        );
        _ = _f.Pull();
        Assert.DoesNotContain(_f.Registry.Log, r => r.Path.Contains("refresh", StringComparison.Ordinal));
    }

    [Fact]
    public void SEC_20_A_refused_login_says_what_to_do_and_shows_no_password()
    {
        _f.Credential = new Credential("joe", "hunter2");
        WantToken("{}", _ => false);
        string message = _f.Fails();
        Assert.Contains("skiff login", message, StringComparison.Ordinal);
        Assert.Contains("joe", message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", _f.Credential.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_that_expires_in_mid_pull_is_fetched_again()
    {
        int served = 0;
        _f.Registry.Image("t", "amd64", FakeRegistry.Random(1, 1000));
        _f.Registry.Script = (r, _) =>
            r.Path.StartsWith("/token", StringComparison.Ordinal) ? Answer.Text(200, $$"""{"token":"t{{++served}}"}""")
            : r["authorization"] == (r.Path.Contains("/blobs/", StringComparison.Ordinal) ? "Bearer t2" : "Bearer t1") ? null
            : Answer.Text(401, "", ("WWW-Authenticate", $"Bearer realm=\"http://{_f.Registry.Authority}/token\""));
        _ = _f.Pull();
        Assert.Equal(2, served);
    }

    [Fact]
    public void A_registry_that_always_says_401_is_not_asked_for_ever()
    {
        _f.Registry.Script = (r, _) =>
            r.Path.StartsWith("/token", StringComparison.Ordinal)
                ? Answer.Text(200, """{"token":"x"}""")
                : Answer.Text(
                    401,
                    """{"errors":[{"code":"UNAUTHORIZED","message":"no\u001b[2J"}]}""",
                    ("WWW-Authenticate", $"Bearer realm=\"http://{_f.Registry.Authority}/token\"")
                );
        string message = _f.Fails();
        Assert.Contains("wants a login", message, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", message, StringComparison.Ordinal);
        Assert.True(_f.Registry.Log.Count <= 6);
    }

    [Fact]
    public void Basic_without_a_login_says_how_to_log_in()
    {
        _f.Registry.Script = (_, _) => Answer.Text(401, "", ("WWW-Authenticate", "Basic realm=\"x\""));
        Assert.Contains("skiff login", _f.Fails(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://evil.example/token")]
    [InlineData("ftp://evil.example/token")]
    [InlineData("token")]
    [InlineData("https://u:p@evil.example/")]
    public void A_realm_that_is_not_safe_gets_no_password(string realm)
    {
        Challenge challenge = Assert.Single(Challenge.ParseAll([$"Bearer realm=\"{realm}\""]));
        _ = Assert.Throws<SkiffException>(() => TokenService.Request(challenge, "s", new Credential("u", "p"), plainHttp: false));
    }

    [Theory]
    [InlineData("""{"token":"a\nb"}""")]
    [InlineData("""{"token":""}""")]
    [InlineData("{}")]
    [InlineData("x")]
    public void A_token_that_is_none_is_refused(string answer) =>
        Assert.Throws<SkiffException>(() => TokenService.Parse(Encoding.UTF8.GetBytes(answer)));

    [Fact]
    public void A_login_is_tried_before_it_is_kept()
    {
        WantToken("""{"token":"good"}""", r => r["authorization"] == "Basic " + Convert.ToBase64String("u:p"u8));
        Assert.True(
            RegistryClient.VerifyLogin(_f.Registry.Authority, new Credential("u", "p"), _f.Options.Registry, CancellationToken.None)
        );
        SkiffException e = Assert.Throws<SkiffException>(() =>
            RegistryClient.VerifyLogin(_f.Registry.Authority, new Credential("u", "secret"), _f.Options.Registry, CancellationToken.None)
        );
        Assert.Contains("user u", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void REG_04_Two_headers_odd_order_quoted_commas_and_lower_case_are_read()
    {
        IReadOnlyList<Challenge> two = Challenge.ParseAll([
            "Basic realm=\"a, b=\\\"c\\\"\"",
            "bearer scope=\"repository:x:pull,push\" , service=reg,REALM=\"https://r/t\"",
        ]);
        Assert.Equal(2, two.Count);
        Assert.Equal(("basic", "a, b=\"c\""), (two[0].Scheme, two[0]["realm"]));
        Assert.Equal(
            ("bearer", "https://r/t", "reg", "repository:x:pull,push"),
            (two[1].Scheme, two[1]["realm"], two[1]["service"], two[1]["scope"])
        );
    }

    [Fact]
    public void REG_04_Two_challenges_in_one_header_are_read()
    {
        IReadOnlyList<Challenge> two = Challenge.ParseAll(["Negotiate, Bearer realm = \"https://r/t\", Basic"]);
        Assert.Equal(["negotiate", "bearer", "basic"], two.Select(c => c.Scheme));
        Assert.Equal("https://r/t", two[1]["realm"]);
    }

    [Fact]
    public void REG_04_Bearer_is_preferred_over_Basic()
    {
        _f.Credential = new Credential("u", "p");
        WantToken("""{"token":"good"}""");
        Func<Seen, int, Answer?> inner = _f.Registry.Script;
        _f.Registry.Script = (r, n) =>
            inner(r, n) is { Status: 401 } a ? a with { Headers = [("WWW-Authenticate", "Basic realm=\"x\""), .. a.Headers] } : inner(r, n);
        _ = _f.Pull();
    }

    [Fact]
    public void Any_header_is_read_without_failing() =>
        Gen.Char["aB=,\" \\;\t/"]
            .Array[0, 40]
            .Select(c => new string(c))
            .Sample(text => Assert.True(Challenge.ParseAll([text]).Count <= 16));
}
