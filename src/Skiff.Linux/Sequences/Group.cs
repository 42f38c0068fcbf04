namespace Skiff.Linux.Sequences;

/// <summary>The items that have a key in common.</summary>
public sealed class Group<TKey, T>(TKey key) : List<T>
{
    /// <summary>What they have in common.</summary>
    public TKey Key { get; } = key;
}
