using System.Globalization;
using System.Text;

namespace Skiff.Format;

/// <summary>The printf function of templates: the verbs of Go's fmt package for the kinds that <see cref="Value"/> has.</summary>
internal static class GoFormat
{
    private const int MaxWidth = 10_000;

    /// <summary>Formats as fmt.Sprintf, with its marks for wrong use (<c>%!d(string=x)</c>, <c>%!d(MISSING)</c>, <c>%!(EXTRA …)</c>).</summary>
    public static string Sprintf(string format, ReadOnlySpan<Value> arguments)
    {
        var text = new StringBuilder();
        int next = 0;
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                text.Append(format[i]);
                continue;
            }
            if (++i == format.Length)
            {
                text.Append("%!(NOVERB)");
                break;
            }
            Spec spec = ReadSpec(format, ref i, arguments, ref next);
            if (i >= format.Length)
            {
                text.Append("%!(NOVERB)");
                break;
            }
            if (format[i] == '%')
            {
                text.Append('%');
            }
            else if (next >= arguments.Length)
            {
                text.Append($"%!{format[i]}(MISSING)");
            }
            else
            {
                text.Append(One(format[i], spec, arguments[next++]));
            }
        }
        if (next < arguments.Length)
        {
            text.Append("%!(EXTRA ");
            for (int i = next; i < arguments.Length; i++)
            {
                text.Append(i > next ? ", " : "").Append(TypeName(arguments[i])).Append('=').Append(GoPrinter.Inner(arguments[i]));
            }
            text.Append(')');
        }
        return text.ToString();
    }

    private static Spec ReadSpec(string format, ref int i, ReadOnlySpan<Value> arguments, ref int next)
    {
        var spec = new Spec { Precision = -1 };
        for (; i < format.Length; i++)
        {
            switch (format[i])
            {
                case '-':
                    spec.Left = true;
                    break;
                case '0':
                    spec.Zero = true;
                    break;
                case '+':
                    spec.Plus = true;
                    break;
                case ' ':
                    spec.Space = true;
                    break;
                case '#':
                    spec.Sharp = true;
                    break;
                default:
                    goto width;
            }
        }
        width:
        spec.Width = ReadNumber(format, ref i, arguments, ref next) ?? 0;
        if (spec.Width < 0)
        {
            spec.Left = true;
            spec.Width = -spec.Width;
        }
        if (i < format.Length && format[i] == '.')
        {
            i++;
            spec.Precision = ReadNumber(format, ref i, arguments, ref next) ?? 0;
        }
        return spec;
    }

    private static int? ReadNumber(string format, ref int i, ReadOnlySpan<Value> arguments, ref int next)
    {
        if (i < format.Length && format[i] == '*')
        {
            i++;
            return next < arguments.Length ? (int)Math.Clamp(arguments[next++].AsInt, -MaxWidth, MaxWidth) : null;
        }
        int? number = null;
        for (; i < format.Length && char.IsAsciiDigit(format[i]); i++)
        {
            number = Math.Min(((number ?? 0) * 10) + format[i] - '0', MaxWidth);
        }
        return number;
    }

    private static string One(char verb, Spec spec, Value value)
    {
        // Verbs apply to each item of a list, as in Go.
        if (value.Kind == ValueKind.List && verb is not ('v' or 'T' or 't') && !(verb == 'v'))
        {
            return $"[{string.Join(' ', value.Items.Select(item => One(verb, spec, item)))}]";
        }
        string? body = (verb, value.Kind) switch
        {
            ('v', ValueKind.Int) => Signed(value.AsInt, spec),
            ('v', _) => GoPrinter.Inner(value, spec.Plus),
            ('T', _) => TypeName(value),
            ('s', ValueKind.String) => Cut(value.AsString, spec.Precision),
            ('s', ValueKind.Map or ValueKind.Struct) => GoPrinter.Inner(value),
            ('q', ValueKind.String) => GoPrinter.Quote(Cut(value.AsString, spec.Precision)),
            ('q', ValueKind.Int) => $"'{new Rune((int)value.AsInt)}'",
            ('x' or 'X', ValueKind.String) => Hex(value.AsString, verb == 'X', spec),
            ('d', ValueKind.Int) => Signed(value.AsInt, spec),
            ('x', ValueKind.Int) => Radix(value.AsInt, 16, spec, "0x"),
            ('X', ValueKind.Int) => Radix(value.AsInt, 16, spec, "0X").ToUpperInvariant(),
            ('o', ValueKind.Int) => Radix(value.AsInt, 8, spec, "0"),
            ('b', ValueKind.Int) => Radix(value.AsInt, 2, spec, "0b"),
            ('c', ValueKind.Int) => new Rune((int)value.AsInt).ToString(),
            ('U', ValueKind.Int) => $"U+{value.AsInt:X4}",
            ('f' or 'F' or 'e' or 'E' or 'g' or 'G', ValueKind.Float) => Real(verb, value.AsFloat, spec),
            ('t', ValueKind.Bool) => GoPrinter.Inner(value),
            _ => null,
        };
        if (body is null)
        {
            return value.Kind == ValueKind.Nil ? $"%!{verb}(<nil>)" : $"%!{verb}({TypeName(value)}={GoPrinter.Inner(value)})";
        }
        int missing = spec.Width - new StringInfo(body).LengthInTextElements;
        if (missing <= 0)
        {
            return body;
        }
        if (spec.Left)
        {
            return body + new string(' ', missing);
        }
        if (!spec.Zero || (verb is 'd' or 'x' or 'X' && spec.Precision >= 0))
        {
            return new string(' ', missing) + body;
        }
        bool signed = body[0] is '+' or '-' or ' ' && value.Kind is ValueKind.Int or ValueKind.Float;
        return signed ? body[0] + new string('0', missing) + body[1..] : new string('0', missing) + body;
    }

    private static string Signed(long number, Spec spec)
    {
        string digits = number.ToString(CultureInfo.InvariantCulture).TrimStart('-');
        string sign =
            number < 0 ? "-"
            : spec.Plus ? "+"
            : spec.Space ? " "
            : "";
        return sign + digits.PadLeft(Math.Max(0, spec.Precision), '0');
    }

    private static string Radix(long number, int radix, Spec spec, string prefix)
    {
        string digits = "";
        for (ulong rest = number < 0 ? (ulong)-number : (ulong)number; rest > 0 || digits.Length == 0; rest /= (ulong)radix)
        {
            digits = "0123456789abcdef"[(int)(rest % (ulong)radix)] + digits;
        }
        return (
                number < 0 ? "-"
                : spec.Plus ? "+"
                : ""
            )
            + (spec.Sharp ? prefix : "")
            + digits.PadLeft(Math.Max(0, spec.Precision), '0');
    }

    private static string Hex(string text, bool upper, Spec spec)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        string hex = upper ? Convert.ToHexString(bytes) : Convert.ToHexStringLower(bytes);
        return spec.Space ? string.Join(' ', bytes.Select((_, i) => hex.Substring(i * 2, 2))) : hex;
    }

    private static string Real(char verb, double number, Spec spec)
    {
        string text;
        if (verb is 'g' or 'G')
        {
            text =
                spec.Precision < 0
                    ? GoPrinter.Float(number)
                    : GoPrinter.Float(
                        double.Parse(
                            number.ToString($"G{Math.Max(1, spec.Precision)}", CultureInfo.InvariantCulture),
                            CultureInfo.InvariantCulture
                        )
                    );
        }
        else
        {
            int digits = spec.Precision < 0 ? 6 : spec.Precision;
            text = verb is 'f' or 'F'
                ? number.ToString($"F{digits}", CultureInfo.InvariantCulture)
                : number.ToString($"0.{new string('0', digits)}{verb}+00", CultureInfo.InvariantCulture);
        }
        return number >= 0 && spec.Plus ? "+" + text
            : number >= 0 && spec.Space ? " " + text
            : text;
    }

    private static string Cut(string text, int precision)
    {
        if (precision < 0)
        {
            return text;
        }
        var kept = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (precision-- == 0)
            {
                break;
            }
            kept.Append(rune.ToString());
        }
        return kept.ToString();
    }

    private static string TypeName(Value value) =>
        value.Kind switch
        {
            ValueKind.Nil => "<nil>",
            ValueKind.Bool => "bool",
            ValueKind.Int => "int",
            ValueKind.Float => "float64",
            ValueKind.String => "string",
            ValueKind.List => "[]interface {}",
            ValueKind.Map => "map[string]interface {}",
            _ => "struct",
        };

    private struct Spec
    {
        public bool Left;
        public bool Zero;
        public bool Plus;
        public bool Space;
        public bool Sharp;
        public int Width;
        public int Precision;
    }
}
