using System.Globalization;
using Skiff.Compose.Loading;
using Skiff.Compose.Yaml;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Compose.Schema;

/// <summary>Checks a tree against its shape and brings it into the long form; paths become absolute. Whatever is wrong is said with its line.</summary>
/// <param name="directory">What relative paths are relative to.</param>
/// <param name="home">The user's home directory, for <c>~</c>.</param>
/// <param name="lenient">Values with variables that were not replaced are left as they are.</param>
internal sealed class Canonical(string directory, string? home, bool lenient = false)
{
    private static readonly string[] s_true = ["true", "y", "yes", "on"];
    private static readonly string[] s_false = ["false", "n", "no", "off"];

    /// <summary>The tree in its long form.</summary>
    public Node Run(Node node, Shape shape, string path = "")
    {
        if (node.Tag == MergeTag.Reset)
        {
            return node; // what it holds does not matter
        }
        if (lenient && node.Kind == NodeKind.Text && node.Text.Contains('$', StringComparison.Ordinal))
        {
            return node;
        }
        MergeTag tag = node.Tag;
        Node result = Convert(shape.Long is null ? node : shape.Long(node), shape, path);
        result.Tag = tag;
        return result;
    }

    private Node Convert(Node node, Shape shape, string path) =>
        node.Kind == NodeKind.Null && shape.Kind != ShapeKind.Any
            ? node
            : shape.Kind switch
            {
                ShapeKind.Object => Object(node, shape, path),
                ShapeKind.MapOf => MapOf(node, shape, path),
                ShapeKind.ListOf => ListOf(node, shape, path),
                ShapeKind.Pairs => Pairs(node, shape, path),
                ShapeKind.Command => Command(node, path),
                ShapeKind.Any => node,
                _ => Scalar(node, shape, path),
            };

    private Node Object(Node node, Shape shape, string path)
    {
        Require(node, NodeKind.Map, path);
        Node map = Node.Map(node.Place);
        foreach ((string name, Node value) in node.Entries)
        {
            if (name.StartsWith("x-", StringComparison.Ordinal))
            {
                map.Set(name, value);
                continue;
            }
            Field field = shape.Find(name) ?? throw Unknown(value.Place, path, name, shape);
            map.Set(name, Run(value, field.Shape, Join(path, name)));
        }
        foreach (Field field in shape.Fields)
        {
            if (field.Required && map[field.Name] is null)
            {
                throw ComposeError.At(node.Place, $"{path}: the key {field.Name} is missing");
            }
        }
        if (shape.IsMount && map.TextOf("type") == "bind" && map["source"] is { } source)
        {
            map.Set("source", Node.Of(Absolute(source.Text), source.Place));
        }
        return map;
    }

    private Node MapOf(Node node, Shape shape, string path)
    {
        Require(node, NodeKind.Map, path);
        Node map = Node.Map(node.Place);
        foreach ((string name, Node value) in node.Entries)
        {
            if (
                name.StartsWith("x-", StringComparison.Ordinal)
                && shape.Item!.Kind == ShapeKind.Object
                && path.Length > 0
                && value.Kind != NodeKind.Map
            )
            {
                map.Set(name, value);
                continue;
            }
            bool named = shape.Item!.Kind == ShapeKind.Object && !path.Contains('.', StringComparison.Ordinal);
            if (named && (name.Length == 0 || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')))
            {
                throw ComposeError.At(value.Place, $"{Join(path, name)}: a name has letters, digits and . _ - only");
            }
            map.Set(name, Run(value, shape.Item!, Join(path, name)));
        }
        return map;
    }

    private Node ListOf(Node node, Shape shape, string path)
    {
        if (shape.OneIsList && node.Kind != NodeKind.List)
        {
            Node alone = Node.ListOf(node.Place, node);
            node = alone;
        }
        Require(node, NodeKind.List, path);
        Node list = Node.ListOf(node.Place);
        for (int i = 0; i < node.Items.Count; i++)
        {
            if (node.Items[i].Kind == NodeKind.Null)
            {
                throw ComposeError.At(node.Items[i].Place, $"{path}: an item is empty");
            }
            list.Add(Run(node.Items[i], shape.Item!, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]")));
        }
        return list;
    }

    private static Node Pairs(Node node, Shape shape, string path)
    {
        Node map = Node.Map(node.Place);
        if (node.IsScalar && shape.OneIsList)
        {
            node = Node.ListOf(node.Place, node);
        }
        if (node.Kind == NodeKind.List)
        {
            foreach (Node item in node.Items)
            {
                if (!item.IsScalar)
                {
                    throw ComposeError.At(item.Place, $"{path}: expected NAME=value, not {Describe(item)}");
                }
                int equals = item.Text.IndexOf('=', StringComparison.Ordinal);
                if (equals == 0)
                {
                    throw ComposeError.At(item.Place, $"{path}: \"{item.Text}\" has no name before the =");
                }
                Node value =
                    equals > 0 ? Node.Of(item.Text[(equals + 1)..], item.Place)
                    : shape.NullIsEmpty ? Node.Of("", item.Place)
                    : Node.Null(item.Place);
                map.Set(equals < 0 ? item.Text : item.Text[..equals], value);
            }
            return map;
        }
        Require(node, NodeKind.Map, path);
        foreach ((string name, Node value) in node.Entries)
        {
            if (value.Kind is NodeKind.List or NodeKind.Map)
            {
                throw ComposeError.At(value.Place, $"{Join(path, name)}: expected a text or a number, not {Describe(value)}");
            }
            Node text =
                value.Kind != NodeKind.Null ? Node.Of(value.Text, value.Place)
                : shape.NullIsEmpty ? Node.Of("", value.Place)
                : value;
            text.Tag = value.Tag;
            map.Set(name, text);
        }
        return map;
    }

    private static Node Command(Node node, string path)
    {
        if (node.Kind == NodeKind.List)
        {
            Node list = Node.ListOf(node.Place);
            foreach (Node item in node.Items)
            {
                list.Add(
                    item.IsScalar
                        ? Node.Of(item.Text, item.Place)
                        : throw ComposeError.At(item.Place, $"{path}: a word of a command is a text, not {Describe(item)}")
                );
            }
            return list;
        }
        if (!node.IsScalar)
        {
            throw ComposeError.At(node.Place, $"{path}: expected a command, not {Describe(node)}");
        }
        try
        {
            return Node.ListOf(node.Place, ShellWords.Split(node.Text).Select(word => Node.Of(word, node.Place)));
        }
        catch (FormatException e)
        {
            throw ComposeError.At(node.Place, $"{path}: {e.Message}");
        }
    }

    private Node Scalar(Node node, Shape shape, string path)
    {
        bool fits = shape.Kind switch
        {
            ShapeKind.Text or ShapeKind.Path or ShapeKind.PathOrUrl or ShapeKind.Duration => node.Kind == NodeKind.Text,
            ShapeKind.Bool => node.Kind is NodeKind.Bool or NodeKind.Text,
            _ => node.IsScalar,
        };
        if (!fits)
        {
            throw ComposeError.At(node.Place, $"{path}: expected {Expected(shape.Kind)}, not {Describe(node)}{Hint(node, shape)}");
        }
        string text = node.Text;
        switch (shape.Kind)
        {
            case ShapeKind.Bool when s_true.Contains(text.ToLowerInvariant()):
                return Node.Of(true, node.Place);
            case ShapeKind.Bool when s_false.Contains(text.ToLowerInvariant()):
                return Node.Of(false, node.Place);
            case ShapeKind.Int when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number):
                return Node.Of(number, node.Place);
            case ShapeKind.Int
                when node.Kind == NodeKind.Float
                    && double.Parse(text, CultureInfo.InvariantCulture) is var real
                    && real == Math.Floor(real):
                return Node.Of((long)real, node.Place);
            case ShapeKind.Float when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double real):
                return real == Math.Floor(real) && Math.Abs(real) < 1e15 ? Node.Of((long)real, node.Place) : Node.Of(real, node.Place);
            case ShapeKind.Bytes
                when text.StartsWith('-') && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _):
                return Node.Of(text, node.Place);
            case ShapeKind.Bytes when ByteSize.TryParse(text, out long bytes):
                return Node.Of(bytes.ToString(CultureInfo.InvariantCulture), node.Place);
            case ShapeKind.Duration when ComposeDuration.TryParse(text, out string? duration):
                return Node.Of(duration, node.Place);
            case ShapeKind.Path:
                return Node.Of(Absolute(text), node.Place);
            case ShapeKind.PathOrUrl:
                return Node.Of(IsUrl(text) ? text : Absolute(text), node.Place);
            case ShapeKind.Text or ShapeKind.Word:
                return shape.Choices is null || shape.Choices.Contains(text)
                    ? Node.Of(text, node.Place)
                    : throw ComposeError.At(node.Place, $"{path}: \"{text}\" is not one of {string.Join(", ", shape.Choices)}");
            default:
                throw ComposeError.At(node.Place, $"{path}: \"{text}\" is not {Expected(shape.Kind)}");
        }
    }

    /// <summary>An absolute, cleaned path.</summary>
    internal string Absolute(string path)
    {
        string text =
            path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? (home ?? "/") + path[1..]
            : path.StartsWith('/') ? path
            : $"{directory}/{path}";
        return OptionValue.CleanPath(text);
    }

    /// <summary>Contexts of builds that are no directories here.</summary>
    internal static bool IsUrl(string text) =>
        text.Contains("://", StringComparison.Ordinal)
        || text.StartsWith("git@", StringComparison.Ordinal)
        || text.StartsWith("github.com/", StringComparison.Ordinal)
        || text.StartsWith("service:", StringComparison.Ordinal);

    private static string Hint(Node node, Shape shape) =>
        shape.Kind == ShapeKind.Text && node.Kind is NodeKind.Int or NodeKind.Float or NodeKind.Bool
            ? $"; write \"{node.Text}\" in quotes"
            : "";

    private static string Expected(ShapeKind kind) =>
        kind switch
        {
            ShapeKind.Bool => "true or false",
            ShapeKind.Int => "a whole number",
            ShapeKind.Float => "a number",
            ShapeKind.Bytes => "a size such as 64m",
            ShapeKind.Duration => "a duration such as 1m30s",
            ShapeKind.Path or ShapeKind.PathOrUrl => "a path",
            _ => "a text",
        };

    private static void Require(Node node, NodeKind kind, string path)
    {
        if (node.Kind != kind)
        {
            string expected = kind == NodeKind.Map ? "a mapping" : "a list";
            throw ComposeError.At(node.Place, $"{(path.Length == 0 ? "the file" : path)}: expected {expected}, not {Describe(node)}");
        }
    }

    private static string Describe(Node node) =>
        node.Kind switch
        {
            NodeKind.Null => "nothing",
            NodeKind.List => "a list",
            NodeKind.Map => "a mapping",
            NodeKind.Text => $"the text \"{node.Text}\"",
            _ => node.Text,
        };

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static SkiffException Unknown(Place place, string path, string name, Shape shape)
    {
        string? near = Suggestion.Nearest(name, shape.Fields.Select(static f => f.Name));
        string suggestion =
            near is not null ? $", did you mean {near}?"
            : path.Length == 0 ? ": services, networks, volumes, secrets, configs, name and include are known, and x-… for anything"
            : "";
        return ComposeError.At(place, $"{Join(path, name)}: there is no such key{suggestion}");
    }
}
