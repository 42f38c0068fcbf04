using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Cgroups;

namespace Skiff.Engine.Plan;

/// <summary>The making of cgroups by the process that began first, as far as it can be repeated: what that was refused the engine meets as well, with a sentence for it.</summary>
/// <param name="Actions">What makes them.</param>
internal sealed record CgroupsAhead(IReadOnlyList<HostAction> Actions) : HostAction
{
    /// <inheritdoc/>
    public override string Text => string.Join(", ", Actions);

    /// <inheritdoc/>
    public override string ManPage => "cgroups(7)";

    /// <inheritdoc/>
    public override void Run()
    {
        MakeCgroup.RunAll(Actions);
        throw new SkiffException("the process that makes the container's cgroups was killed before it had: start the container again", 125);
    }
}
