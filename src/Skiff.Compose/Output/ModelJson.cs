using System.Globalization;
using System.Text;
using Skiff.Compose.Schema;
using Skiff.Compose.Yaml;

namespace Skiff.Compose.Output;

/// <summary>A model as JSON, as <c>docker compose config --format json</c> prints it.</summary>
public static class ModelJson
{
    /// <summary>The whole file, indented.</summary>
    public static string Write(Node root)
    {
        StringBuilder output = new();
        new Writer(output, indented: true).Value(root, Shapes.File, 0);
        return output.ToString();
    }

    /// <summary>One service on one line: what its hash is made of.</summary>
    internal static string Service(Node service)
    {
        StringBuilder output = new();
        new Writer(output, indented: false).Value(service, Shapes.OneService, 0);
        return output.ToString();
    }

    /// <summary>Any part, on one line.</summary>
    internal static string Compact(Node node)
    {
        StringBuilder output = new();
        new Writer(output, indented: false).Value(node, null, 0);
        return output.ToString();
    }

    private sealed class Writer(StringBuilder output, bool indented)
    {
        public void Value(Node node, Shape? shape, int depth)
        {
            switch (node.Kind)
            {
                case NodeKind.Map:
                    Map(node, shape, depth);
                    break;
                case NodeKind.List:
                    List(node, shape, depth);
                    break;
                case NodeKind.Null:
                    output.Append("null");
                    break;
                case NodeKind.Text:
                    Text(node.Text);
                    break;
                case NodeKind.Float when node.Text is "NaN" or "+Inf" or "-Inf":
                    Text(node.Text);
                    break;
                default:
                    output.Append(node.Text);
                    break;
            }
        }

        private void Map(Node node, Shape? shape, int depth)
        {
            List<(string Key, Node Value, Shape? Shape)> entries = Entries(node, shape);
            output.Append('{');
            for (int i = 0; i < entries.Count; i++)
            {
                output.Append(i == 0 ? "" : ",");
                Line(depth + 1);
                Text(entries[i].Key);
                output.Append(indented ? ": " : ":");
                Value(ModelShape.Simplify(entries[i].Value), entries[i].Shape, depth + 1);
            }
            Line(entries.Count == 0 ? -1 : depth);
            output.Append('}');
        }

        private static List<(string Key, Node Value, Shape? Shape)> Entries(Node node, Shape? shape)
        {
            List<(string Key, Node Value, Shape? Shape)> entries = ModelShape.Entries(node, shape);
            if (shape == Shapes.File)
            {
                entries.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
                return entries;
            }
            if (shape?.Kind == ShapeKind.Object)
            {
                entries.RemoveAll(static e => e.Key.StartsWith("x-", StringComparison.Ordinal));
                if (shape == Shapes.OneService)
                {
                    Fill(entries, shape, "command", "entrypoint");
                }
                else if (shape.Find("replicas") is not null)
                {
                    Fill(entries, shape, "resources", "placement");
                }
                else if (shape.Find("ipam") is not null)
                {
                    Fill(entries, shape, "ipam");
                }
                else if (shape.Find("initial_sync") is not null)
                {
                    Fill(entries, shape, "exec");
                }
                else if (shape.Find("command") is not null)
                {
                    Fill(entries, shape, "command"); // of a hook
                }
                else if ((shape.Find("rate") ?? shape.Find("weight")) is not null && shape.Find("path") is not null)
                {
                    // Go's names of the fields of a device's limit, which have none of their own
                    for (int i = 0; i < entries.Count; i++)
                    {
                        entries[i] = entries[i] with { Key = char.ToUpperInvariant(entries[i].Key[0]) + entries[i].Key[1..] };
                    }
                }
            }
            return entries;
        }

        /// <summary>Keys that Go's JSON prints although they are empty.</summary>
        private static void Fill(List<(string Key, Node Value, Shape? Shape)> entries, Shape shape, params string[] keys)
        {
            foreach (string key in keys)
            {
                if (entries.Any(e => e.Key == key))
                {
                    continue;
                }
                int order = Order(shape, key);
                int at = entries.FindIndex(e => Order(shape, e.Key) > order);
                Node value = key is "command" or "entrypoint" ? Node.Null() : Node.Map();
                entries.Insert(at < 0 ? entries.Count : at, (key, value, shape.Find(key)!.Shape));
            }
        }

        private static int Order(Shape shape, string key)
        {
            for (int i = 0; i < shape.Fields.Count; i++)
            {
                if (shape.Fields[i].Name == key)
                {
                    return i;
                }
            }
            return int.MaxValue;
        }

        private void List(Node node, Shape? shape, int depth)
        {
            output.Append('[');
            for (int i = 0; i < node.Items.Count; i++)
            {
                output.Append(i == 0 ? "" : ",");
                Line(depth + 1);
                Value(node.Items[i], shape?.Item, depth + 1);
            }
            Line(node.Items.Count == 0 ? -1 : depth);
            output.Append(']');
        }

        private void Line(int depth)
        {
            if (indented && depth >= 0)
            {
                output.Append('\n').Append(' ', depth * 2);
            }
        }

        private void Text(string text)
        {
            output.Append('"');
            foreach (char c in text)
            {
                _ = c switch
                {
                    '"' => output.Append("\\\""),
                    '\\' => output.Append("\\\\"),
                    '\n' => output.Append("\\n"),
                    '\r' => output.Append("\\r"),
                    '\t' => output.Append("\\t"),
                    '\b' => output.Append("\\b"),
                    '\f' => output.Append("\\f"),
                    < ' ' or '<' or '>' or '&' or '\u2028' or '\u2029' => output.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                    _ => output.Append(c),
                };
            }
            output.Append('"');
        }
    }
}
