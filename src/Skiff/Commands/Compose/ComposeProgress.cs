using Skiff.CommandLine;
using Skiff.Compose.Planning;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Compose;

/// <summary>Tells of steps, a line each on standard error when it is done, in docker compose's words.</summary>
/// <param name="invocation">The command line.</param>
internal sealed class ComposeProgress(Invocation invocation)
{
    private readonly string _kind = invocation.Value("progress") is { } asked and not "auto"
        ? asked
        : Environment.GetEnvironmentVariable("COMPOSE_PROGRESS") ?? "auto";
    private readonly bool _colours = Colours(invocation, 2);

    /// <summary>Whether a descriptor gets colours.</summary>
    public static bool Colours(Invocation invocation, int fd) =>
        (invocation.Value("ansi") ?? Environment.GetEnvironmentVariable("COMPOSE_ANSI")) switch
        {
            "never" => false,
            "always" => true,
            _ => Tty.IsTerminal(fd)
                && Environment.GetEnvironmentVariable("NO_COLOR") is null or ""
                && Environment.GetEnvironmentVariable("TERM") != "dumb",
        };

    /// <summary>Something was done.</summary>
    public void Done(string what, string how)
    {
        switch (_kind)
        {
            case "quiet":
                break;
            case "json":
                invocation.Output.ErrorLine($"{{\"id\":\"{what}\",\"status\":\"{how}\"}}");
                break;
            default:
                invocation.Output.ErrorLine(_colours ? $" {what}  \e[32m{how}\e[0m" : $" {what}  {how}");
                break;
        }
    }

    /// <summary>A step was done. Who waits tells of each container itself.</summary>
    public void Done(Step step)
    {
        if (step.Kind is StepKind.AwaitHealthy or StepKind.AwaitCompleted)
        {
            return;
        }
        (string what, string how) = step.Kind switch
        {
            StepKind.CreateNetwork => ("Network", "Created"),
            StepKind.CreateVolume => ("Volume", "Created"),
            StepKind.Create or StepKind.Recreate => ("Container", step.Number < 0 ? "Created" : "Started"),
            StepKind.Start => ("Container", "Started"),
            StepKind.Restart => ("Container", "Started"),
            StepKind.Keep => ("Container", step.Old is { State.IsUp: true } ? "Running" : "Created"),
            StepKind.Stop => ("Container", "Stopped"),
            StepKind.Kill => ("Container", "Killed"),
            StepKind.Pause => ("Container", "Paused"),
            StepKind.Unpause => ("Container", "Unpaused"),
            StepKind.Remove => ("Container", "Removed"),
            StepKind.RemoveNetwork => ("Network", "Removed"),
            StepKind.RemoveVolume => ("Volume", "Removed"),
            StepKind.RemoveImage => ("Image", "Removed"),
            StepKind.Pull => ("Image", "Pulled"),
            _ => ("Image", "Built"),
        };
        Done($"{what} {step.Subject}", how);
    }
}
