using System.Numerics;

namespace Skiff.Linux.Sequences;

public static partial class Sequence
{
    /// <summary>Is there an item?</summary>
    public static bool Any<T>(this IEnumerable<T> items)
    {
        foreach (T _ in items)
        {
            return true;
        }
        return false;
    }

    /// <summary>Is there an item for which it holds?</summary>
    public static bool Any<T>(this IEnumerable<T> items, Func<T, bool> holds)
    {
        foreach (T item in items)
        {
            if (holds(item))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Does it hold for every item?</summary>
    public static bool All<T>(this IEnumerable<T> items, Func<T, bool> holds)
    {
        foreach (T item in items)
        {
            if (!holds(item))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Is it one of the items?</summary>
    public static bool Contains<T>(this IEnumerable<T> items, T wanted)
    {
        if (items is ICollection<T> collection)
        {
            return collection.Contains(wanted);
        }
        foreach (T item in items)
        {
            if (EqualityComparer<T>.Default.Equals(item, wanted))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>How many there are.</summary>
    public static int Count<T>(this IEnumerable<T> items)
    {
        int count = 0;
        foreach (T _ in items)
        {
            count++;
        }
        return count;
    }

    /// <summary>For how many it holds.</summary>
    public static int Count<T>(this IEnumerable<T> items, Func<T, bool> holds) => items.Where(holds).Count();

    /// <summary>The first item.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static T First<T>(this IEnumerable<T> items)
    {
        foreach (T item in items)
        {
            return item;
        }
        throw new InvalidOperationException("the sequence is empty");
    }

    /// <summary>The first item, or the type's default.</summary>
    public static T? FirstOrDefault<T>(this IEnumerable<T> items)
    {
        foreach (T item in items)
        {
            return item;
        }
        return default;
    }

    /// <summary>The first item for which it holds, or the type's default.</summary>
    public static T? FirstOrDefault<T>(this IEnumerable<T> items, Func<T, bool> holds) => items.Where(holds).FirstOrDefault();

    /// <summary>The last item, or the type's default.</summary>
    public static T? LastOrDefault<T>(this IEnumerable<T> items) => items.Reverse().FirstOrDefault();

    /// <summary>The last item for which it holds, or the type's default.</summary>
    public static T? LastOrDefault<T>(this IEnumerable<T> items, Func<T, bool> holds) => items.Where(holds).LastOrDefault();

    /// <summary>The sum of the items' numbers.</summary>
    /// <exception cref="OverflowException">It does not fit.</exception>
    public static TNumber Sum<T, TNumber>(this IEnumerable<T> items, Func<T, TNumber> number)
        where TNumber : INumber<TNumber> => items.Aggregate(TNumber.Zero, (sum, item) => checked(sum + number(item)));

    /// <summary>The greatest of the items' values.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static TValue Max<T, TValue>(this IEnumerable<T> items, Func<T, TValue> value) => items.Select(value).Max();

    /// <summary>The greatest item.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static T Max<T>(this IEnumerable<T> items)
    {
        bool any = false;
        T? greatest = default;
        foreach (T item in items)
        {
            greatest = any && Comparer<T>.Default.Compare(item, greatest) <= 0 ? greatest : item;
            any = true;
        }
        return any ? greatest! : throw new InvalidOperationException("the sequence is empty");
    }

    /// <summary>What is left when the function has taken in one item after another, from the seed on.</summary>
    public static TResult Aggregate<T, TResult>(this IEnumerable<T> items, TResult seed, Func<TResult, T, TResult> function)
    {
        TResult result = seed;
        foreach (T item in items)
        {
            result = function(result, item);
        }
        return result;
    }

}
