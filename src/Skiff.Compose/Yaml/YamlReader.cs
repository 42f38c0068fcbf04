using Skiff.Linux;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Skiff.Compose.Yaml;

/// <summary>Reads YAML into nodes: anchors and merge keys (<c>&lt;&lt;</c>) are resolved, <c>!reset</c> and <c>!override</c> are kept, limits are kept too.</summary>
/// <remarks>Only the event parser of YamlDotNet is used: its object mapping needs reflection, and a tree of our own knows lines.</remarks>
internal sealed class YamlReader
{
    /// <summary>Aliases make nodes out of nothing: this many are more than anybody writes, and few enough to hold.</summary>
    private const int MostNodes = 500_000;
    private const int Deepest = 100;
    private readonly Dictionary<string, Node> _anchors = [];
    private readonly HashSet<string> _open = [];
    private readonly Parser _parser;
    private readonly string _file;
    private int _nodes;

    private YamlReader(string text, string file)
    {
        _parser = new Parser(new StringReader(text));
        _file = file;
    }

    /// <summary>The documents of a file.</summary>
    /// <exception cref="SkiffException">It is not YAML; the message has the line.</exception>
    public static List<Node> Read(string text, string file)
    {
        try
        {
            return new YamlReader(text, file).Documents();
        }
        catch (YamlException e)
        {
            // Its message has the position of the library; ours is in front.
            int colon = e.Message.LastIndexOf("): ", StringComparison.Ordinal);
            string what = colon < 0 ? e.Message : e.Message[(colon + 3)..];
            throw ComposeError.At(
                new Place(file, (int)e.Start.Line),
                $"this is not YAML: {char.ToLowerInvariant(what[0])}{what[1..].TrimEnd('.')}"
            );
        }
    }

    private List<Node> Documents()
    {
        List<Node> documents = [];
        _parser.Consume<StreamStart>();
        while (!_parser.Accept<StreamEnd>(out _))
        {
            _parser.Consume<DocumentStart>();
            documents.Add(Next(0));
            _parser.Consume<DocumentEnd>();
            _anchors.Clear();
        }
        return documents;
    }

    private Node Next(int depth)
    {
        Place place = new(_file, (int)_parser.Current!.Start.Line);
        Count(1, place);
        if (depth > Deepest)
        {
            throw ComposeError.At(place, $"more than {Deepest} levels");
        }
        if (_parser.TryConsume<AnchorAlias>(out AnchorAlias? alias))
        {
            return Alias(alias.Value.Value, place);
        }
        if (_parser.TryConsume<Scalar>(out Scalar? scalar))
        {
            return Anchored(scalar, Value(scalar, place));
        }
        if (_parser.TryConsume<SequenceStart>(out SequenceStart? sequence))
        {
            string? open = Open(sequence);
            Node list = Node.ListOf(place);
            while (!_parser.TryConsume<SequenceEnd>(out _))
            {
                list.Add(Next(depth + 1));
            }
            return Anchored(sequence, list, open);
        }
        MappingStart mapping = _parser.Consume<MappingStart>();
        string? name = Open(mapping);
        return Anchored(mapping, Mapping(place, depth), name);
    }

    private Node Mapping(Place place, int depth)
    {
        Node map = Node.Map(place);
        List<Node> merged = [];
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            Place at = new(_file, (int)_parser.Current!.Start.Line);
            Node key = Next(depth + 1);
            if (!key.IsScalar && key.Kind != NodeKind.Null)
            {
                throw ComposeError.At(at, "a key must be a plain word");
            }
            string name = key.Kind == NodeKind.Null ? "null" : key.Text;
            Node value = Next(depth + 1);
            if (name == "<<" && value.Kind is NodeKind.Map or NodeKind.List)
            {
                merged.Add(value);
                continue;
            }
            if (map[name] is { } first)
            {
                throw ComposeError.At(at, $"the key {name} is here twice, first in line {first.Place.Line}");
            }
            // The line of the key: that of a block value would be the next one.
            map.Set(name, value.At(at));
        }
        foreach (Node source in merged)
        {
            Merge(map, source);
        }
        return map;
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

    private Node Alias(string name, Place place) =>
        _open.Contains(name) ? throw ComposeError.At(place, $"the alias *{name} is inside of what it names")
        : _anchors.TryGetValue(name, out Node? node) ? Copy(node)
        : throw ComposeError.At(place, $"there is no anchor &{name} before the alias *{name}");

    private Node Copy(Node node)
    {
        Count(Size(node), node.Place);
        return node.Clone();
    }

    private static int Size(Node node)
    {
        int size = 1;
        foreach (Node item in node.Items)
        {
            size += Size(item);
        }
        foreach ((_, Node value) in node.Entries)
        {
            size += Size(value);
        }
        return size;
    }

    private void Count(int nodes, Place place)
    {
        _nodes += nodes;
        if (_nodes > MostNodes)
        {
            throw ComposeError.At(place, $"more than {MostNodes} values, aliases counted: this is no compose file");
        }
    }

    private string? Open(NodeEvent start)
    {
        if (start.Anchor.IsEmpty)
        {
            return null;
        }
        _open.Add(start.Anchor.Value);
        return start.Anchor.Value;
    }

    private Node Anchored(NodeEvent start, Node node, string? open = null)
    {
        if (open is not null)
        {
            _open.Remove(open);
        }
        if (!start.Tag.IsEmpty && !start.Tag.IsNonSpecific)
        {
            node.Tag = start.Tag.Value switch
            {
                "!reset" => MergeTag.Reset,
                "!override" => MergeTag.Override,
                _ => MergeTag.None,
            };
        }
        if (!start.Anchor.IsEmpty)
        {
            _anchors[start.Anchor.Value] = node.Clone();
        }
        return node;
    }

    private static Node Value(Scalar scalar, Place place)
    {
        string tag = scalar.Tag.IsEmpty || scalar.Tag.IsNonSpecific ? "" : scalar.Tag.Value;
        bool text = scalar.Style is not ScalarStyle.Plain || tag is "tag:yaml.org,2002:str" or "!!str" or "!";
        return text ? Node.Of(scalar.Value, place) : YamlScalars.Resolve(scalar.Value, place);
    }
}
