using Skiff.Compose.Schema;
using Skiff.Compose.Yaml;

namespace Skiff.Compose.Planning;

/// <summary>What a project asks for and Skiff does not do: refused where the service would not be what was asked for, else said.</summary>
public static class Support
{
    /// <summary>Refuses, or gives the sentences to be said.</summary>
    public static IReadOnlyList<string> Check(Project project)
    {
        List<string> notes = [];
        HashSet<string> said = [];
        Walk(project.Root, Shapes.File, "");
        foreach (ComposeService service in project.Services)
        {
            Service(service);
        }
        return notes;

        void Walk(Node node, Shape shape, string path)
        {
            if (shape.Kind == ShapeKind.Object)
            {
                foreach (Field field in shape.Fields)
                {
                    if (
                        node[field.Name] is not { Kind: not NodeKind.Null } value
                        || value is { Kind: NodeKind.Map or NodeKind.List, Items.Count: 0, Entries.Count: 0 }
                    )
                    {
                        continue;
                    }
                    string name = path.Length == 0 ? field.Name : $"{path}.{field.Name}";
                    if (field.Standing == Standing.Refused)
                    {
                        throw ComposeError.At(value.Place, $"{name} cannot be had: {field.Why}");
                    }
                    if (field.Standing == Standing.Ignored && !IsDefault(field, value) && said.Add($"{field.Name}\u0001{field.Why}"))
                    {
                        notes.Add($"{value.Place}: {name} is ignored: {field.Why}");
                    }
                    if (field.Standing == Standing.Used)
                    {
                        Walk(value, field.Shape, name);
                    }
                }
            }
            else if (shape is { Kind: ShapeKind.MapOf, Item: { } item })
            {
                foreach ((string name, Node value) in node.Entries)
                {
                    Walk(value, item, path.Length == 0 ? name : $"{path}.{name}");
                }
            }
            else if (shape is { Kind: ShapeKind.ListOf, Item: { } element })
            {
                foreach (Node value in node.Items)
                {
                    Walk(value, element, path);
                }
            }
        }

        static bool IsDefault(Field field, Node value) =>
            (field.Name == "isolation" && value.Text == "default")
            || (field.Name == "runtime" && value.Text is "runc" or "io.containerd.runc.v2");

        static void Service(ComposeService service)
        {
            if (service.Node["deploy"]?["mode"] is { Text: not "replicated" } mode)
            {
                throw ComposeError.At(
                    mode.Place,
                    $"services.{service.Name}.deploy.mode: {mode.Text} cannot be had: it matters to swarm only"
                );
            }
            foreach (Node volume in service.Node.ItemsOf("volumes"))
            {
                if (volume.TextOf("type") is { } type && type is "cluster" or "npipe")
                {
                    throw ComposeError.At(
                        volume.Place,
                        $"services.{service.Name}.volumes: a mount of type {type} cannot be had: there is none on Linux without swarm"
                    );
                }
            }
        }
    }
}
