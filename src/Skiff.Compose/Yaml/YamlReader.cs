using Skiff.Linux;

namespace Skiff.Compose.Yaml;

/// <summary>
/// Reads YAML 1.2 into nodes by recursive descent over indentation: block and flow collections, all five styles of scalars, anchors and aliases, merge keys (<c>&lt;&lt;</c>), several documents.
/// <c>!reset</c> and <c>!override</c> are kept, other tags but <c>!!str</c> mean nothing here. Keys are scalars. Sizes have limits.
/// </summary>
/// <remarks>A parser of our own: the event parser of YamlDotNet alone brings regular expressions along, 1.2 MB of a program of 13. The tests compare the two.</remarks>
internal sealed partial class YamlReader
{
    /// <summary>Aliases make nodes out of nothing: this many are more than anybody writes, and few enough to hold.</summary>
    private const int MostNodes = 500_000;
    private const int Deepest = 100;
    private readonly Dictionary<string, Node> _anchors = [];
    private readonly HashSet<string> _open = [];
    private readonly string _text;
    private readonly string _file;
    private readonly List<int> _lines = [0];
    private int _at;
    private int _nodes;
    private int _depth;

    private YamlReader(string text, string file)
    {
        _text = text.TrimStart('\uFEFF').Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _file = file;
        for (int i = _text.IndexOf('\n', StringComparison.Ordinal); i >= 0; i = _text.IndexOf('\n', i + 1))
        {
            _lines.Add(i + 1);
        }
    }

    /// <summary>What stands before a node: its anchor and tag.</summary>
    private readonly record struct Properties(string? Anchor, string? Tag)
    {
        public bool IsEmpty => Anchor is null && Tag is null;
    }

    private char Current => _at < _text.Length ? _text[_at] : '\0';

    private bool AtEnd => _at >= _text.Length;

    /// <summary>The documents of a file.</summary>
    /// <exception cref="SkiffException">It is not YAML; the message has the line.</exception>
    public static List<Node> Read(string text, string file) => new YamlReader(text, file).Documents();

    private List<Node> Documents()
    {
        List<Node> documents = [];
        while (true)
        {
            bool directives = SkipDirectives();
            if (AtEnd)
            {
                return directives ? throw Wrong("directives without a document") : documents;
            }
            bool marked = TakeMarker("---");
            if (directives && !marked)
            {
                throw Wrong("--- is missing after the directives");
            }
            documents.Add(Block(-1, Position.Start));
            SkipBlank();
            if (!AtEnd && !IsMarker())
            {
                throw Wrong("this belongs to nothing above: is the indentation right?");
            }
            while (TakeMarker("..."))
            {
                SkipBlank();
            }
            _anchors.Clear();
        }
    }

    private bool SkipDirectives()
    {
        bool any = false;
        SkipBlank();
        while (Current == '%' && Column() == 0)
        {
            any = true;
            _at = EndOfLine();
            SkipBlank();
        }
        return any;
    }

    /// <summary>Where a node stands, which decides what may begin on the same line.</summary>
    private enum Position
    {
        /// <summary>After <c>key:</c>.</summary>
        Value,

        /// <summary>After <c>-</c> or <c>?</c>, or at the beginning: a mapping or list may begin at once.</summary>
        Start,
    }

    /// <summary>A node of a block; its lines are indented more than <paramref name="parent"/>.</summary>
    private Node Block(int parent, Position place)
    {
        if (++_depth > Deepest)
        {
            throw Wrong($"more than {Deepest} levels");
        }
        Place start = Here();
        Properties outer = default;
        Properties inner = default;
        bool newLine = place == Position.Start && Column() == 0;
        int first = -1; // where the properties of this line begin: there the key stands that they belong to
        while (true)
        {
            bool crossed = SkipBlank();
            newLine |= crossed;
            if (crossed)
            {
                outer = Join(outer, inner);
                inner = default;
                first = -1;
            }
            int column = first >= 0 ? first : Column();
            bool dash = IsIndicator('-');
            // A list may stand as far left as the key that it belongs to.
            int least = dash && place == Position.Value ? parent : parent + 1;
            if (AtEnd || (newLine && column < least) || IsMarker())
            {
                _depth--;
                return Finish(Node.Null(start), Join(outer, inner));
            }
            if (Current is '&' or '!')
            {
                first = column;
                inner = Join(inner, Property());
                continue;
            }
            bool mayBegin = newLine || place == Position.Start;
            Node node = Content(parent, column, mayBegin, dash, ref inner, start);
            _depth--;
            return Finish(node, Join(outer, inner));
        }
    }

    private Node Content(int parent, int column, bool mayBegin, bool dash, ref Properties inner, Place start)
    {
        if (dash)
        {
            return mayBegin && inner.IsEmpty ? Sequence(column) : throw Wrong("a list cannot begin here: put it on its own line");
        }
        if (IsIndicator('?'))
        {
            return mayBegin ? Mapping(column, null, default) : throw Wrong("a mapping cannot begin here: put it on its own line");
        }
        if (Current is '|' or '>')
        {
            return BlockScalar(parent, start);
        }
        int before = _at;
        Node? key = TryKey();
        if (key is null)
        {
            _at = before;
            return Current switch
            {
                '[' or '{' => Flow(start),
                '*' => Alias(start),
                '"' or '\'' => Ended(Quoted(start)),
                _ => Plain(parent, flow: false, start),
            };
        }
        if (!mayBegin)
        {
            _at = before;
            throw Wrong($"\"{key.Text}:\" begins a mapping in the middle of a line: is a quote missing?");
        }
        Properties ofKey = inner;
        inner = default;
        return Mapping(column, key, ofKey);
    }

    private Node Sequence(int column)
    {
        Node list = Node.ListOf(Here());
        Count(1);
        while (true)
        {
            _at++; // the dash
            list.Add(Block(column, Position.Start));
            SkipBlank();
            if (AtEnd || IsMarker() || Column() < column || (Column() == column && !IsIndicator('-')))
            {
                return list;
            }
            if (Column() > column)
            {
                throw Wrong("the indentation is wrong: an item of the list begins further left");
            }
        }
    }

    /// <summary>A mapping whose keys stand at a column; the first key may be read already, its colon too.</summary>
    private Node Mapping(int column, Node? key, Properties ofKey)
    {
        Node map = Node.Map(key?.Place ?? Here());
        List<Node> merged = [];
        Count(1);
        while (true)
        {
            Position position = Position.Value;
            if (key is null && IsIndicator('?'))
            {
                position = Position.Start;
                _at++;
                key = Block(column, Position.Start);
                SkipBlank();
                if (Column() != column || !IsIndicator(':'))
                {
                    Put(map, merged, key, Node.Null(key.Place));
                    key = null;
                    if (AtEnd || IsMarker() || Column() < column)
                    {
                        break;
                    }
                    continue;
                }
                _at++;
            }
            else if (key is null)
            {
                ofKey = default;
                while (Current is '&' or '!')
                {
                    ofKey = Join(ofKey, Property());
                    SkipSpaces();
                }
                key = TryKey() ?? throw Wrong("a key with a colon is missing here");
            }
            key = Finish(key, ofKey);
            ofKey = default;
            Put(map, merged, key, Block(column, position));
            key = null;
            SkipBlank();
            if (AtEnd || IsMarker() || Column() < column)
            {
                break;
            }
            if (Column() > column)
            {
                throw Wrong("the indentation is wrong: this belongs to nothing above");
            }
        }
        foreach (Node source in merged)
        {
            Merge(map, source);
        }
        return map;
    }

    /// <summary>The key at this place with its colon behind; null, somewhere in the line, where there is none.</summary>
    private Node? TryKey()
    {
        Place start = Here();
        int line = _at;
        Node key;
        switch (Current)
        {
            case '"' or '\'':
                key = Quoted(start);
                break;
            case '*':
                key = Alias(start);
                break;
            case '[' or '{' or '|' or '>':
                return null;
            default:
                int end = EndOfPlain(flow: false);
                if (end == _at || end >= _text.Length || _text[end] != ':')
                {
                    return null;
                }
                RequirePlainStart();
                key = YamlScalars.Resolve(_text[_at..end].TrimEnd(' ', '\t'), start);
                _at = end;
                break;
        }
        if (_text.AsSpan(line, _at - line).Contains('\n'))
        {
            return null;
        }
        SkipSpaces();
        if (!IsIndicator(':'))
        {
            return null;
        }
        _at++;
        Count(1);
        return key;
    }

    private void Put(Node map, List<Node> merged, Node key, Node value)
    {
        if (!key.IsScalar && key.Kind != NodeKind.Null)
        {
            throw ComposeError.At(key.Place, "a key must be a plain word");
        }
        string name = key.Kind == NodeKind.Null ? "null" : key.Text;
        if (name == "<<" && value.Kind is NodeKind.Map or NodeKind.List)
        {
            merged.Add(value);
            return;
        }
        if (map[name] is { } first)
        {
            throw ComposeError.At(key.Place, $"the key {name} is here twice, first in line {first.Place.Line}");
        }
        // The line of the key: that of a block value would be the next one.
        map.Set(name, value.At(key.Place));
    }

    /// <summary>A merge key: what the map says itself counts, then the earlier of several sources.</summary>
    private void Merge(Node map, Node source)
    {
        foreach (Node part in source.Kind == NodeKind.List ? source.Items : [source])
        {
            if (part.Kind != NodeKind.Map)
            {
                throw ComposeError.At(part.Place, "<< takes a mapping or a list of mappings");
            }
            foreach ((string name, Node value) in part.Entries)
            {
                if (map[name] is null)
                {
                    map.Set(name, Copy(value));
                }
            }
        }
    }
}
