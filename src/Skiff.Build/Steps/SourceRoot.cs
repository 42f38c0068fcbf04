using Skiff.Build.Cache;
using Skiff.Build.Context;
using Skiff.Build.Parsing;
using Skiff.Images;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Build.Steps;

/// <summary>Where COPY and mounts take files from: the context, a directory that was given by name, a stage, or an image.</summary>
internal sealed class SourceRoot
{
    /// <summary>In words, for messages.</summary>
    internal required string Text { get; init; }

    /// <summary>A directory of the host; null for layers.</summary>
    internal string? Directory { get; init; }

    /// <summary>Patterns of what is no part of it.</summary>
    internal IgnorePatterns Ignored { get; init; } = IgnorePatterns.None;

    /// <summary>The layers of a stage or image.</summary>
    internal IReadOnlyList<BuiltLayer> Layers { get; init; } = [];

    /// <summary>What the content depends on, where that is known without reading it; null for a directory.</summary>
    internal string? Key { get; init; }

    /// <summary>Owners of files count: stages and images.</summary>
    internal bool KeepsOwner => Directory is null;

    /// <summary>Finds the source of <c>from</c>; empty for the context.</summary>
    internal static SourceRoot Find(BuildSession session, Stage stage, Instruction instruction, string from)
    {
        BuildRequest request = session.Request;
        if (from.Length == 0)
        {
            return request.Context is { } directory
                ? new SourceRoot
                {
                    Text = "the build context",
                    Directory = directory,
                    Ignored = request.Ignored,
                }
                : throw DockerfileException.At(
                    instruction,
                    $"{instruction.Name} reads from the build context, and there is none: give a directory instead of - or -f -"
                );
        }
        if (request.NamedContexts.TryGetValue(from, out string? named))
        {
            if (!named.StartsWith("docker-image://", StringComparison.Ordinal))
            {
                return new SourceRoot
                {
                    Text = $"the build context {from}",
                    Directory = named,
                    Ignored = ContextFiles.Ignored(named, null),
                };
            }
            return OfImage(session, instruction, named["docker-image://".Length..]);
        }
        if (session.Graph.Find(from, stage.Index) is { } used)
        {
            StageState state = session.Built(used);
            return new SourceRoot
            {
                Text = $"the stage {from}",
                Layers = state.Layers,
                Key = state.Key,
            };
        }
        if (from.Equals(stage.Name, StringComparison.OrdinalIgnoreCase) || int.TryParse(from, out _))
        {
            throw DockerfileException.At(instruction, $"from={from}: a stage can use only those before it");
        }
        return OfImage(session, instruction, from);
    }

    private static SourceRoot OfImage(BuildSession session, Instruction instruction, string name)
    {
        if (name.Equals("scratch", StringComparison.Ordinal))
        {
            return new SourceRoot { Text = "scratch", Key = "scratch" };
        }
        try
        {
            Image image = session.Request.FetchImage(name, null);
            StageState state = StageBuilder.Of(session, image);
            return new SourceRoot
            {
                Text = $"the image {name}",
                Layers = state.Layers,
                Key = state.Key,
            };
        }
        catch (SkiffException e)
        {
            throw DockerfileException.At(instruction, $"from={name} is no stage before this one, and as an image: {e.Message}", e);
        }
    }

    /// <summary>Opens the root. With layers the call comes from within a private mount namespace.</summary>
    /// <param name="session">The build.</param>
    internal SafeFd Open(BuildSession session)
    {
        if (Directory is not null)
        {
            return Files.TryOpen(Directory, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out int errno)
                ?? throw new SkiffException($"{Text} {Directory} cannot be read: {Errno.Describe(errno)}");
        }
        string place = session.Works.NewTree();
        return Layers.Count == 0
            ? Files.Open(place + "/diff", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY)
            : session.Works.Still(() => StackView.Read(session.Engine.Paths.Root, Layers, place + "/mnt"));
    }

    /// <summary>A private mount namespace is needed to open it.</summary>
    internal bool IsMounted => Layers.Count > 1;
}
