using System.Collections;

namespace Skiff.Linux.Sequences;

/// <summary>Items that are sorted when they are asked for; equal ones keep their order.</summary>
public sealed class OrderedSequence<T> : IEnumerable<T>
{
    private readonly IEnumerable<T> _items;
    private readonly Comparison<T> _comparison;

    internal OrderedSequence(IEnumerable<T> items, Comparison<T> comparison)
    {
        _items = items;
        _comparison = comparison;
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator()
    {
        List<T> items = [.. _items];
        int[] order = new int[items.Count];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }
        // indices and not items, because that is one sort for all types, and the index keeps equal ones in order
        Array.Sort(order, (a, b) => _comparison(items[a], items[b]) is not 0 and int difference ? difference : a.CompareTo(b));
        foreach (int i in order)
        {
            yield return items[i];
        }
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal OrderedSequence<T> Then(Comparison<T> next) =>
        new(_items, (a, b) => _comparison(a, b) is not 0 and int difference ? difference : next(a, b));
}
