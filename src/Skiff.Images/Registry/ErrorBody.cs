using System.Text.Json;
using Skiff.Linux;

namespace Skiff.Images.Registry;

/// <summary>The error body of a registry: <c>{"errors":[{"code":"…","message":"…"}]}</c> (distribution-spec, "Error Codes").</summary>
internal static class ErrorBody
{
    internal const int MaxBytes = 64 << 10;

    /// <summary>Code and message of the first error; empty if the body is none of that kind.</summary>
    internal static (string Code, string Message) Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            return JsonText.Document(body, "the error", Read);
        }
        catch (SkiffException)
        {
            // A proxy's HTML page, or nothing: the status says enough.
            return ("", "");
        }
    }

    private static (string Code, string Message) Read(ref Utf8JsonReader reader)
    {
        string code = "";
        string message = "";
        JsonText.Object(ref reader, "error");
        while (JsonText.Member(ref reader))
        {
            if (!reader.ValueTextEquals("errors"u8))
            {
                JsonText.Skip(ref reader);
                continue;
            }
            int count = 0;
            _ = JsonText.ListOrNull(ref reader, "errors");
            while (reader.TokenType != JsonTokenType.Null && JsonText.Element(ref reader, ref count, "errors"))
            {
                JsonText.Object(ref reader, "error");
                while (JsonText.Member(ref reader))
                {
                    if (reader.ValueTextEquals("code"u8) && code.Length == 0)
                    {
                        code = JsonText.String(ref reader, "code") ?? "";
                    }
                    else if (reader.ValueTextEquals("message"u8) && message.Length == 0)
                    {
                        message = JsonText.String(ref reader, "message") ?? "";
                    }
                    else
                    {
                        JsonText.Skip(ref reader);
                    }
                }
            }
        }
        return (Printable.Of(code, 60), Printable.Of(message));
    }
}
