using System.Text;
using Skiff.CommandLine;
using Skiff.Compose.Planning;

namespace Skiff.Commands.Compose;

/// <summary>A plan to read: <c>explain compose up</c> and <c>--dry-run</c>.</summary>
internal static class PlanText
{
    /// <summary>Prints what would be done.</summary>
    public static void Show(Invocation invocation, UpRequest request)
    {
        StringBuilder text = new();
        IReadOnlyList<Step> images = UpPlanner.Images(request);
        IReadOnlyList<Step> steps = UpPlanner.Plan(request);
        text.Append($"Project {request.Project.Name}, from {string.Join(", ", request.Project.Files)}\n\n");
        int number = 0;
        foreach (Step step in images)
        {
            text.Append($"{++number, 3}. {Verb(step)} {step.Subject}: {step.Why}\n");
        }
        int before = number;
        foreach (Step step in steps)
        {
            string after =
                step.After.Count == 0 ? "" : $" (after {string.Join(", ", step.After.Select(i => i + 1 + before).Distinct().Order())})";
            text.Append($"{++number, 3}. {Verb(step)} {step.Subject}: {step.Why}{after}\n");
        }
        text.Append(
            steps.All(static s => s.Kind == StepKind.Keep) && images.Count == 0
                ? "\nNothing is to be done.\n"
                : "\nSteps that do not wait for each other are done at once.\n"
        );
        invocation.Output.Write(text.ToString());
    }

    private static string Verb(Step step) =>
        step.Kind switch
        {
            StepKind.Pull => "pull the image",
            StepKind.Build => "build the image",
            StepKind.CreateNetwork => "make the network",
            StepKind.CreateVolume => "make the volume",
            StepKind.Create => "make and start the container",
            StepKind.Recreate => "replace the container",
            StepKind.Start => "start the container",
            StepKind.Restart => "restart the container",
            StepKind.Keep => "keep the container",
            StepKind.Remove => "remove the container",
            StepKind.AwaitHealthy => "wait until healthy:",
            StepKind.AwaitCompleted => "wait for the end of",
            _ => step.Kind.ToString(),
        };
}
