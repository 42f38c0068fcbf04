namespace Skiff.Images.Registry;

/// <summary>Another registry with the same repositories.</summary>
/// <param name="Authority">Host and port.</param>
/// <param name="Prefix">What its repositories' names begin with, such as <c>hub/</c>; empty for nothing.</param>
/// <param name="PlainHttp">True if it is spoken to without TLS.</param>
public sealed record Mirror(string Authority, string Prefix, bool PlainHttp)
{
    /// <summary>The name of what is asked for at the mirror.</summary>
    public Reference Of(Reference reference) => reference with { Domain = Authority, Repository = Prefix + reference.Repository };

    /// <summary>Reads <c>[http://|https://]HOST[:PORT][/PREFIX]</c>; null if it is none.</summary>
    public static Mirror? Parse(string text)
    {
        bool plain = text.StartsWith("http://", StringComparison.Ordinal);
        bool secure = text.StartsWith("https://", StringComparison.Ordinal);
        string rest = (
            plain ? text["http://".Length..]
            : secure ? text["https://".Length..]
            : text
        ).TrimEnd('/');
        int slash = rest.IndexOf('/');
        string authority = slash < 0 ? rest : rest[..slash];
        string prefix = slash < 0 ? "" : rest[(slash + 1)..] + "/";
        // the grammar of names decides what a host and a prefix may be; a host without a dot or a port needs the scheme, as it would be a part of a name
        return
            Reference.TryParse($"{authority}/{prefix}x", out Reference? reference) && reference.Domain == authority
            || (
                (plain || secure)
                && Reference.TryParse($"{authority}:443/{prefix}x", out reference)
                && reference.Domain == $"{authority}:443"
            )
            ? new Mirror(authority, prefix, plain)
            : null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(PlainHttp ? "http://" : "")}{Authority}{(Prefix.Length > 0 ? "/" : "")}{Prefix.TrimEnd('/')}";
}
