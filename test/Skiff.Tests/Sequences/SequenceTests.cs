using CsCheck;
using Xunit;
using Own = Skiff.Linux.Sequences.Sequence;

namespace Skiff.Tests.Sequences;

/// <summary>Our operators give what System.Linq gives.</summary>
public sealed class SequenceTests
{
    private static readonly Gen<List<int>> s_numbers = Gen.Int[-4, 4].List[0, 12];
    private static readonly Gen<List<string>> s_words = Gen.String[Gen.Char["abAB"], 0, 3].List[0, 12];

    [Fact]
    public void Filters_and_images_are_those_of_linq() =>
        s_numbers.Sample(items =>
            Equal(items.Select(x => x * 2), Own.Select(items, x => x * 2))
            && Equal(items.Select((x, i) => x * i), Own.Select(items, (x, i) => x * i))
            && Equal(items.SelectMany(x => items.Take(x)), Own.SelectMany(items, x => Own.Take(items, x)))
            && Equal(items.Where(x => x > 0), Own.Where(items, x => x > 0))
            && Equal(items.Cast<object>().OfType<int>(), Own.OfType<int>(items.ConvertAll(x => (object)x)))
            && Equal(Enumerable.Reverse(items), Own.Reverse(items))
        );

    [Fact]
    public void Parts_are_those_of_linq() =>
        Gen.Select(s_numbers, Gen.Int[-2, 14])
            .Sample(
                (items, count) =>
                    Equal(items.Skip(count), Own.Skip(items, count))
                    && Equal(items.Take(count), Own.Take(items, count))
                    && Equal(items.TakeLast(count), Own.TakeLast(items, count))
                    && Equal(items.Prepend(count), Own.Prepend(items, count))
            );

    [Fact]
    public void Sets_are_those_of_linq() =>
        Gen.Select(s_words, s_words)
            .Sample(
                (a, b) =>
                    Equal(a.Concat(b), Own.Concat(a, b))
                    && Equal(a.Union(b), Own.Union(a, b))
                    && Equal(a.Except(b), Own.Except(a, b))
                    && Equal(a.Distinct(StringComparer.OrdinalIgnoreCase), Own.Distinct(a, StringComparer.OrdinalIgnoreCase))
                    && Equal(a.DistinctBy(w => w.Length), Own.DistinctBy(a, w => w.Length))
            );

    [Fact]
    public void Sorting_is_that_of_linq_and_keeps_equals_in_order() =>
        s_words.Sample(words =>
            Equal(words.Order(StringComparer.Ordinal), Own.Order(words, StringComparer.Ordinal))
            && Equal(words.OrderBy(w => w.Length), Own.OrderBy(words, w => w.Length))
            && Equal(words.OrderByDescending(w => w.Length), Own.OrderByDescending(words, w => w.Length))
            && Equal(
                words.OrderBy(w => w.Length).ThenBy(w => w, StringComparer.OrdinalIgnoreCase),
                Own.ThenBy(Own.OrderBy(words, w => w.Length), w => w, StringComparer.OrdinalIgnoreCase)
            )
        );

    [Fact]
    public void Values_are_those_of_linq() =>
        s_numbers.Sample(items =>
            items.Count > 0 == Own.Any(items)
            && items.Any(x => x > 3) == Own.Any(items, x => x > 3)
            && items.All(x => x > -4) == Own.All(items, x => x > -4)
            && items.Contains(4) == Own.Contains(items, 4)
            && items.Where(x => x > 0).Contains(4) == Own.Contains(Own.Where(items, x => x > 0), 4)
            && items.Count(x => x > 0) == Own.Count(items, x => x > 0)
            && items.FirstOrDefault() == Own.FirstOrDefault(items)
            && items.FirstOrDefault(x => x > 1) == Own.FirstOrDefault(items, x => x > 1)
            && items.LastOrDefault() == Own.LastOrDefault(items)
            && items.LastOrDefault(x => x > 1) == Own.LastOrDefault(items, x => x > 1)
            && items.Sum(x => (long)x) == Own.Sum(items, x => (long)x)
            && items.Aggregate("", (text, x) => text + x) == Own.Aggregate(items, "", (text, x) => text + x)
        );

    [Fact]
    public void The_greatest_and_the_first_of_nothing_are_errors() =>
        s_numbers.Sample(items =>
            Outcome(() => items.Max()) == Outcome(() => Own.Max(items))
            && Outcome(() => items.Max(x => -x)) == Outcome(() => Own.Max(items, x => -x))
            && Outcome(() => items.First()) == Outcome(() => Own.First(items))
        );

    [Fact]
    public void Groups_and_dictionaries_are_those_of_linq() =>
        s_words.Sample(words =>
            Equal(
                words.GroupBy(w => w.Length).Select(g => $"{g.Key}:{string.Join(',', g)}"),
                Own.Select(Own.GroupBy(words, w => w.Length), g => $"{g.Key}:{string.Join(',', g)}")
            )
            && Outcome(() => words.ToDictionary(w => w).Count) == Outcome(() => Own.ToDictionary(words, w => w).Count)
            && words.ToHashSet(StringComparer.Ordinal).SetEquals(Own.ToHashSet(words, StringComparer.Ordinal))
            && Equal(words, Own.ToArray(words))
        );

    [Fact]
    public void Nothing_is_asked_for_before_it_is_needed()
    {
        int asked = 0;
        IEnumerable<int> counted = Own.Select(Enumerable.Range(0, 1000), x => asked++);
        Assert.Equal(0, asked);
        Assert.Equal([0, 1, 2], Own.Take(counted, 3));
        Assert.Equal(3, asked);
    }

    private static bool Equal<T>(IEnumerable<T> expected, IEnumerable<T> actual)
    {
        Assert.Equal(expected, actual);
        return true;
    }

    private static string Outcome(Func<int> value)
    {
        try
        {
            return value().ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            return e.GetType().Name;
        }
    }
}
