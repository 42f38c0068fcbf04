namespace Skiff.Format;

/// <summary>The comparison functions of templates: eq (with several right sides), ne, lt, le, gt, ge.</summary>
internal static class TemplateComparison
{
    public static Value Apply(string name, Value[] a)
    {
        if (name == "eq")
        {
            for (int i = 1; i < a.Length; i++)
            {
                if (Equal(a[0], a[i]))
                {
                    return Value.True;
                }
            }
            return Value.False;
        }
        return name switch
        {
            "ne" => Value.Of(!Equal(a[0], a[1])),
            "lt" => Value.Of(Order(name, a[0], a[1]) < 0),
            "le" => Value.Of(Order(name, a[0], a[1]) <= 0),
            "gt" => Value.Of(Order(name, a[0], a[1]) > 0),
            _ => Value.Of(Order(name, a[0], a[1]) >= 0),
        };
    }

    private static bool Equal(Value a, Value b)
    {
        if (a.Kind == ValueKind.Nil || b.Kind == ValueKind.Nil)
        {
            return a.IsNull && b.IsNull;
        }
        if (a.Kind != b.Kind)
        {
            throw TemplateError.Running($"eq cannot compare {GoPrinter.Inner(a)} with {GoPrinter.Inner(b)}: the types differ");
        }
        return a.Kind switch
        {
            ValueKind.Bool or ValueKind.Int => a.AsInt == b.AsInt,
            ValueKind.Float => a.AsFloat.Equals(b.AsFloat),
            ValueKind.String => a.AsString == b.AsString,
            _ => throw TemplateError.Running("eq compares only simple values"),
        };
    }

    private static int Order(string name, Value a, Value b)
    {
        if (a.Kind != b.Kind || a.Kind is not (ValueKind.Int or ValueKind.Float or ValueKind.String))
        {
            throw TemplateError.Running($"{name} cannot compare {GoPrinter.Inner(a)} with {GoPrinter.Inner(b)}");
        }
        return a.Kind switch
        {
            ValueKind.Int => a.AsInt.CompareTo(b.AsInt),
            ValueKind.Float => a.AsFloat.CompareTo(b.AsFloat),
            _ => string.CompareOrdinal(a.AsString, b.AsString),
        };
    }
}
