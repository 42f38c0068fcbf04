using System.Text;
using Skiff.Compose.Schema;
using Skiff.Compose.Yaml;

namespace Skiff.Compose.Output;

/// <summary>A model as YAML, as <c>docker compose config</c> prints it.</summary>
public static class ModelYaml
{
    /// <summary>The whole file.</summary>
    public static string Write(Node root)
    {
        StringBuilder output = new();
        Map(output, root, Shapes.File, 0);
        return output.ToString();
    }

    private static void Map(StringBuilder output, Node map, Shape? shape, int indent, bool first = false)
    {
        foreach ((string key, Node value, Shape? inner) in ModelShape.Entries(map, shape))
        {
            if (!first)
            {
                output.Append(' ', indent);
            }
            first = false;
            YamlText.Write(output, key, indent);
            output.Append(':');
            Value(output, ModelShape.Simplify(value), inner, indent + 2);
        }
    }

    private static void Value(StringBuilder output, Node value, Shape? shape, int indent)
    {
        switch (value.Kind)
        {
            case NodeKind.Map when ModelShape.Entries(value, shape).Count > 0:
                output.Append('\n');
                Map(output, value, shape, indent);
                break;
            case NodeKind.List when value.Items.Count > 0:
                output.Append('\n');
                List(output, value, shape, indent);
                break;
            default:
                output.Append(' ');
                Scalar(output, value, indent);
                output.Append('\n');
                break;
        }
    }

    private static void List(StringBuilder output, Node list, Shape? shape, int indent)
    {
        foreach (Node item in list.Items)
        {
            output.Append(' ', indent).Append('-');
            if (item.Kind == NodeKind.Map && ModelShape.Entries(item, shape?.Item).Count > 0)
            {
                output.Append(' ');
                Map(output, item, shape?.Item, indent + 2, first: true);
            }
            else if (item.Kind == NodeKind.List && item.Items.Count > 0)
            {
                output.Append('\n');
                List(output, item, null, indent + 2);
            }
            else
            {
                output.Append(' ');
                Scalar(output, item, indent + 2);
                output.Append('\n');
            }
        }
    }

    private static void Scalar(StringBuilder output, Node value, int indent)
    {
        switch (value.Kind)
        {
            case NodeKind.Null:
                output.Append("null");
                break;
            case NodeKind.Map:
                output.Append("{}");
                break;
            case NodeKind.List:
                output.Append("[]");
                break;
            case NodeKind.Text:
                YamlText.Write(output, value.Text, indent);
                break;
            default:
                output.Append(value.Text);
                break;
        }
    }
}
