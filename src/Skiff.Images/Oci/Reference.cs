using Skiff.Linux;

namespace Skiff.Images;

/// <summary>The name of an image: registry, repository, and a tag or a digest or both.</summary>
/// <remarks>
/// The grammar and the normalisation are those of the distribution project's reference package, as docker applies them:
/// <c>busybox</c> is <c>docker.io/library/busybox:latest</c>; the first part is a registry only if it has a dot or a colon, is <c>localhost</c>, or has an upper-case letter.
/// </remarks>
/// <param name="Domain">Host and optional port of the registry: <c>docker.io</c>, <c>localhost:5000</c>, <c>[::1]:5000</c>.</param>
/// <param name="Repository">The path at the registry, lower case: <c>library/busybox</c>.</param>
/// <param name="Tag">The tag; null for a name pinned by digest only, or one read by <see cref="ParseName"/>.</param>
/// <param name="Digest">The digest of a manifest or index; where given it wins over the tag.</param>
public sealed record Reference(string Domain, string Repository, string? Tag, Digest? Digest)
{
    /// <summary>The domain of names that name none.</summary>
    public const string DefaultDomain = "docker.io";

    /// <summary>The tag of names that have neither tag nor digest.</summary>
    public const string DefaultTag = "latest";

    private const string Library = "library/";

    /// <summary>Registry and repository: <c>docker.io/library/busybox</c>.</summary>
    public string Name => $"{Domain}/{Repository}";

    /// <summary>What the registry is asked for: the digest, else the tag.</summary>
    public string Target => Digest?.ToString() ?? Tag ?? DefaultTag;

    /// <summary>The shortest name that reads as this reference: without <c>docker.io/</c> and <c>library/</c>.</summary>
    public string Familiar => FamiliarName + Suffix;

    /// <summary>The shortest form of <see cref="Name"/>.</summary>
    public string FamiliarName
    {
        get
        {
            if (Domain != DefaultDomain)
            {
                return Name;
            }
            if (Repository.StartsWith(Library, StringComparison.Ordinal) && !Repository.AsSpan(Library.Length).Contains('/'))
            {
                return Repository[Library.Length..];
            }
            // docker.io/a.b/c must not become a.b/c: that names the registry a.b.
            int slash = Repository.IndexOf('/');
            return slash > 0 && IsDomain(Repository[..slash]) ? Name : Repository;
        }
    }

    private string Suffix => (Tag is null ? "" : ":" + Tag) + (Digest is Digest d ? "@" + d : "");

    /// <summary>Reads a name as the user types it; a name without tag and digest gets the tag <c>latest</c>. Throws <see cref="SkiffException"/> with what is wrong.</summary>
    public static Reference Parse(string text)
    {
        Reference reference = ParseName(text);
        return reference is { Tag: null, Digest: null } ? reference with { Tag = DefaultTag } : reference;
    }

    /// <summary>As <see cref="Parse"/>, false instead of an exception.</summary>
    public static bool TryParse(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Reference? reference)
    {
        reference = ReferenceGrammar.Parse(text, out _);
        if (reference is { Tag: null, Digest: null })
        {
            reference = reference with { Tag = DefaultTag };
        }
        return reference is not null;
    }

    /// <summary>As <see cref="Parse"/>, but a name without tag and digest keeps neither: for filters that mean every tag.</summary>
    public static Reference ParseName(string text) =>
        ReferenceGrammar.Parse(text, out string? error)
        ?? throw new SkiffException($"\"{Printable.Of(text)}\" is not an image name: {error}");

    /// <summary>The canonical form: <c>docker.io/library/busybox:latest</c>.</summary>
    public override string ToString() => Name + Suffix;

    internal static bool IsDomain(string first) =>
        first == "localhost" || first.AsSpan().IndexOfAny('.', ':') >= 0 || first.AsSpan().IndexOfAnyInRange('A', 'Z') >= 0;
}
