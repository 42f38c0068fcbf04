namespace Skiff.Compose.Planning;

/// <summary>The steps that end containers: those that depend on others first.</summary>
public static class DownPlanner
{
    /// <summary>One step for each container.</summary>
    /// <param name="containers">The containers.</param>
    /// <param name="kind"><see cref="StepKind.Stop"/> or <see cref="StepKind.Remove"/>.</param>
    /// <param name="why">The reason.</param>
    public static IReadOnlyList<Step> Plan(IReadOnlyList<ObservedContainer> containers, StepKind kind, Func<ObservedContainer, string> why)
    {
        List<Step> steps = [];
        List<ObservedContainer> left = [.. containers];
        while (left.Count > 0)
        {
            // Whom nobody of the rest needs; where they need each other in a circle, as an old file may have had it, all at once.
            HashSet<string> needed = [.. left.SelectMany(c => c.DependsOn.Where(d => d != c.Service))];
            List<ObservedContainer> next = [.. left.Where(c => !needed.Contains(c.Service))];
            next = next.Count == 0 ? [.. left] : next;
            foreach (ObservedContainer container in next)
            {
                List<int> after = [.. steps.Where(s => s.Old!.DependsOn.Contains(container.Service)).Select(static s => s.Index)];
                steps.Add(
                    new Step(steps.Count, kind, container.Record.Name, why(container), after) { Old = container, Number = container.Number }
                );
            }
            left.RemoveAll(next.Contains);
        }
        return steps;
    }
}
