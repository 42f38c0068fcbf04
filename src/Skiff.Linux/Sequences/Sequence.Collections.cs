namespace Skiff.Linux.Sequences;

public static partial class Sequence
{
    /// <summary>The items as they are now.</summary>
    public static T[] ToArray<T>(this IEnumerable<T> items) => new List<T>(items).ToArray();

    /// <summary>The items as a set.</summary>
    public static HashSet<T> ToHashSet<T>(this IEnumerable<T> items, IEqualityComparer<T>? comparer = null) => new(items, comparer);

    /// <summary>A dictionary of the items.</summary>
    /// <exception cref="ArgumentException">Two have the same key.</exception>
    public static Dictionary<TKey, T> ToDictionary<T, TKey>(
        this IEnumerable<T> items,
        Func<T, TKey> key,
        IEqualityComparer<TKey>? comparer = null
    )
        where TKey : notnull => items.ToDictionary(key, item => item, comparer);

    /// <summary>A dictionary of what is made of the items.</summary>
    /// <exception cref="ArgumentException">Two have the same key.</exception>
    public static Dictionary<TKey, TValue> ToDictionary<T, TKey, TValue>(
        this IEnumerable<T> items,
        Func<T, TKey> key,
        Func<T, TValue> value,
        IEqualityComparer<TKey>? comparer = null
    )
        where TKey : notnull
    {
        Dictionary<TKey, TValue> dictionary = new(comparer);
        foreach (T item in items)
        {
            dictionary.Add(key(item), value(item));
        }
        return dictionary;
    }

    /// <summary>The items by their key, the groups in the order of their first items.</summary>
    public static IEnumerable<Group<TKey, T>> GroupBy<T, TKey>(
        this IEnumerable<T> items,
        Func<T, TKey> key,
        IEqualityComparer<TKey>? comparer = null
    )
        where TKey : notnull
    {
        Dictionary<TKey, Group<TKey, T>> byKey = new(comparer);
        List<Group<TKey, T>> groups = [];
        foreach (T item in items)
        {
            TKey itsKey = key(item);
            if (!byKey.TryGetValue(itsKey, out Group<TKey, T>? group))
            {
                group = new Group<TKey, T>(itsKey);
                byKey.Add(itsKey, group);
                groups.Add(group);
            }
            group.Add(item);
        }
        return groups;
    }
}
