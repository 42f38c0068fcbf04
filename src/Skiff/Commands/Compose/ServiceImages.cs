using Skiff.CommandLine;
using Skiff.Compose;
using Skiff.Compose.Planning;
using Skiff.Engine;
using Skiff.Engine.Spec;
using Skiff.Images;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary>Fetches and builds the images of services.</summary>
internal static class ServiceImages
{
    /// <summary>Does the steps, one after the other: each uses the machine as well as it can.</summary>
    public static void Get(Invocation invocation, SkiffEngine engine, Project project, IReadOnlyList<Step> steps, ComposeProgress progress)
    {
        foreach (Step step in Ordered(steps, project))
        {
            ComposeService service = step.Service!;
            if (step.Kind == StepKind.Build)
            {
                if (invocation.Is("no-build"))
                {
                    throw new SkiffException($"No such image: {service.Image} (--no-build: it is not built)", 125);
                }
                List<string> further = [.. invocation.Is("quiet-build") ? (string[])["--quiet"] : []];
                ServiceBuild.Run(invocation, project, service, further);
            }
            else
            {
                Pull(invocation, engine, service);
            }
            progress.Done(step);
        }
    }

    /// <summary>Fetches one image.</summary>
    public static void Pull(Invocation invocation, SkiffEngine engine, ComposeService service)
    {
        PullRequest request = PullRequest.From(invocation) with
        {
            Platform = service.Node.TextOf("platform") is { Length: > 0 } platform ? Platform.Parse(platform) : null,
            Quiet = invocation.Is("quiet-pull") || invocation.Is("quiet") || invocation.Value("progress") == "quiet",
        };
        _ = PullImage.Ensure(engine.Images, service.Image, PullPolicy.Always, request, invocation.Output);
    }

    /// <summary>An image that another build takes as its context is built first.</summary>
    public static IEnumerable<Step> Ordered(IReadOnlyList<Step> steps, Project project)
    {
        List<Step> left = [.. steps];
        while (left.Count > 0)
        {
            Step next =
                left.Find(s => !left.Exists(o => o != s && Needs(s.Service!).Contains(o.Service!.Name)))
                ?? throw new SkiffException(
                    $"the builds of {string.Join(", ", left.Select(static s => s.Service!.Name))} need each other in a circle"
                );
            left.Remove(next);
            yield return next;
        }

        IEnumerable<string> Needs(ComposeService service) =>
            (service.Node["build"]?.EntriesOf("additional_contexts") ?? [])
                .Where(static e => e.Value.Text.StartsWith("service:", StringComparison.Ordinal))
                .Select(static e => e.Value.Text[8..])
                .Where(name => project.Find(name) is not null);
    }
}
