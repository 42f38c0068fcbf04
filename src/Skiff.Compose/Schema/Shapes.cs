using Skiff.Compose.Yaml;

namespace Skiff.Compose.Schema;

/// <summary>The compose specification as a table: the whole file. Fields stand in the order in which docker compose prints them.</summary>
internal static partial class Shapes
{
    private static readonly Shape s_any = new(ShapeKind.Any);
    private static readonly Shape s_text = new(ShapeKind.Text);
    private static readonly Shape s_word = new(ShapeKind.Word);
    private static readonly Shape s_bool = new(ShapeKind.Bool);
    private static readonly Shape s_int = new(ShapeKind.Int);
    private static readonly Shape s_float = new(ShapeKind.Float);
    private static readonly Shape s_bytes = new(ShapeKind.Bytes);
    private static readonly Shape s_duration = new(ShapeKind.Duration);
    private static readonly Shape s_path = new(ShapeKind.Path);
    private static readonly Shape s_command = new(ShapeKind.Command) { Merge = MergeRule.Replace };
    private static readonly Shape s_variables = new(ShapeKind.Pairs);
    private static readonly Shape s_labels = new(ShapeKind.Pairs) { NullIsEmpty = true };
    private static readonly Shape s_texts = List(s_text);
    private static readonly Shape s_words = List(s_word);
    private static readonly Shape s_textOrTexts = s_texts with { OneIsList = true };
    private static readonly Shape s_options = new(ShapeKind.MapOf) { Item = s_word };

    /// <summary>A whole file.</summary>
    public static Shape File { get; } =
        Object(
            new("name", s_text),
            new("version", s_word),
            new("include", List(Include()) with { Merge = MergeRule.Default }),
            new("services", Map(Service())),
            new("networks", Map(Network())),
            new("volumes", Map(Volume())),
            new("secrets", Map(FileObject(content: false))),
            new("configs", Map(FileObject(content: true))),
            new("models", Map(s_any), Standing.Refused, "Skiff serves no language models")
        );

    /// <summary>One service.</summary>
    public static Shape OneService { get; } = File.Find("services")!.Shape.Item!;

    private static Shape Object(params Field[] fields) => new(ShapeKind.Object) { Fields = fields };

    private static Shape Map(Shape item) => new(ShapeKind.MapOf) { Item = item };

    private static Shape List(Shape item) => new(ShapeKind.ListOf) { Item = item };

    private static Shape Choice(params string[] choices) => s_text with { Choices = choices };

    private static Shape Include() =>
        Object(new("path", List(s_text) with { OneIsList = true }), new("project_directory", s_text), new("env_file", s_textOrTexts)) with
        {
            Long = static node => node.Kind == NodeKind.Text ? Single("path", node) : node,
        };

    private static Shape Network() =>
        Object(
            new("name", s_text),
            new("driver", s_text),
            new("driver_opts", s_options),
            new(
                "ipam",
                Object(
                    new("driver", s_text),
                    new(
                        "config",
                        List(
                            Object(
                                new("subnet", s_text),
                                new("gateway", s_text),
                                new("ip_range", s_text),
                                new("aux_addresses", s_options, Standing.Refused, "Skiff reserves no single addresses")
                            )
                        ) with
                        {
                            Key = static item => item.TextOf("subnet") ?? "",
                        }
                    ),
                    new("options", s_options, Standing.Ignored, "there are no options of address management")
                )
            ),
            new("external", s_bool),
            new("internal", s_bool),
            new("attachable", s_bool, Standing.Ignored, "it matters to swarm only"),
            new("labels", s_labels),
            new("enable_ipv4", s_bool),
            new("enable_ipv6", s_bool)
        ) with
        {
            Long = ShortForms.External,
        };

    private static Shape Volume() =>
        Object(
            new("name", s_text),
            new("driver", s_text),
            new("driver_opts", s_options),
            new("external", s_bool),
            new("labels", s_labels)
        ) with
        {
            Long = ShortForms.External,
        };

    private static Shape FileObject(bool content) =>
        Object([
            new("name", s_text),
            new("file", s_path),
            new("environment", s_text),
            .. content ? (Field[])[new("content", s_text)] : [],
            new("external", s_bool),
            new("labels", s_labels),
            new("driver", s_text, Standing.Refused, "it matters to swarm only"),
            new("driver_opts", s_options, Standing.Refused, "it matters to swarm only"),
            new("template_driver", s_text, Standing.Refused, "it matters to swarm only"),
        ]) with
        {
            Long = ShortForms.External,
        };

    private static Node Single(string key, Node value)
    {
        Node map = Node.Map(value.Place);
        map.Set(key, value);
        return map;
    }
}
