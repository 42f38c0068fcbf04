using System.Text.Json;

namespace Skiff.Build.Parsing;

/// <summary>The exec form of a Dockerfile: a JSON array of strings. Anything that is not exactly that is the shell form.</summary>
public static class JsonForm
{
    /// <summary>Its words; null for another form.</summary>
    public static IReadOnlyList<string>? TryParse(string text)
    {
        text = text.Trim();
        if (text.Length < 2 || text[0] != '[' || text[^1] != ']')
        {
            return null;
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            List<string> words = [];
            foreach (JsonElement element in document.RootElement.EnumerateArray())
            {
                if (element.ValueKind != JsonValueKind.String)
                {
                    return null;
                }
                words.Add(element.GetString()!);
            }
            return words;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Writes words as docker's history shows them: <c>["a" "b"]</c>.</summary>
    public static string History(IReadOnlyList<string> words) => "[" + string.Join(' ', words.Select(Quote)) + "]";

    internal static string Quote(string word) =>
        "\"" + word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
