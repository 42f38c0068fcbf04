using Skiff.Build.Cache;
using Skiff.Build.Parsing;
using Skiff.Engine;

namespace Skiff.Build.Steps;

/// <summary>What all stages of one build share.</summary>
internal sealed class BuildSession(BuildRequest request, Dockerfile file, StageGraph graph, LayerWorks works, StepCache cache)
{
    private readonly Dictionary<Stage, StageState> _built = [];
    private int _steps;
    private int _cached;

    internal BuildRequest Request => request;

    internal SkiffEngine Engine => request.Engine;

    internal Dockerfile File => file;

    internal StageGraph Graph => graph;

    internal LayerWorks Works => works;

    internal StepCache Cache => cache;

    internal IBuildProgress Progress => request.Progress;

    /// <summary>Steps that were begun.</summary>
    internal int Steps => _steps;

    /// <summary>Steps that had been done before.</summary>
    internal int Cached => _cached;

    /// <summary>When a step of this build is said to have run.</summary>
    internal DateTimeOffset Now => request.SourceDate ?? TimeProvider.System.GetUtcNow();

    /// <summary>A stage that is built.</summary>
    internal StageState Built(Stage stage)
    {
        lock (_built)
        {
            return _built[stage];
        }
    }

    /// <summary>A stage is built.</summary>
    internal void Add(Stage stage, StageState state)
    {
        lock (_built)
        {
            _built.Add(stage, state);
        }
    }

    /// <summary>Begins a step and tells of it.</summary>
    internal int Begin(string title)
    {
        int step = Interlocked.Increment(ref _steps);
        Progress.Begin(step, title);
        return step;
    }

    /// <summary>Ends a step.</summary>
    internal void End(int step, StepOutcome outcome)
    {
        if (outcome == StepOutcome.Cached)
        {
            Interlocked.Increment(ref _cached);
        }
        Progress.End(step, outcome);
    }
}
