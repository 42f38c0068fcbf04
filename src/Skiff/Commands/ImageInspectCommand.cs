using System.Globalization;
using Skiff.CommandLine;
using Skiff.Format;
using Skiff.Images;
using Skiff.Images.Store;

namespace Skiff.Commands;

/// <summary><c>skiff image inspect</c>.</summary>
internal static class ImageInspectCommand
{
    public static Command Define() =>
        new()
        {
            Name = "inspect",
            Summary = "Show all that is known of images, as JSON",
            Usage = "[OPTIONS] IMAGE [IMAGE...]",
            Flags = [InspectPrinter.FormatFlag()],
            MinArguments = 1,
            Completes = [Completion.Image],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        ImageStore store = EngineAccess.Images(invocation.Globals);
        return InspectPrinter.Print(invocation.Output, invocation.Value("format"), invocation.Arguments, name => Describe(store.Get(name)));
    }

    /// <summary>The image in docker's shape (API "ImageInspect").</summary>
    internal static Value Describe(Image image)
    {
        ImageConfig config = image.Config;
        return Value.Struct(
            ("Id", Value.Of(image.Id.ToString())),
            ("RepoTags", Value.Of([.. image.Names.Where(static n => n.Tag is not null).Select(static n => $"{n.FamiliarName}:{n.Tag}")])),
            ("RepoDigests", Value.Of(image.RepoDigests)),
            ("Parent", Value.Of("")),
            ("Comment", Value.Of(config.History.Count > 0 ? config.History[^1].Comment : "")),
            ("Created", Value.Of(config.Created is { } created ? Time(created) : "")),
            ("Author", Value.Of(config.Author)),
            ("Config", Config(config)),
            ("Architecture", Value.Of(config.Architecture)),
            ("Variant", Value.Of(config.Variant)),
            ("Os", Value.Of(config.Os)),
            ("Size", Value.Of(image.Size)),
            ("VirtualSize", Value.Of(image.Size)),
            ("GraphDriver", Value.Struct(("Data", Driver(image)), ("Name", Value.Of("overlay2")))),
            (
                "RootFS",
                Value.Struct(("Type", Value.Of("layers")), ("Layers", Value.Of([.. config.DiffIds.Select(static d => d.ToString())])))
            ),
            ("Metadata", Value.Struct(("LastUsed", Value.Of(Time(image.LastUsed))))),
            (
                "Descriptor",
                Value.Struct(("mediaType", Value.Of(image.Manifest.MediaType)), ("digest", Value.Of(image.ManifestDigest.ToString())))
            )
        );
    }

    private static Value Config(ImageConfig config) =>
        Value.Struct(
            ("User", Value.Of(config.User)),
            ("ExposedPorts", Keys(config.ExposedPorts)),
            ("Env", List(config.Env)),
            ("Cmd", List(config.Cmd)),
            ("Healthcheck", config.Healthcheck is { } health ? Health(health) : Value.Nil),
            ("Volumes", Keys(config.Volumes)),
            ("WorkingDir", Value.Of(config.WorkingDir)),
            ("Entrypoint", List(config.Entrypoint)),
            ("OnBuild", List(config.OnBuild)),
            ("Labels", Value.Of(config.Labels.Count == 0 ? null : config.Labels)),
            ("StopSignal", Value.Of(config.StopSignal)),
            ("Shell", List(config.Shell))
        );

    internal static Value Health(Healthcheck health)
    {
        List<(string, Value)> fields = [("Test", Value.Of(health.Test))];
        Add("Interval", health.Interval);
        Add("Timeout", health.Timeout);
        Add("StartPeriod", health.StartPeriod);
        Add("StartInterval", health.StartInterval);
        Add("Retries", health.Retries);
        return Value.Struct(fields);

        // docker leaves out what was not said.
        void Add(string name, long value)
        {
            if (value != 0)
            {
                fields.Add((name, Value.Of(value)));
            }
        }
    }

    private static Value Driver(Image image) =>
        Value.Map(
            image.LayerDirectories.Count switch
            {
                0 => [],
                1 => [KeyValuePair.Create("UpperDir", Value.Of(image.LayerDirectories[0]))],
                // Docker's order: the top layer by itself, then what is below it, the upper ones first.
                _ =>
                [
                    KeyValuePair.Create("LowerDir", Value.Of(string.Join(':', image.LayerDirectories.Reverse().Skip(1)))),
                    KeyValuePair.Create("UpperDir", Value.Of(image.LayerDirectories[^1])),
                ],
            }
        );

    private static Value List(IReadOnlyList<string> values) => Value.Of(values.Count == 0 ? null : values);

    private static Value Keys(IReadOnlyList<string> keys) =>
        Value.Map(keys.Count == 0 ? null : keys.Select(static k => KeyValuePair.Create(k, Value.Struct())));

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}
