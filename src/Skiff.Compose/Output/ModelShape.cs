using Skiff.Compose.Schema;
using Skiff.Compose.Yaml;

namespace Skiff.Compose.Output;

/// <summary>Which entries of a model are printed, and in which order: docker compose's.</summary>
internal static class ModelShape
{
    /// <summary>Values that are printed although they say nothing: docker compose knows them from those that were not given.</summary>
    private static readonly string[] s_keptFalse = ["attach", "init", "required", "enable_ipv4", "enable_ipv6"];
    private static readonly string[] s_keptZero = ["replicas", "scale", "retries", "single", "soft", "hard"];
    private static readonly string[] s_keptEmpty =
    [
        "bind",
        "volume",
        "tmpfs",
        "image",
        "build",
        "deploy",
        "healthcheck",
        "logging",
        "limits",
        "reservations",
        "command",
        "entrypoint",
        "restart_policy",
    ];

    /// <summary>The entries of a mapping with the shapes of their values.</summary>
    public static List<(string Key, Node Value, Shape? Shape)> Entries(Node map, Shape? shape)
    {
        List<(string, Node, Shape?)> result = [];
        if (shape?.Kind == ShapeKind.Object)
        {
            foreach (Field field in shape.Fields)
            {
                if (map[field.Name] is { } value && IsShown(field, value))
                {
                    result.Add((field.Name, value, field.Shape));
                }
            }
            AddSorted(result, map.Entries.Where(static e => e.Key.StartsWith("x-", StringComparison.Ordinal)), null);
            return result;
        }
        AddSorted(result, map.Entries, shape?.Item);
        return result;
    }

    /// <summary>An ulimit with one number is printed as that number.</summary>
    public static Node Simplify(Node node) => node is { Kind: NodeKind.Map, Entries: [{ Key: "single" }] } ? node.Entries[0].Value : node;

    private static void AddSorted(List<(string, Node, Shape?)> result, IEnumerable<KeyValuePair<string, Node>> entries, Shape? shape)
    {
        foreach ((string key, Node value) in entries.OrderBy(static e => e.Key, StringComparer.Ordinal))
        {
            result.Add((key, value, shape));
        }
    }

    private static bool IsShown(Field field, Node value) =>
        value.Kind switch
        {
            NodeKind.Null => false,
            NodeKind.Bool => value.IsTrue || s_keptFalse.Contains(field.Name),
            NodeKind.Int => value.Text != "0" || s_keptZero.Contains(field.Name),
            NodeKind.Text => value.Text.Length > 0 && !(field.Shape.Kind == ShapeKind.Bytes && value.Text == "0"),
            NodeKind.List => value.Items.Count > 0 || s_keptEmpty.Contains(field.Name),
            NodeKind.Map => value.Entries.Count > 0 || s_keptEmpty.Contains(field.Name),
            _ => true,
        };
}
