namespace Skiff.Compose.Yaml;

internal sealed partial class YamlReader
{
    private Node Flow(Place start)
    {
        Node node = FlowNode();
        node = node.At(start);
        return Ended(node);
    }

    /// <summary>After a value only a comment may stand in its line.</summary>
    private Node Ended(Node node)
    {
        int before = _at;
        SkipSpaces();
        if (AtEnd || Current == '\n' || (Current == '#' && _at > before))
        {
            return node;
        }
        throw Wrong($"\"{Printable(_text[_at..EndOfLine()])}\" stands behind a value that has ended: is a quote or a comma missing?");
    }

    private Node FlowNode()
    {
        if (++_depth > Deepest)
        {
            throw Wrong($"more than {Deepest} levels");
        }
        Count(1);
        Properties properties = default;
        SkipBlank();
        while (Current is '&' or '!')
        {
            properties = Join(properties, Property());
            SkipBlank();
        }
        Place start = Here();
        Node node = Current switch
        {
            '[' => FlowList(start),
            '{' => FlowMap(start),
            '*' => Alias(start),
            '"' or '\'' => Quoted(start),
            ',' or ']' or '}' => Node.Null(start),
            ':' when IsFlowColon() => Node.Null(start),
            _ => Plain(-1, flow: true, start),
        };
        _depth--;
        return Finish(node, properties);
    }

    private Node FlowList(Place start)
    {
        Node list = Node.ListOf(start);
        _at++;
        while (!TakeEnd(']', start))
        {
            Node item = Entry(out bool isQuoted);
            if (IsFlowColon(isQuoted))
            {
                Node pair = Node.Map(item.Place);
                _at++;
                Put(pair, [], item, FlowNode());
                item = pair;
            }
            list.Add(item);
            Comma(']');
        }
        return list;
    }

    private Node FlowMap(Place start)
    {
        Node map = Node.Map(start);
        List<Node> merged = [];
        _at++;
        while (!TakeEnd('}', start))
        {
            Node key = Entry(out bool isQuoted);
            Node value = Node.Null(key.Place);
            if (IsFlowColon(isQuoted))
            {
                _at++;
                value = FlowNode();
            }
            Put(map, merged, key, value);
            Comma('}');
        }
        foreach (Node source in merged)
        {
            Merge(map, source);
        }
        return map;
    }

    private Node Entry(out bool isQuoted)
    {
        SkipBlank();
        if (IsIndicator('?'))
        {
            _at++;
            SkipBlank();
        }
        if (Current == ',')
        {
            throw Wrong("there is nothing before a comma");
        }
        int start = _at;
        Node node = FlowNode();
        isQuoted = start < _text.Length && _text[start] is '"' or '\'' or '[' or '{';
        SkipBlank();
        return node;
    }

    private bool TakeEnd(char end, Place start)
    {
        SkipBlank();
        if (AtEnd || IsMarker())
        {
            throw ComposeError.At(start, $"this is not YAML: a {(end == ']' ? '[' : '{')} has no {end}");
        }
        if (Current != end)
        {
            return false;
        }
        _at++;
        return true;
    }

    private void Comma(char end)
    {
        SkipBlank();
        if (Current == ',')
        {
            _at++;
        }
        else if (Current != end && !AtEnd)
        {
            throw Wrong($"expected a comma or {end}, not \"{Printable(_text[_at..EndOfLine()])}\"");
        }
    }

    /// <summary>A colon that ends a key: followed by a blank or the end of an entry, or by anything after a quoted key, as in JSON.</summary>
    private bool IsFlowColon(bool afterQuote = false) =>
        Current == ':'
        && (afterQuote || _at + 1 >= _text.Length || _text[_at + 1] is ' ' or '\t' or '\n' or ',' or '[' or ']' or '{' or '}');
}
