using Skiff.Linux.Actions;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

/// <summary>How a container is started, as data: <c>run</c> executes it, <c>explain</c> prints it, <c>--trace</c> times it. Nothing that runs is missing from it.</summary>
public sealed class LaunchPlan : IDisposable
{
    private readonly List<PlanStep> _steps = [];
    private readonly Dictionary<int, HostAction> _actions = [];
    private readonly List<Result> _handed = [];
    private ChildProgram? _hostProgram;
    private PlanStep? _open;

    /// <summary>The steps in the order in which they begin.</summary>
    public IReadOnlyList<PlanStep> Steps => _steps;

    /// <summary>The container's part, lowered to system calls.</summary>
    public ChildProgram Program { get; } = new();

    /// <summary>What the engine does itself while the container's first process is at its own part: mounts that are nowhere yet and belong to nobody's namespace. Their descriptors are then handed over.</summary>
    public ChildProgram HostProgram => _hostProgram ??= new ChildProgram();

    /// <summary>Where <see cref="HostProgram"/> leaves the descriptors that the child gets, in the order in which it waits for them.</summary>
    public IReadOnlyList<Result> Handed => _handed;

    /// <summary>Namespaces made at birth by clone3(2).</summary>
    public CloneFlags Namespaces { get; init; }

    /// <summary>The channel of the child; null in a dry plan.</summary>
    public ReportChannel? Channel { get; init; }

    /// <summary>The place where the child waits for the host's part to be done; -1 when it waits for nothing.</summary>
    public int WaitsAt { get; internal set; } = -1;

    /// <summary>The instruction that makes the child's network namespace or enters it: the child is in it when it is past this; -1 when it is born there.</summary>
    public int NamespacesAt { get; internal set; } = -1;

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
    public void Container(Block block, string why) => Open(block, Place.Container, why, Program);

    /// <summary>Begins a step of <see cref="HostProgram"/>.</summary>
    public void Meanwhile(Block block, string why) => Open(block, Place.Host, why, HostProgram, HostMoment.Mounts);

    private void Open(Block block, Place place, string why, ChildProgram program, HostMoment moment = HostMoment.None)
    {
        Close();
        _open = new PlanStep
        {
            Block = block,
            Place = place,
            Moment = moment,
            Why = why,
            Program = program,
            First = program.Count,
        };
    }

    /// <summary>Notes that the child does an action of the host, from the next instruction on: its error has the action's words.</summary>
    internal void Doing(HostAction action) => _actions[Program.Count] = action;

    /// <summary>The action that an instruction of the child is a part of; null for the others.</summary>
    public HostAction? ActionOf(int instruction)
    {
        int first = StepOf(instruction)?.First ?? instruction + 1;
        for (int i = instruction; i >= first; i--)
        {
            if (_actions.TryGetValue(i, out HostAction? action))
            {
                return action;
            }
        }
        return null;
    }

    internal void Hand(Result descriptor) => _handed.Add(descriptor);

    /// <summary>Ends the last step.</summary>
    public void Close()
    {
        if (_open is { } step)
        {
            _open = null;
            if (step.Program!.Count > step.First)
            {
                _steps.Add(step with { End = step.Program.Count });
            }
        }
    }

    /// <summary>The step to which an instruction belongs.</summary>
    /// <param name="instruction">Its index.</param>
    /// <param name="program">The program; null for the child's.</param>
    public PlanStep? StepOf(int instruction, ChildProgram? program = null)
    {
        foreach (PlanStep step in _steps)
        {
            if (step.Program == (program ?? Program) && instruction >= step.First && instruction < step.End)
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
        _hostProgram?.Dispose();
        Channel?.Dispose();
    }
}
