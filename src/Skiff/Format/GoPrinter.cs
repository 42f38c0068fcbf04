using System.Globalization;
using System.Text;

namespace Skiff.Format;

/// <summary>Values as Go's fmt package prints them with %v: <c>[a b]</c>, <c>map[k:v]</c>, <c>{a b}</c>.</summary>
internal static class GoPrinter
{
    /// <summary>The whole value, as a template action prints it: no value is <c>&lt;no value&gt;</c>.</summary>
    public static string Print(Value value) => value.Kind == ValueKind.Nil ? "<no value>" : Inner(value);

    /// <summary>A value inside another, or an argument of print: no value is <c>&lt;nil&gt;</c>. <paramref name="names"/> is %+v: field names in structs.</summary>
    public static string Inner(Value value, bool names = false)
    {
        switch (value.Kind)
        {
            case ValueKind.Nil:
                return "<nil>";
            case ValueKind.Bool:
                return value.AsBool ? "true" : "false";
            case ValueKind.Int:
                return value.AsInt.ToString(CultureInfo.InvariantCulture);
            case ValueKind.Float:
                return Float(value.AsFloat);
            case ValueKind.String:
                return value.AsString;
            case ValueKind.List:
                return $"[{string.Join(' ', value.Items.Select(i => Inner(i, names)))}]";
            case ValueKind.Map:
                return $"map[{string.Join(' ', value.Fields.Select(f => $"{f.Key}:{Inner(f.Value, names)}"))}]";
            default:
                return $"{{{string.Join(' ', value.Fields.Select(f => names ? $"{f.Key}:{Inner(f.Value, names)}" : Inner(f.Value, names)))}}}";
        }
    }

    /// <summary>Go's shortest float: plain between 1e-4 and 1e21, else <c>1e+21</c> with at least two exponent digits.</summary>
    public static string Float(double value)
    {
        if (double.IsNaN(value))
        {
            return "NaN";
        }
        if (double.IsInfinity(value))
        {
            return value > 0 ? "+Inf" : "-Inf";
        }
        if (value == 0)
        {
            return double.IsNegative(value) ? "-0" : "0";
        }
        (string digits, int exponent) = Decimal(Math.Abs(value));
        string sign = value < 0 ? "-" : "";
        if (exponent is < -4 or >= 21)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }
        if (exponent < 0)
        {
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        }
        return digits.Length <= exponent + 1
            ? sign + digits.PadRight(exponent + 1, '0')
            : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    /// <summary>A Go string literal, strconv.Quote.</summary>
    public static string Quote(string value)
    {
        var text = new StringBuilder("\"");
        foreach (Rune rune in value.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\a' => text.Append("\\a"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\v' => text.Append("\\v"),
                < ' ' or 0x7f => text.Append($"\\x{rune.Value:x2}"),
                _ when Rune.IsControl(rune) || Rune.IsWhiteSpace(rune) && rune.Value != ' ' => text.Append($"\\u{rune.Value:x4}"),
                _ => text.Append(rune.ToString()),
            };
        }
        return text.Append('"').ToString();
    }

    /// <summary>The shortest digits that read back as the same number, and the decimal exponent of the first.</summary>
    private static (string Digits, int Exponent) Decimal(double value)
    {
        string text = value.ToString("E16", CultureInfo.InvariantCulture);
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        int exponent = int.Parse(text[(text.IndexOf('E', StringComparison.Ordinal) + 1)..], CultureInfo.InvariantCulture);
        int e = shortest.IndexOf('E', StringComparison.Ordinal);
        string digits = (e < 0 ? shortest : shortest[..e]).Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
        return (digits.Length == 0 ? "0" : digits, exponent);
    }
}
