namespace Skiff.Images.Registry;

/// <summary>What <c>skiff.toml</c> says about one registry.</summary>
/// <param name="VerifyTls">False if the registry may be spoken to without TLS or with any certificate.</param>
/// <param name="Mirrors">Asked before the registry, in this order.</param>
public sealed record RegistrySettings(bool VerifyTls, IReadOnlyList<Mirror> Mirrors)
{
    /// <summary>Of a registry that the file does not name.</summary>
    public static RegistrySettings Default { get; } = new(true, []);
}
