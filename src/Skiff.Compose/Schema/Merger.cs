using Skiff.Compose.Yaml;

namespace Skiff.Compose.Schema;

/// <summary>Puts a later file over an earlier one, both in the long form, by the rules of the specification (13-merge).</summary>
internal static class Merger
{
    /// <summary>The merged tree; the earlier one is changed and given back.</summary>
    public static Node Merge(Node earlier, Node later, Shape shape)
    {
        if (later.Tag == MergeTag.Override || earlier.Kind == NodeKind.Null)
        {
            return later;
        }
        if (later.Kind == NodeKind.Null)
        {
            return earlier;
        }
        if (shape.Merge == MergeRule.Replace || earlier.Kind != later.Kind)
        {
            return later;
        }
        if (
            shape.Merge == MergeRule.SameDriver
            && earlier.TextOf("driver") is { } driver
            && later.TextOf("driver") is { } other
            && driver != other
        )
        {
            return later;
        }
        return later.Kind switch
        {
            NodeKind.Map => Maps(earlier, later, shape),
            NodeKind.List => Lists(earlier, later, shape),
            _ => later,
        };
    }

    /// <summary>Takes out what <c>!reset</c> marks and nothing earlier was there for.</summary>
    public static void DropResets(Node node)
    {
        foreach ((string name, Node value) in node.Entries.ToArray())
        {
            if (value.Tag == MergeTag.Reset)
            {
                node.Remove(name);
            }
            else
            {
                DropResets(value);
            }
        }
        for (int i = node.Items.Count - 1; i >= 0; i--)
        {
            if (node.Items[i].Tag == MergeTag.Reset)
            {
                node.RemoveAt(i);
            }
            else
            {
                DropResets(node.Items[i]);
            }
        }
    }

    private static Node Maps(Node earlier, Node later, Shape shape)
    {
        foreach ((string name, Node value) in later.Entries)
        {
            if (value.Tag == MergeTag.Reset)
            {
                earlier.Remove(name);
                continue;
            }
            Shape inner = shape.Kind == ShapeKind.Object ? shape.Find(name)?.Shape ?? s_any : shape.Item ?? s_any;
            earlier.Set(name, earlier[name] is { } before ? Merge(before, value, inner) : value);
        }
        return earlier;
    }

    private static readonly Shape s_any = new(ShapeKind.Any);

    private static Node Lists(Node earlier, Node later, Shape shape)
    {
        Dictionary<string, int> places = [];
        for (int i = 0; i < earlier.Items.Count; i++)
        {
            places[Key(earlier.Items[i], shape)] = i;
        }
        foreach (Node item in later.Items)
        {
            string key = Key(item, shape);
            if (places.TryGetValue(key, out int at))
            {
                earlier.SetAt(at, item);
            }
            else
            {
                places[key] = earlier.Items.Count;
                earlier.Add(item);
            }
        }
        return earlier;
    }

    private static string Key(Node item, Shape shape) => shape.Key is { } key && item.Kind == NodeKind.Map ? key(item) : Flat(item);

    private static string Flat(Node node) =>
        node.IsScalar ? node.Text
        : node.Kind == NodeKind.List ? $"[{string.Join('\u0001', node.Items.Select(Flat))}]"
        : $"{{{string.Join('\u0001', node.Entries.Select(static e => e.Key + "\u0002" + Flat(e.Value)))}}}";
}
