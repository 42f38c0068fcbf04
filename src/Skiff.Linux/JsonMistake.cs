using System.Text.Json;

namespace Skiff.Linux;

/// <summary>What is wrong with a JSON text, in words: the published binary has only the keys of .NET's own texts.</summary>
public static class JsonMistake
{
    /// <summary>The reason: that of the code which asked for something else, or where the text stops being JSON.</summary>
    /// <param name="e">A <see cref="JsonException"/>, or what a document throws about a member that is absent or of another type.</param>
    public static string Of(Exception e) =>
        e switch
        {
            JsonException { LineNumber: null } own => own.Message,
            JsonException json when json.Message.Contains("DepthTooLarge", StringComparison.Ordinal) => "it is nested too deep",
            JsonException json => $"it is not JSON (line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1})",
            KeyNotFoundException => "a member is missing",
            _ => "a member has the wrong type",
        };
}
