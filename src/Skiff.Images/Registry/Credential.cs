using System.Text;

namespace Skiff.Images.Registry;

/// <summary>What a registry knows a user by. Its text shows no secret (SEC-20).</summary>
/// <param name="Username">The user; empty with an identity token.</param>
/// <param name="Password">The password or access token.</param>
/// <param name="IdentityToken">A refresh token of the registry's token service, in place of a password; empty if there is none.</param>
public sealed record Credential(string Username, string Password, string IdentityToken = "")
{
    /// <summary>The value of an <c>Authorization</c> header with the Basic scheme (RFC 7617).</summary>
    internal string Basic => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Username}:{Password}"));

    /// <summary>Only the user's name.</summary>
    public override string ToString() => IdentityToken.Length > 0 ? "an identity token" : $"user {Printable.Of(Username)}";
}
