using Skiff.Build.Parsing;

namespace Skiff.Build.Steps;

/// <summary>A stage of a Dockerfile: what FROM says, and the instructions up to the next.</summary>
internal sealed class Stage
{
    /// <summary>Its number, from 0.</summary>
    internal required int Index { get; init; }

    /// <summary>Its name, lower case; empty without.</summary>
    internal required string Name { get; init; }

    /// <summary>FROM.</summary>
    internal required Instruction From { get; init; }

    /// <summary>What it begins with, expanded: an image, or a stage's name.</summary>
    internal required string Base { get; init; }

    /// <summary>The stage that it begins with; null for an image.</summary>
    internal Stage? BaseStage { get; init; }

    /// <summary><c>--platform</c>, expanded; empty without.</summary>
    internal string Platform { get; init; } = "";

    /// <summary>The instructions after FROM.</summary>
    internal List<Instruction> Instructions { get; } = [];

    /// <summary>Stages that it copies from or mounts.</summary>
    internal HashSet<Stage> Uses { get; } = [];

    /// <summary>The name in titles.</summary>
    internal string Label(bool alone) =>
        Name.Length > 0 ? Name + " "
        : alone ? ""
        : $"stage-{Index} ";
}
