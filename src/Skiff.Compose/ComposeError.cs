using Skiff.Compose.Yaml;
using Skiff.Linux;

namespace Skiff.Compose;

/// <summary>Errors of compose files.</summary>
internal static class ComposeError
{
    /// <summary>docker compose ends with 14 or 15 for a file it does not understand; both of its users, people and scripts, look for non-zero only: 1 is skiff's for all.</summary>
    private const int Code = 1;

    /// <summary>", did you mean …?", where a known name is near; every name of one or two letters is near to every other.</summary>
    public static string Near(string name, IEnumerable<string> known) =>
        name.Length > 2 && Suggestion.Nearest(name, known) is { } near ? $", did you mean {near}?" : "";

    /// <summary>An error at a place of a file.</summary>
    public static SkiffException At(Place place, string message) => new(place.File is null or "" ? message : $"{place}: {message}", Code);
}
