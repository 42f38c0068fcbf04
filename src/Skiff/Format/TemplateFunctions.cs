using System.Text;

namespace Skiff.Format;

/// <summary>The functions of templates: Go's own and those that docker adds.</summary>
internal class TemplateFunctions
{
    /// <summary>All names, for suggestions and the documentation.</summary>
    public static IReadOnlyList<string> Names =>
        [
            "and",
            "eq",
            "ge",
            "gt",
            "html",
            "index",
            "join",
            "js",
            "json",
            "le",
            "len",
            "lower",
            "lt",
            "ne",
            "not",
            "or",
            "pad",
            "print",
            "printf",
            "println",
            "slice",
            "split",
            "title",
            "truncate",
            "upper",
            "urlquery",
        ];

    public static bool Exists(string name) => Names.Contains(name);

    /// <summary>Calls a function whose arguments are evaluated when they are asked for.</summary>
    public virtual Value Call(string name, int count, Func<int, Value> argument)
    {
        if (name is "and" or "or")
        {
            Need(name, count, 1, int.MaxValue);
            Value value = argument(0);
            for (int i = 1; i < count && value.IsTrue() == (name == "and"); i++)
            {
                value = argument(i);
            }
            return value;
        }
        var arguments = new Value[count];
        for (int i = 0; i < count; i++)
        {
            arguments[i] = argument(i);
        }
        return Apply(name, arguments);
    }

    /// <summary>What <c>.Label "key"</c> gives for a label that is not set.</summary>
    public virtual string MissingLabel(string key) => "";

    private static Value Apply(string name, Value[] a)
    {
        switch (name)
        {
            case "not":
                Need(name, a.Length, 1, 1);
                return Value.Of(!a[0].IsTrue());
            case "eq" or "ne" or "lt" or "le" or "gt" or "ge":
                Need(name, a.Length, 2, name == "eq" ? int.MaxValue : 2);
                return TemplateComparison.Apply(name, a);
            case "len":
                Need(name, a.Length, 1, 1);
                return Value.Of(Length(a[0]));
            case "index":
                Need(name, a.Length, 1, int.MaxValue);
                return a.Skip(1).Aggregate(a[0], Index);
            case "slice":
                Need(name, a.Length, 1, 3);
                return Slice(a);
            case "print":
                return Value.Of(Print(a));
            case "println":
                return Value.Of(string.Join(' ', a.Select(static v => GoPrinter.Inner(v))) + "\n");
            case "printf":
                Need(name, a.Length, 1, int.MaxValue);
                return Value.Of(GoFormat.Sprintf(Text(name, a[0]), a.AsSpan(1)));
            case "html":
                return Value.Of(
                    Print(a).Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("\"", "&#34;").Replace("'", "&#39;")
                );
            case "js":
                return Value.Of(
                    ValueJson
                        .Line(Value.Of(Print(a)))[1..^1]
                        .Replace("'", "\\'")
                        .Replace("<", "\\u003C")
                        .Replace(">", "\\u003E")
                        .Replace("&", "\\u0026")
                        .Replace("=", "\\u003D")
                );
            case "urlquery":
                return Value.Of(Uri.EscapeDataString(Print(a)).Replace("%20", "+"));
            default:
                return Docker(name, a);
        }
    }

    private static Value Docker(string name, Value[] a)
    {
        switch (name)
        {
            case "json":
                Need(name, a.Length, 1, 1);
                return Value.Of(ValueJson.Line(a[0]));
            case "join":
                Need(name, a.Length, 2, 2);
                return a[0].Kind is ValueKind.List or ValueKind.Nil
                    ? Value.Of(string.Join(Text(name, a[1]), a[0].Items.Select(static i => GoPrinter.Inner(i))))
                    : throw TemplateError.Running($"join needs a list, not {GoPrinter.Inner(a[0])}");
            case "split":
                Need(name, a.Length, 2, 2);
                string separator = Text(name, a[1]);
                return Value.Of(
                    separator.Length == 0
                        ? [.. Text(name, a[0]).EnumerateRunes().Select(static r => r.ToString())]
                        : Text(name, a[0]).Split(separator)
                );
            case "upper":
                Need(name, a.Length, 1, 1);
                return Value.Of(Text(name, a[0]).ToUpperInvariant());
            case "lower":
                Need(name, a.Length, 1, 1);
                return Value.Of(Text(name, a[0]).ToLowerInvariant());
            case "title":
                Need(name, a.Length, 1, 1);
                return Value.Of(Title(Text(name, a[0])));
            case "pad":
                Need(name, a.Length, 3, 3);
                string padded = Text(name, a[0]);
                return Value.Of(padded.Length == 0 ? "" : new string(' ', Whole(name, a[1])) + padded + new string(' ', Whole(name, a[2])));
            case "truncate":
                Need(name, a.Length, 2, 2);
                string text = Text(name, a[0]);
                return Value.Of(text.Length < Whole(name, a[1]) ? text : text[..Whole(name, a[1])]);
            default:
                throw TemplateError.Running($"unknown function {name}");
        }
    }

    /// <summary>fmt.Sprint: a space between two operands of which neither is a string.</summary>
    private static string Print(Value[] a)
    {
        var text = new StringBuilder();
        for (int i = 0; i < a.Length; i++)
        {
            if (i > 0 && a[i].Kind != ValueKind.String && a[i - 1].Kind != ValueKind.String)
            {
                text.Append(' ');
            }
            text.Append(GoPrinter.Inner(a[i]));
        }
        return text.ToString();
    }

    private static string Title(string text)
    {
        char[] letters = text.ToCharArray();
        for (int i = 0; i < letters.Length; i++)
        {
            if (i == 0 || !(char.IsLetterOrDigit(letters[i - 1]) || letters[i - 1] is '_' or '\''))
            {
                letters[i] = char.ToUpperInvariant(letters[i]);
            }
        }
        return new string(letters);
    }

    private static long Length(Value value) =>
        value.Kind switch
        {
            ValueKind.String => Encoding.UTF8.GetByteCount(value.AsString),
            ValueKind.List => value.Items.Count,
            ValueKind.Map => value.Fields.Count,
            _ => throw TemplateError.Running($"len of {GoPrinter.Inner(value)}, which has no length"),
        };

    private static Value Index(Value collection, Value key)
    {
        switch (collection.Kind)
        {
            case ValueKind.Map or ValueKind.Struct:
                Value? found = collection.Find(Text("index", key));
                return found ?? (collection.MapOfStrings ? Value.Of("") : Value.Nil);
            case ValueKind.List:
                return collection.Items[(int)Bounded(key, collection.Items.Count - 1)];
            case ValueKind.String:
                byte[] bytes = Encoding.UTF8.GetBytes(collection.AsString);
                return Value.Of((long)bytes[Bounded(key, bytes.Length - 1)]);
            case ValueKind.Nil:
                throw TemplateError.Running("index of something that has no value");
            default:
                throw TemplateError.Running($"index of {GoPrinter.Inner(collection)}, which is no list and no map");
        }
    }

    private static Value Slice(Value[] a)
    {
        if (a[0].Kind == ValueKind.String)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(a[0].AsString);
            int to = a.Length > 2 ? (int)Bounded(a[2], bytes.Length) : bytes.Length;
            int from = a.Length > 1 ? (int)Bounded(a[1], to) : 0;
            return Value.Of(Encoding.UTF8.GetString(bytes, from, to - from));
        }
        if (a[0].Kind == ValueKind.List)
        {
            int to = a.Length > 2 ? (int)Bounded(a[2], a[0].Items.Count) : a[0].Items.Count;
            int from = a.Length > 1 ? (int)Bounded(a[1], to) : 0;
            return Value.List([.. a[0].Items.Skip(from).Take(to - from)]);
        }
        throw TemplateError.Running($"slice of {GoPrinter.Inner(a[0])}, which is no list and no string");
    }

    private static long Bounded(Value index, int last)
    {
        if (index.Kind != ValueKind.Int)
        {
            throw TemplateError.Running($"a list is indexed by a whole number, not by {GoPrinter.Inner(index)}");
        }
        return index.AsInt >= 0 && index.AsInt <= last ? index.AsInt : throw TemplateError.Running($"index out of range: {index.AsInt}");
    }

    private static string Text(string function, Value value) =>
        value.Kind == ValueKind.String
            ? value.AsString
            : throw TemplateError.Running($"{function} needs a string, not {GoPrinter.Inner(value)}");

    private static int Whole(string function, Value value) =>
        value.Kind == ValueKind.Int && value.AsInt is >= 0 and <= 10_000
            ? (int)value.AsInt
            : throw TemplateError.Running($"{function} needs a number from 0 to 10000, not {GoPrinter.Inner(value)}");

    private static void Need(string name, int count, int least, int most)
    {
        if (count < least || count > most)
        {
            throw TemplateError.Running(
                $"{name} needs {(least == most ? $"{least}" : count < least ? $"at least {least}" : $"at most {most}")} arguments, not {count}"
            );
        }
    }
}
