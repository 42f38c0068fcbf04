using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Monitoring;
using Skiff.Engine.Network;
using Skiff.Engine.Spec;
using Skiff.Format;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff inspect</c> for containers, images, networks and volumes, <c>skiff container inspect</c>.</summary>
internal static class InspectCommand
{
    private static readonly string[] s_types = ["container", "image", "network", "volume"];

    public static Command Define() =>
        Verb(
            "Show all that is known of containers, images, networks or volumes, as JSON",
            "NAME|ID [NAME|ID...]",
            Completion.Object,
            Run
        ) with
        {
            Flags = [.. Flags(), Flag.Text("type", "Only look for objects of this type") with { Choices = s_types }],
        };

    public static Command DefineContainer() =>
        Verb(
            "Show all that is known of containers, as JSON",
            "CONTAINER [CONTAINER...]",
            Completion.Container,
            static invocation => Run(invocation, "container")
        );

    private static Command Verb(string summary, string names, Completion completes, Func<Invocation, int> run) =>
        new()
        {
            Name = "inspect",
            Summary = summary,
            Usage = "[OPTIONS] " + names,
            Flags = Flags(),
            MinArguments = 1,
            Completes = [completes],
            Run = run,
        };

    private static IReadOnlyList<Flag> Flags() =>
        [
            InspectPrinter.FormatFlag(),
            Flag.Bool("size", "Show sizes of containers", 's'),
            Flag.Bool("run-command", "Show the command line that makes the same container again"),
        ];

    private static int Run(Invocation invocation) => Run(invocation, invocation.Value("type"));

    private static int Run(Invocation invocation, string? type)
    {
        if (type is not null && !s_types.Contains(type))
        {
            throw new SkiffException($"--type {type}: expected {string.Join(", ", s_types)}");
        }
        SkiffEngine engine = ContainerAccess.Open(invocation);
        if (invocation.Is("run-command"))
        {
            return Each.Argument(
                invocation,
                name => invocation.Output.Line(RunOptionsText.ToCommandLine(ContainerPreparation.OptionsOf(engine.Containers.Find(name))))
            );
        }
        return InspectPrinter.Print(
            invocation.Output,
            invocation.Value("format"),
            invocation.Arguments,
            name => Find(engine, name, type, invocation.Is("size"))
        );
    }

    private static Value Find(SkiffEngine engine, string name, string? type, bool size)
    {
        if (type is null or "container" && engine.Containers.TryFind(name) is { } record && engine.Reconciler.Check(record) is { } state)
        {
            return ContainerJson.Describe(engine, record, MonitorAdoption.Ensure(engine, record, state), size);
        }
        if (type is null or "image" && engine.Images.Find(name) is { } image)
        {
            return ImageInspectCommand.Describe(image);
        }
        if (type is null or "volume" && engine.Volumes.TryFind(name) is { } volume)
        {
            return Volumes.VolumeAccess.Describe(engine.Volumes, volume);
        }
        if (type is null or "network" && (NetworkStore.BuiltIn.Contains(name) || engine.Networks.TryFindAny(name) is not null))
        {
            return Networks.NetworkAccess.Describe(engine, Networks.NetworkAccess.Find(engine, name));
        }
        if (type == "container")
        {
            _ = engine.Containers.Find(name);
        }
        string? near = type is null ? Suggestion.Nearest(name, engine.Containers.Names()) : null;
        IReadOnlyList<string> images = near is null && type is null or "image" ? engine.Images.Suggest(name) : [];
        near ??= images.Count > 0 ? images[0] : null;
        throw new SkiffException($"No such {type ?? "object"}: {name}{(near is null ? "" : $"; did you mean {near}?")}");
    }
}
