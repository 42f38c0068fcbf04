namespace Skiff.Linux.Spawning;

/// <summary>The flags with which <see cref="Spawn"/> calls clone3(2), as text.</summary>
public static class CloneText
{
    /// <summary>The namespaces and what Spawn adds to every call.</summary>
    public static string Flags(CloneFlags namespaces, bool intoCgroup) =>
        FlagText.Clone((uint)namespaces | 0x1000UL | 0x100000000UL | (intoCgroup ? 0x200000000UL : 0));

    /// <summary>Namespaces alone, as unshare(2) and setns(2) take them.</summary>
    public static string Namespaces(CloneFlags namespaces) => FlagText.Clone((uint)namespaces);
}
