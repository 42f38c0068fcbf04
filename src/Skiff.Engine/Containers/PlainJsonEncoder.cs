using System.Text.Encodings.Web;
using System.Text.Json;

namespace Skiff.Engine.Containers;

/// <summary>Escapes in JSON what RFC 8259 demands and nothing else. The built-in encoders fill tables of all of Unicode on first use, a fiftieth of a container's start.</summary>
internal sealed unsafe class PlainJsonEncoder : JavaScriptEncoder
{
    /// <summary>Options for a writer that is trusted to be used rightly.</summary>
    internal static readonly JsonWriterOptions Compact = new() { SkipValidation = true, Encoder = new PlainJsonEncoder() };

    /// <inheritdoc/>
    public override int MaxOutputCharactersPerInputCharacter => 6;

    /// <inheritdoc/>
    public override bool WillEncode(int unicodeScalar) => unicodeScalar is < ' ' or '"' or '\\';

    /// <inheritdoc/>
    public override int FindFirstCharacterToEncode(char* text, int textLength)
    {
        for (int i = 0; i < textLength; i++)
        {
            // Surrogates go the slow way, where lone ones are replaced.
            if (text[i] is < ' ' or '"' or '\\' or (>= '\uD800' and <= '\uDFFF'))
            {
                return i;
            }
        }
        return -1;
    }

    /// <inheritdoc/>
    public override int FindFirstCharacterToEncodeUtf8(ReadOnlySpan<byte> utf8Text)
    {
        for (int i = 0; i < utf8Text.Length; i++)
        {
            if (utf8Text[i] is < (byte)' ' or (byte)'"' or (byte)'\\' or >= 0x80)
            {
                return i;
            }
        }
        return -1;
    }

    /// <inheritdoc/>
    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        char single = unicodeScalar switch
        {
            '"' => '"',
            '\\' => '\\',
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            _ => '\0',
        };
        numberOfCharactersWritten = single != '\0' ? 2 : 6;
        if (bufferLength < numberOfCharactersWritten)
        {
            numberOfCharactersWritten = 0;
            return false;
        }
        buffer[0] = '\\';
        if (single != '\0')
        {
            buffer[1] = single;
            return true;
        }
        buffer[1] = 'u';
        for (int i = 0; i < 4; i++)
        {
            buffer[2 + i] = "0123456789ABCDEF"[(unicodeScalar >> (12 - (4 * i))) & 15];
        }
        return true;
    }
}
