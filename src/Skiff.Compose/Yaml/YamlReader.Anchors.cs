using Skiff.Linux;

namespace Skiff.Compose.Yaml;

internal sealed partial class YamlReader
{
    /// <summary>An anchor or a tag; an anchor is open until its node is read.</summary>
    private Properties Property()
    {
        char sign = Current;
        int start = _at++;
        if (sign == '!' && Current == '<')
        {
            int close = _text.IndexOf('>', _at);
            if (close < 0 || close > EndOfLine())
            {
                throw Wrong("a tag !< has no >");
            }
            _at = close + 1;
            return new Properties(null, _text[(start + 2)..close]);
        }
        while (!AtEnd && Current is not (' ' or '\t' or '\n' or ',' or '[' or ']' or '{' or '}'))
        {
            _at++;
        }
        string word = _text[start.._at];
        if (sign == '!')
        {
            return new Properties(null, word);
        }
        if (word.Length == 1)
        {
            throw Wrong("an anchor has no name");
        }
        _open.Add(word[1..]);
        return new Properties(word[1..], null);
    }

    private Properties Join(Properties first, Properties second) =>
        (first.Anchor is not null && second.Anchor is not null) || (first.Tag is not null && second.Tag is not null)
            ? throw Wrong("a value has two anchors or two tags")
            : new Properties(first.Anchor ?? second.Anchor, first.Tag ?? second.Tag);

    /// <summary>The node with its properties.</summary>
    private Node Finish(Node node, Properties properties)
    {
        if (properties.Tag is { } tag)
        {
            node.Tag = tag switch
            {
                "!reset" => MergeTag.Reset,
                "!override" => MergeTag.Override,
                _ => MergeTag.None,
            };
            if (tag is "!!str" or "tag:yaml.org,2002:str" or "!" && (node.IsScalar || node.Kind == NodeKind.Null))
            {
                node = Node.Of(node.Written, node.Place);
            }
        }
        if (properties.Anchor is { } anchor)
        {
            _open.Remove(anchor);
            _anchors[anchor] = node.Clone();
        }
        return node;
    }

    private Node Alias(Place start)
    {
        int begin = ++_at;
        while (!AtEnd && Current is not (' ' or '\t' or '\n' or ',' or '[' or ']' or '{' or '}'))
        {
            _at++;
        }
        string name = _text[begin.._at];
        return _open.Contains(name) ? throw ComposeError.At(start, $"the alias *{name} is inside of what it names")
            : _anchors.TryGetValue(name, out Node? node) ? Copy(node).At(start)
            : throw ComposeError.At(start, $"there is no anchor &{name} before the alias *{name}");
    }

    private Node Copy(Node node)
    {
        Count(Size(node));
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

    private void Count(int nodes)
    {
        _nodes += nodes;
        if (_nodes > MostNodes)
        {
            throw Wrong($"more than {MostNodes} values, aliases counted: this is no compose file");
        }
    }
}
