using Skiff.Build.Parsing;
using Skiff.Linux;

namespace Skiff.Build.Steps;

/// <summary>The stages of a Dockerfile and which of them are needed for which.</summary>
internal sealed class StageGraph
{
    private readonly Dockerfile _file;
    private readonly BuildRequest _request;

    private StageGraph(Dockerfile file, BuildRequest request, PlatformArgs platform)
    {
        _file = file;
        _request = request;
        Platform = platform;
    }

    /// <summary>All stages in order.</summary>
    internal List<Stage> Stages { get; } = [];

    /// <summary>ARGs before the first FROM, with their values; null for one without.</summary>
    internal Dictionary<string, string?> GlobalArgs { get; } = [];

    /// <summary>TARGETPLATFORM and its kin.</summary>
    internal PlatformArgs Platform { get; }

    /// <summary>Build arguments that some ARG has taken.</summary>
    internal HashSet<string> Consumed { get; } = [];

    /// <summary>Reads the stages.</summary>
    internal static StageGraph Make(Dockerfile file, BuildRequest request, PlatformArgs platform)
    {
        StageGraph graph = new(file, request, platform);
        foreach (Instruction instruction in file.Instructions)
        {
            graph.Add(instruction);
        }
        if (graph.Stages.Count == 0)
        {
            throw new DockerfileException("the Dockerfile has no stage: it begins with FROM", 0);
        }
        foreach (Stage stage in graph.Stages)
        {
            graph.FindUses(stage);
        }
        return graph;
    }

    /// <summary>The stage that was asked for; the last without.</summary>
    internal Stage Target(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return Stages[^1];
        }
        return Find(name, Stages.Count)
            ?? throw new SkiffException(
                $"target stage \"{name}\" could not be found"
                    + (
                        Suggestion.Nearest(name, Stages.Select(static s => s.Name)) is { Length: > 0 } near
                            ? $" (did you mean {near}?)"
                            : ""
                    )
            );
    }

    /// <summary>What a stage needs, in an order in which each comes after those that it needs; itself last.</summary>
    internal static List<Stage> Needed(Stage target)
    {
        List<Stage> order = [];
        HashSet<Stage> seen = [];
        Visit(target);
        return order;

        void Visit(Stage stage)
        {
            if (!seen.Add(stage))
            {
                return;
            }
            if (stage.BaseStage is not null)
            {
                Visit(stage.BaseStage);
            }
            foreach (Stage used in stage.Uses.OrderBy(static s => s.Index))
            {
                Visit(used);
            }
            order.Add(stage);
        }
    }

    /// <summary>A stage before another by name or number; null for none.</summary>
    internal Stage? Find(string name, int before)
    {
        Stage? found = Stages.Take(before).LastOrDefault(s => s.Name.Length > 0 && s.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return found ?? (int.TryParse(name, out int index) && index >= 0 && index < before ? Stages[index] : null);
    }

    /// <summary>Expands a text that stands before or in FROM.</summary>
    internal string Global(Instruction instruction, string text)
    {
        try
        {
            return new Expansion(name => GlobalArgs.TryGetValue(name, out string? value) ? value : Platform.Value(name), _file.Escape).Word(
                text
            );
        }
        catch (SkiffException e) when (e is not DockerfileException)
        {
            throw DockerfileException.At(instruction, e.Message, e);
        }
    }

    private void Add(Instruction instruction)
    {
        if (instruction.Name == "FROM")
        {
            Stages.Add(From(instruction));
        }
        else if (Stages.Count > 0)
        {
            Stages[^1].Instructions.Add(instruction);
        }
        else if (instruction.Name == "ARG")
        {
            foreach ((string name, string? fallback) in ArgForm.Read(instruction, _file.Escape))
            {
                bool given = _request.BuildArgs.TryGetValue(name, out string? value);
                if (given)
                {
                    Consumed.Add(name);
                }
                GlobalArgs[name] =
                    given ? value
                    : fallback is null ? Platform.Value(name)
                    : Global(instruction, fallback);
            }
        }
        else
        {
            throw DockerfileException.At(instruction, $"no build stage in current context: FROM comes before {instruction.Name}");
        }
    }

    private Stage From(Instruction instruction)
    {
        foreach (InstructionFlag flag in instruction.Flags)
        {
            if (flag.Name != "platform")
            {
                throw DockerfileException.At(instruction, $"unknown flag: --{flag.Name}; FROM knows --platform");
            }
        }
        string[] words = WordList.Plain(instruction.Arguments);
        if (words.Length != 1 && !(words.Length == 3 && words[1].Equals("AS", StringComparison.OrdinalIgnoreCase)))
        {
            throw DockerfileException.At(instruction, "FROM requires either one or three arguments: FROM image [AS name]");
        }
        string stageName = words.Length == 3 ? words[2].ToLowerInvariant() : "";
        if (
            stageName.Length > 0
            && !(char.IsAsciiLetter(stageName[0]) && stageName.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        )
        {
            throw DockerfileException.At(
                instruction,
                $"invalid name for build stage: \"{words[2]}\": it begins with a letter, then letters, digits, '-', '_' and '.' follow"
            );
        }
        string image = Global(instruction, words[0]);
        if (image.Length == 0)
        {
            throw DockerfileException.At(
                instruction,
                $"base name ({words[0]}) should not be blank: give the variable a value, by ARG before FROM or --build-arg"
            );
        }
        return new Stage
        {
            Index = Stages.Count,
            Name = stageName,
            From = instruction,
            Base = image,
            BaseStage = _request.NamedContexts.ContainsKey(image)
                ? null
                : Stages.LastOrDefault(s => s.Name.Equals(image, StringComparison.OrdinalIgnoreCase)),
            Platform = instruction.Flag("platform") is { } platform ? Global(instruction, platform) : "",
        };
    }

    private void FindUses(Stage stage)
    {
        foreach (Instruction instruction in stage.Instructions)
        {
            foreach (string name in FromNames(instruction))
            {
                if (name.Contains('$'))
                {
                    throw DockerfileException.At(
                        instruction,
                        $"'from' doesn't support variable expansion ({name}): write FROM {name} AS a-name and use that name"
                    );
                }
                if (!_request.NamedContexts.ContainsKey(name) && Find(name, stage.Index) is { } used)
                {
                    stage.Uses.Add(used);
                }
            }
        }
    }

    private static IEnumerable<string> FromNames(Instruction instruction)
    {
        if (instruction.Name is "COPY" && instruction.Flag("from") is { Length: > 0 } from)
        {
            yield return from;
        }
        if (instruction.Name == "RUN")
        {
            foreach (InstructionFlag flag in instruction.Flags)
            {
                if (flag.Name != "mount")
                {
                    continue;
                }
                foreach (string field in Engine.Spec.Csv.Split("mount", flag.Value))
                {
                    if (field.StartsWith("from=", StringComparison.Ordinal))
                    {
                        yield return field[5..];
                    }
                }
            }
        }
    }
}
