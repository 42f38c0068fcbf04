using System.Globalization;
using Skiff.Linux;

namespace Skiff.Commands;

/// <summary>The values of <c>--filter NAME=VALUE</c>, checked against the filters that a verb has.</summary>
internal sealed class Filters
{
    private readonly Dictionary<string, List<string>> _values = [];

    private Filters() { }

    /// <summary>Reads the flag's values. Throws <see cref="SkiffException"/> for a filter that the verb does not have.</summary>
    public static Filters Parse(IReadOnlyList<string> given, params IReadOnlyList<string> known)
    {
        var filters = new Filters();
        foreach (string text in given)
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            // label!=x: the exclamation mark belongs to the name, as in docker.
            string name = (equals < 0 ? text : text[..equals]).Trim().ToLowerInvariant();
            if (!known.Contains(name))
            {
                string? near = Suggestion.Nearest(name, known);
                throw new SkiffException(
                    $"--filter {text}: there is no filter \"{name}\" here{(near is null ? $", but {string.Join(", ", known)}" : $", did you mean {near}?")}"
                );
            }
            if (equals < 0)
            {
                throw new SkiffException($"--filter {text}: a value is missing, write {name}=VALUE");
            }
            if (!filters._values.TryGetValue(name, out List<string>? values))
            {
                filters._values[name] = values = [];
            }
            values.Add(text[(equals + 1)..].Trim());
        }
        return filters;
    }

    /// <summary>The values of one filter, in order; empty where it was not given.</summary>
    public IReadOnlyList<string> Of(string name) => _values.TryGetValue(name, out List<string>? values) ? values : [];

    /// <summary>A switch: null where it was not given.</summary>
    public bool? Switch(string name)
    {
        IReadOnlyList<string> values = Of(name);
        return values.Count == 0
            ? null
            : values[^1].ToLowerInvariant() switch
            {
                "true" or "1" or "t" => true,
                "false" or "0" or "f" => false,
                _ => throw new SkiffException($"--filter {name}={values[^1]}: true or false expected"),
            };
    }

    /// <summary>A value that must be a number.</summary>
    public static int Number(string name, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new SkiffException($"--filter {name}={value}: a number is expected");

    /// <summary>Labels as name and value; a null value is any.</summary>
    public IReadOnlyList<(string Name, string? Value)> Labels(string name = "label")
    {
        List<(string, string?)> labels = [];
        foreach (string text in Of(name))
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            labels.Add(equals < 0 ? (text, null) : (text[..equals], text[(equals + 1)..]));
        }
        return labels;
    }

    /// <summary>False for labels with one that <c>label!</c> keeps from being pruned.</summary>
    public bool LabelsSpare(IReadOnlyDictionary<string, string> labels)
    {
        foreach ((string name, string? value) in Labels("label!"))
        {
            if (labels.TryGetValue(name, out string? have) && (value is null || value == have))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>True if the labels have every one that is asked for.</summary>
    public bool LabelsMatch(IReadOnlyDictionary<string, string> labels)
    {
        foreach ((string name, string? value) in Labels())
        {
            if (!labels.TryGetValue(name, out string? have) || (value is not null && value != have))
            {
                return false;
            }
        }
        return true;
    }
}
