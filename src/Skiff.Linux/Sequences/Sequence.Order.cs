namespace Skiff.Linux.Sequences;

public static partial class Sequence
{
    /// <summary>The items in ascending order.</summary>
    public static OrderedSequence<T> Order<T>(this IEnumerable<T> items, IComparer<T>? comparer = null) =>
        items.OrderBy(item => item, comparer);

    /// <summary>The items in ascending order of their keys.</summary>
    public static OrderedSequence<T> OrderBy<T, TKey>(this IEnumerable<T> items, Func<T, TKey> key, IComparer<TKey>? comparer = null) =>
        new(items, ByKey(key, comparer));

    /// <summary>The items in descending order of their keys.</summary>
    public static OrderedSequence<T> OrderByDescending<T, TKey>(
        this IEnumerable<T> items,
        Func<T, TKey> key,
        IComparer<TKey>? comparer = null
    )
    {
        Comparison<T> ascending = ByKey(key, comparer);
        return new(items, (a, b) => ascending(b, a));
    }

    /// <summary>The same order, and by this key where that one leaves items equal.</summary>
    public static OrderedSequence<T> ThenBy<T, TKey>(this OrderedSequence<T> items, Func<T, TKey> key, IComparer<TKey>? comparer = null) =>
        items.Then(ByKey(key, comparer));

    private static Comparison<T> ByKey<T, TKey>(Func<T, TKey> key, IComparer<TKey>? comparer)
    {
        IComparer<TKey> order = comparer ?? Comparer<TKey>.Default;
        return (a, b) => order.Compare(key(a), key(b));
    }
}
