using System.Globalization;

namespace Skiff.Compose.Yaml;

/// <summary>What a node is.</summary>
public enum NodeKind
{
    /// <summary>No value.</summary>
    Null,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Bool,

    /// <summary>A whole number.</summary>
    Int,

    /// <summary>A number with a fraction or exponent.</summary>
    Float,

    /// <summary>Text.</summary>
    Text,

    /// <summary>A sequence.</summary>
    List,

    /// <summary>A mapping from text to nodes, in the order of the file.</summary>
    Map,
}

/// <summary>The two tags of the specification that say how a node is merged.</summary>
public enum MergeTag
{
    /// <summary>By the rules.</summary>
    None,

    /// <summary><c>!reset</c>: what the earlier files say is removed.</summary>
    Reset,

    /// <summary><c>!override</c>: what the earlier files say is replaced.</summary>
    Override,
}

/// <summary>A value of a compose file with its place. The loading changes trees in place, so no node is part of two trees.</summary>
public sealed class Node
{
    private readonly string? _written;
    private readonly List<Node> _items = [];
    private readonly List<KeyValuePair<string, Node>> _entries = [];

    private Node(NodeKind kind, string text, Place place, string? written = null)
    {
        _written = written;
        Kind = kind;
        Text = text;
        Place = place;
    }

    /// <summary>What it is.</summary>
    public NodeKind Kind { get; }

    /// <summary>A scalar's value: of a bool <c>true</c> or <c>false</c>, of a number its decimal form; empty for others.</summary>
    public string Text { get; private set; }

    /// <summary>A scalar as it was written; its value where it was not read from a file.</summary>
    public string Written => _written ?? Text;

    /// <summary>Where it stands.</summary>
    public Place Place { get; set; }

    /// <summary>How it is merged.</summary>
    public MergeTag Tag { get; set; }

    /// <summary>The items of a list.</summary>
    public IReadOnlyList<Node> Items => _items;

    /// <summary>The entries of a map.</summary>
    public IReadOnlyList<KeyValuePair<string, Node>> Entries => _entries;

    /// <summary>Whether it is a scalar that is not null.</summary>
    public bool IsScalar => Kind is NodeKind.Bool or NodeKind.Int or NodeKind.Float or NodeKind.Text;

    /// <summary>True for the bool <c>true</c>.</summary>
    public bool IsTrue => Kind == NodeKind.Bool && Text == "true";

    /// <summary>The number of an Int.</summary>
    public long Number => long.Parse(Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    /// <summary>The entry of that name, or null.</summary>
    public Node? this[string key]
    {
        get
        {
            int at = IndexOf(key);
            return at < 0 ? null : _entries[at].Value;
        }
    }

    /// <summary>No value.</summary>
    public static Node Null(Place place = default) => new(NodeKind.Null, "", place);

    /// <summary>Text.</summary>
    public static Node Of(string text, Place place = default) => new(NodeKind.Text, text, place);

    /// <summary>A bool.</summary>
    public static Node Of(bool value, Place place = default) => new(NodeKind.Bool, value ? "true" : "false", place);

    /// <summary>A whole number.</summary>
    public static Node Of(long value, Place place = default) => new(NodeKind.Int, value.ToString(CultureInfo.InvariantCulture), place);

    /// <summary>A number with a fraction.</summary>
    public static Node Of(double value, Place place = default) => new(NodeKind.Float, GoFloat.Format(value), place);

    /// <summary>A list.</summary>
    public static Node ListOf(Place place = default, params IEnumerable<Node> items)
    {
        Node list = new(NodeKind.List, "", place);
        list._items.AddRange(items);
        return list;
    }

    /// <summary>An empty map.</summary>
    public static Node Map(Place place = default) => new(NodeKind.Map, "", place);

    /// <summary>The text of an entry that is a scalar, or null.</summary>
    public string? TextOf(string key) => this[key] is { IsScalar: true } node ? node.Text : null;

    /// <summary>Whether the entry is the bool <c>true</c>.</summary>
    public bool Is(string key) => this[key] is { IsTrue: true };

    /// <summary>The items of an entry that is a list.</summary>
    public IReadOnlyList<Node> ItemsOf(string key) => this[key]?.Items ?? [];

    /// <summary>The entries of an entry that is a map.</summary>
    public IReadOnlyList<KeyValuePair<string, Node>> EntriesOf(string key) => this[key]?.Entries ?? [];

    /// <summary>Sets an entry; one of that name keeps its position.</summary>
    public void Set(string key, Node value)
    {
        int at = IndexOf(key);
        if (at < 0)
        {
            _entries.Add(new(key, value));
        }
        else
        {
            _entries[at] = new(key, value);
        }
    }

    /// <summary>Removes an entry.</summary>
    public void Remove(string key)
    {
        int at = IndexOf(key);
        if (at >= 0)
        {
            _entries.RemoveAt(at);
        }
    }

    /// <summary>Appends to a list.</summary>
    public void Add(Node item) => _items.Add(item);

    /// <summary>Replaces an item of a list.</summary>
    public void SetAt(int index, Node item) => _items[index] = item;

    /// <summary>Removes an item of a list.</summary>
    public void RemoveAt(int index) => _items.RemoveAt(index);

    /// <summary>A copy that shares nothing.</summary>
    public Node Clone()
    {
        Node copy = new(Kind, Text, Place, _written) { Tag = Tag };
        foreach (Node item in _items)
        {
            copy._items.Add(item.Clone());
        }
        foreach (KeyValuePair<string, Node> entry in _entries)
        {
            copy._entries.Add(new(entry.Key, entry.Value.Clone()));
        }
        return copy;
    }

    /// <summary>A copy in which every dollar of a text stands twice, so that it is one again when variables are replaced.</summary>
    public Node Escaped()
    {
        Node copy = Clone();
        copy.Escape();
        return copy;
    }

    /// <summary>The same value at another place and with its own tag.</summary>
    public Node At(Place place)
    {
        Place = place;
        return this;
    }

    /// <summary>Sorts the entries of a map by key.</summary>
    public void Sort() => _entries.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));

    /// <summary>The same value, which was written otherwise.</summary>
    internal Node As(string written) => new(Kind, Text, Place, written) { Tag = Tag };

    private void Escape()
    {
        if (Kind == NodeKind.Text)
        {
            Text = Text.Replace("$", "$$", StringComparison.Ordinal);
        }
        _items.ForEach(static i => i.Escape());
        _entries.ForEach(static e => e.Value.Escape());
    }

    private int IndexOf(string key)
    {
        for (int i = 0; i < _entries.Count; i++)
        {
            if (_entries[i].Key == key)
            {
                return i;
            }
        }
        return -1;
    }
}
