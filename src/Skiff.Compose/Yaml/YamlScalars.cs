using System.Globalization;

namespace Skiff.Compose.Yaml;

/// <summary>What a plain scalar means: YAML 1.2's core schema, with the old octal numbers (<c>0640</c>) that file modes are written in.</summary>
internal static class YamlScalars
{
    /// <summary>Reads a plain scalar.</summary>
    public static Node Resolve(string text, Place place)
    {
        Node node = Read(text, place);
        return node.Kind == NodeKind.Text || node.Text == text ? node : node.As(text);
    }

    private static Node Read(string text, Place place)
    {
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return Node.Null(place);
            case "true" or "True" or "TRUE":
                return Node.Of(true, place);
            case "false" or "False" or "FALSE":
                return Node.Of(false, place);
        }
        char first = text[0];
        if (!char.IsAsciiDigit(first) && first is not ('+' or '-' or '.'))
        {
            return Node.Of(text, place);
        }
        return TryInteger(text, out long number) ? Node.Of(number, place)
            : TryFloat(text, out double real) ? Node.Of(real, place)
            : Node.Of(text, place);
    }

    /// <summary>Whether a plain scalar of this text would not be text.</summary>
    public static bool IsOther(string text) => Resolve(text, default).Kind != NodeKind.Text;

    private static bool TryInteger(string text, out long number)
    {
        number = 0;
        string digits = text.Replace("_", "", StringComparison.Ordinal);
        bool negative = digits.StartsWith('-');
        digits = digits.StartsWith('-') || digits.StartsWith('+') ? digits[1..] : digits;
        if (digits.Length == 0 || !char.IsAsciiDigit(digits[0]))
        {
            return false;
        }
        int radix =
            digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? 16
            : digits.StartsWith("0o", StringComparison.OrdinalIgnoreCase) ? 8
            : digits.StartsWith("0b", StringComparison.OrdinalIgnoreCase) ? 2
            : 10;
        int at =
            radix != 10 ? 2
            : digits.Length > 1 && digits[0] == '0' ? 1
            : 0;
        radix = radix == 10 && at == 1 ? 8 : radix;
        if (at == digits.Length)
        {
            return false;
        }
        for (; at < digits.Length; at++)
        {
            int digit = char.IsAsciiHexDigit(digits[at]) ? Convert.ToInt32(digits[at].ToString(), 16) : radix;
            if (digit >= radix || number > (long.MaxValue - digit) / radix)
            {
                return false;
            }
            number = (number * radix) + digit;
        }
        number = negative ? -number : number;
        return true;
    }

    private static bool TryFloat(string text, out double number)
    {
        number = 0;
        string bare = text.TrimStart('+', '-');
        if (bare is ".inf" or ".Inf" or ".INF")
        {
            number = text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }
        if (text is ".nan" or ".NaN" or ".NAN")
        {
            number = double.NaN;
            return true;
        }
        bool shaped = bare.Length > 0 && (char.IsAsciiDigit(bare[0]) || (bare[0] == '.' && bare.Length > 1 && char.IsAsciiDigit(bare[1])));
        return shaped
            && text.Length - bare.Length <= 1
            && double.TryParse(
                text.Replace("_", "", StringComparison.Ordinal),
                NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
                CultureInfo.InvariantCulture,
                out number
            );
    }
}
