using System.Globalization;

namespace Skiff.Engine.Spec;

/// <summary>Amounts of memory as docker writes them: a number, which may have a fraction, and a unit of 1024: <c>64m</c>, <c>1.5g</c>, <c>512KiB</c>, <c>1048576</c>.</summary>
public static class ByteSize
{
    private const string Units = "bkmgtp";

    /// <summary>Reads a size in bytes; fractions of a byte are cut off.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        int end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
        {
            end++;
        }
        if (!decimal.TryParse(text.AsSpan(0, end), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number))
        {
            return false;
        }
        ReadOnlySpan<char> unit = text.AsSpan(end);
        unit = unit.Length > 0 && unit[0] == ' ' ? unit[1..] : unit;
        int power = 0;
        if (unit.Length > 0)
        {
            power = Units.IndexOf(char.ToLowerInvariant(unit[0]), StringComparison.Ordinal);
            ReadOnlySpan<char> rest = unit[1..];
            bool wellFormed =
                rest.IsEmpty
                || (
                    power > 0
                    && (rest.Equals("b", StringComparison.OrdinalIgnoreCase) || rest.Equals("ib", StringComparison.OrdinalIgnoreCase))
                );
            if (power < 0 || !wellFormed)
            {
                return false;
            }
        }
        decimal factor = 1L << (10 * power);
        if (number > long.MaxValue / factor)
        {
            return false;
        }
        bytes = (long)(number * factor);
        return true;
    }

    /// <summary>The shortest exact form: <c>67108864</c> is <c>64m</c>.</summary>
    public static string Format(long bytes)
    {
        int power = 0;
        while (bytes != 0 && bytes % 1024 == 0 && power < Units.Length - 1)
        {
            bytes /= 1024;
            power++;
        }
        return power == 0 ? bytes.ToString(CultureInfo.InvariantCulture) : bytes.ToString(CultureInfo.InvariantCulture) + Units[power];
    }
}
