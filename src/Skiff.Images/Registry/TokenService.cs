using System.Net;
using System.Text;
using System.Text.Json;
using Skiff.Linux;

namespace Skiff.Images.Registry;

/// <summary>Gets a bearer token from the service that a registry's challenge names (distribution, "Token Authentication" and "OAuth2").</summary>
internal static class TokenService
{
    internal const int MaxBytes = 1 << 20;
    private const int MaxToken = 32 << 10;

    /// <summary>The request for a token.</summary>
    /// <param name="challenge">The bearer challenge.</param>
    /// <param name="scope">The scope to ask for if the challenge names none: <c>repository:NAME:pull</c>.</param>
    /// <param name="credential">Who asks; null for nobody.</param>
    /// <param name="plainHttp">True if the registry itself is spoken to without TLS.</param>
    internal static HttpRequestMessage Request(Challenge challenge, string scope, Credential? credential, bool plainHttp)
    {
        Uri realm = Realm(challenge["realm"], plainHttp);
        string service = challenge["service"] ?? "";
        scope = challenge["scope"] is { Length: > 0 } asked ? asked : scope;
        if (credential is { IdentityToken.Length: > 0 })
        {
            // The only form in which a refresh token may be used: a POST, so that it is in no log of URLs.
            return new HttpRequestMessage(HttpMethod.Post, realm)
            {
                Content = new ByteArrayContent(
                    Encoding.ASCII.GetBytes(
                        $"grant_type=refresh_token&client_id=skiff&service={Uri.EscapeDataString(service)}&scope={Uri.EscapeDataString(scope)}&refresh_token={Uri.EscapeDataString(credential.IdentityToken)}"
                    )
                )
                {
                    Headers = { { "Content-Type", "application/x-www-form-urlencoded" } },
                },
            };
        }
        StringBuilder query = new(realm.Query.Length > 1 ? realm.Query + "&" : "?");
        if (service.Length > 0)
        {
            query.Append("service=").Append(Uri.EscapeDataString(service)).Append('&');
        }
        // Several scopes are separated by blanks, one query parameter each.
        foreach (string one in scope.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            query.Append("scope=").Append(Uri.EscapeDataString(one)).Append('&');
        }
        UriBuilder address = new(realm) { Query = query.ToString(1, query.Length - 1).TrimEnd('&') };
        HttpRequestMessage request = new(HttpMethod.Get, address.Uri);
        if (credential is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", credential.Basic);
        }
        return request;
    }

    /// <summary>The token of an answer: <c>token</c> or <c>access_token</c>, either will do (REG-01).</summary>
    internal static string Parse(ReadOnlySpan<byte> body)
    {
        string token = JsonText.Document(body, "the token service's answer", Read);
        return token.Length is > 0 and <= MaxToken && !token.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? token
            : throw new SkiffException("the token service's answer has no usable token");
    }

    // A realm is where the password goes: never over plain HTTP, except to this machine, or where the user has said that the registry itself is to be spoken to so.
    private static Uri Realm(string? text, bool plainHttp)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? realm) || realm.Scheme is not ("https" or "http") || realm.UserInfo.Length > 0)
        {
            throw new SkiffException($"the registry names \"{Printable.Of(text)}\" as its token service, which is not a web address");
        }
        return realm.Scheme == "https" || plainHttp || Endpoint.IsLoopbackHost(realm.Authority)
            ? realm
            : throw new SkiffException(
                $"the registry names {Printable.Of(realm.Authority)} as its token service over plain HTTP, where anybody could read the login: refused"
            );
    }

    private static string Read(ref Utf8JsonReader reader)
    {
        string token = "";
        string access = "";
        JsonText.Object(ref reader, "it");
        while (JsonText.Member(ref reader))
        {
            if (reader.ValueTextEquals("token"u8))
            {
                token = JsonText.String(ref reader, "token") ?? "";
            }
            else if (reader.ValueTextEquals("access_token"u8))
            {
                access = JsonText.String(ref reader, "access_token") ?? "";
            }
            else
            {
                JsonText.Skip(ref reader);
            }
        }
        return token.Length > 0 ? token : access;
    }
}
