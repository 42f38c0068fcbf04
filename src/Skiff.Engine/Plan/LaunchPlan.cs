using Skiff.Linux.Actions;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

/// <summary>How a container is started, as data: <c>run</c> executes it, <c>explain</c> prints it, <c>--trace</c> times it. Nothing that runs is missing from it.</summary>
public sealed class LaunchPlan : IDisposable
{
    private readonly List<PlanStep> _steps = [];
    private PlanStep? _open;

    /// <summary>The steps in the order in which they begin.</summary>
    public IReadOnlyList<PlanStep> Steps => _steps;

    /// <summary>The container's part, lowered to system calls.</summary>
    public ChildProgram Program { get; } = new();

    /// <summary>Namespaces made at birth by clone3(2).</summary>
    public CloneFlags Namespaces { get; init; }

    /// <summary>The channel of the child; null in a dry plan.</summary>
    public ReportChannel? Channel { get; init; }

    /// <summary>The place where the child waits for the host's part to be done; -1 when it waits for nothing.</summary>
    public int WaitsAt { get; internal set; } = -1;

    /// <summary>Whether the child waits first of all for its id maps.</summary>
    public bool WaitsForIdMaps { get; internal set; }

    /// <summary>Adds a step of the host.</summary>
    public void Host(HostMoment moment, Block block, string why, IReadOnlyList<HostAction> actions)
    {
        Close();
        _steps.Add(
            new PlanStep
            {
                Block = block,
                Place = Place.Host,
                Moment = moment,
                Why = why,
                Actions = actions,
            }
        );
    }

    /// <summary>Begins a step of the container; instructions added to <see cref="Program"/> from now on belong to it.</summary>
    public void Container(Block block, string why)
    {
        Close();
        _open = new PlanStep
        {
            Block = block,
            Place = Place.Container,
            Why = why,
            First = Program.Count,
        };
    }

    /// <summary>Ends the last step.</summary>
    public void Close()
    {
        if (_open is { } step)
        {
            _open = null;
            if (Program.Count > step.First)
            {
                _steps.Add(step with { End = Program.Count });
            }
        }
    }

    /// <summary>The step to which an instruction belongs.</summary>
    public PlanStep? StepOf(int instruction)
    {
        foreach (PlanStep step in _steps)
        {
            if (step.Place == Place.Container && instruction >= step.First && instruction < step.End)
            {
                return step;
            }
        }
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Program.Dispose();
        Channel?.Dispose();
    }
}
