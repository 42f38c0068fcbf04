namespace Skiff.Format;

/// <summary>The kinds of a <see cref="Value"/>, after those of Go's reflect package that docker's data has.</summary>
internal enum ValueKind
{
    /// <summary>No value: JSON null, a missing key.</summary>
    Nil,
    Bool,
    Int,
    Float,
    String,
    List,

    /// <summary>Free keys; a missing one is no value, not an error (labels, networks).</summary>
    Map,

    /// <summary>Fixed fields; a missing one is an error in the template.</summary>
    Struct,
}

/// <summary>An immutable JSON-like value that templates, listings and inspect share.</summary>
internal sealed class Value
{
    private static readonly Dictionary<string, string> s_noLabels = [];
    private readonly long _number;
    private readonly double _float;
    private readonly object? _object;

    private Value(ValueKind kind, long number = 0, double real = 0, object? reference = null)
    {
        Kind = kind;
        _number = number;
        _float = real;
        _object = reference;
    }

    /// <summary>No value.</summary>
    public static Value Nil { get; } = new(ValueKind.Nil);

    public static Value True { get; } = new(ValueKind.Bool, 1);

    public static Value False { get; } = new(ValueKind.Bool);

    public ValueKind Kind { get; }

    public bool AsBool => _number != 0;

    public long AsInt => _number;

    public double AsFloat => Kind == ValueKind.Int ? _number : _float;

    public string AsString => (string?)_object ?? "";

    /// <summary>The items of a list; empty for anything else.</summary>
    public IReadOnlyList<Value> Items => _object as IReadOnlyList<Value> ?? [];

    /// <summary>The fields of a struct in their order, or the entries of a map sorted by key.</summary>
    public IReadOnlyList<KeyValuePair<string, Value>> Fields => _object as IReadOnlyList<KeyValuePair<string, Value>> ?? [];

    /// <summary>A list or map that prints as empty but is <c>null</c> in JSON, as Go's nil slices and maps are.</summary>
    public bool IsNull => Kind == ValueKind.Nil || (Kind is ValueKind.List or ValueKind.Map && _object is null);

    /// <summary>What a missing key gives to <c>index</c>: the empty string for maps of strings, no value for others.</summary>
    public bool MapOfStrings => Kind == ValueKind.Map && _number == 1;

    /// <summary>What docker's method <c>.Label "key"</c> answers for a row of a listing; null where there are no labels.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>What JSON shows of a struct whose fields have other names there, as Go's tags do; null for the same.</summary>
    public Value? InJson { get; private init; }

    /// <summary>The same value, which JSON shows as <paramref name="json"/>.</summary>
    public Value As(Value json) => new(Kind, _number, _float, _object) { Labels = Labels, InJson = json };

    public static Value Of(bool value) => value ? True : False;

    public static Value Of(long value) => new(ValueKind.Int, value);

    public static Value Of(double value) => new(ValueKind.Float, 0, value);

    /// <summary>A string; null becomes the empty string, as in Go.</summary>
    public static Value Of(string? value) => new(ValueKind.String, 0, 0, value ?? "");

    /// <summary>A list of strings; null becomes Go's nil slice.</summary>
    public static Value Of(IReadOnlyList<string>? values)
    {
        if (values is null)
        {
            return List(null);
        }
        var items = new Value[values.Count];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = Of(values[i]);
        }
        return List(items);
    }

    /// <summary>A map of strings (labels, options); null becomes Go's nil map.</summary>
    public static Value Of(IReadOnlyDictionary<string, string>? values) =>
        new(ValueKind.Map, 1, 0, values is null ? null : Sorted(values.Select(static p => KeyValuePair.Create(p.Key, Of(p.Value)))));

    /// <summary>A list; null becomes Go's nil slice.</summary>
    public static Value List(IReadOnlyList<Value>? items) => new(ValueKind.List, 0, 0, items);

    /// <summary>A map with free keys; null becomes Go's nil map.</summary>
    public static Value Map(IEnumerable<KeyValuePair<string, Value>>? entries) =>
        new(ValueKind.Map, 0, 0, entries is null ? null : Sorted(entries));

    /// <summary>A struct with fixed fields, kept in order.</summary>
    public static Value Struct(params IReadOnlyList<(string Name, Value Value)> fields)
    {
        var pairs = new KeyValuePair<string, Value>[fields.Count];
        for (int i = 0; i < pairs.Length; i++)
        {
            pairs[i] = new(fields[i].Name, fields[i].Value);
        }
        return new(ValueKind.Struct, 0, 0, pairs);
    }

    /// <summary>A row of a listing: a struct whose JSON has its fields sorted, as docker prints, and which answers <c>.Label "key"</c>.</summary>
    public static Value Row(IReadOnlyDictionary<string, string>? labels, params IReadOnlyList<(string Name, Value Value)> fields) =>
        new(ValueKind.Struct, 0, 0, Sorted(fields.Select(static f => KeyValuePair.Create(f.Name, f.Value))))
        {
            Labels = labels ?? s_noLabels,
        };

    /// <summary>A row with some fields replaced.</summary>
    public Value With(params IReadOnlyList<(string Name, Value Value)> replaced) =>
        new(
            ValueKind.Struct,
            0,
            0,
            Fields
                .Select(f => replaced.FirstOrDefault(r => r.Name == f.Key) is { Value: { } value } ? KeyValuePair.Create(f.Key, value) : f)
                .ToArray()
        )
        {
            Labels = Labels,
        };

    /// <summary>The field or entry of that name, or null.</summary>
    public Value? Find(string name)
    {
        foreach (KeyValuePair<string, Value> field in Fields)
        {
            if (field.Key == name)
            {
                return field.Value;
            }
        }
        return null;
    }

    /// <summary>Go's text/template truth: false for no value, false, zero and everything empty.</summary>
    public bool IsTrue() =>
        Kind switch
        {
            ValueKind.Nil => false,
            ValueKind.Bool or ValueKind.Int => _number != 0,
            ValueKind.Float => _float != 0,
            ValueKind.String => AsString.Length > 0,
            ValueKind.List => Items.Count > 0,
            ValueKind.Map => Fields.Count > 0,
            _ => true,
        };

    /// <summary>The value as <c>{{.}}</c> prints it.</summary>
    public override string ToString() => GoPrinter.Print(this);

    private static KeyValuePair<string, Value>[] Sorted(IEnumerable<KeyValuePair<string, Value>> entries)
    {
        KeyValuePair<string, Value>[] sorted = [.. entries];
        Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return sorted;
    }
}
