using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Compose;
using Skiff.Compose.Planning;
using Skiff.Engine;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary><c>compose build</c> and <c>compose pull</c>.</summary>
internal static class ImageVerbs
{
    public static Command DefineBuild() =>
        new()
        {
            Name = "build",
            Summary = "Build the images of services",
            Usage = "[OPTIONS] [SERVICE...]",
            Flags =
            [
                Flag.List("build-arg", "Set the value of an ARG: NAME=value, or NAME to take it from the caller"),
                Flag.Text("memory", "Memory limit of RUN", 'm', "bytes"),
                Flag.Bool("no-cache", "Use nothing that was built before"),
                Flag.Bool("pull", "Ask the registry for newer base images"),
                Flag.Bool("quiet", "Print the images' ids, and nothing else", 'q'),
                Flag.Text("ssh", "An SSH agent for RUN --mount=type=ssh: default, or NAME=SOCKET"),
                Flag.Bool("with-dependencies", "Build the images of what the services depend on too"),
            ],
            Completes = [Completion.Service],
            Run = Build,
        };

    public static Command DefinePull() =>
        new()
        {
            Name = "pull",
            Summary = "Pull the images of services",
            Usage = "[OPTIONS] [SERVICE...]",
            Flags =
            [
                Flag.Bool("ignore-buildable", "Not those that can be built"),
                Flag.Bool("ignore-pull-failures", "Go on after a failure"),
                Flag.Bool("include-deps", "Those of what the services depend on too"),
                Flag.Text("policy", "When to pull: missing or always") with
                {
                    Choices = ["missing", "always"],
                },
                Flag.Bool("quiet", "Show no progress", 'q'),
            ],
            Completes = [Completion.Service],
            Run = Pull,
        };

    private static int Build(Invocation invocation)
    {
        Project project = ComposeAccess.LoadToRun(invocation, invocation.Arguments);
        _ = ContainerAccess.Open(invocation);
        Project part = ProjectSelection.With(project, invocation.Arguments, invocation.Is("with-dependencies"));
        List<string> further = [];
        foreach ((Flag flag, string value) in invocation.Given)
        {
            if (flag.Name is "build-arg" or "memory" or "no-cache" or "pull" or "quiet" or "ssh")
            {
                further.Add($"--{flag.Name}={value}");
            }
        }
        List<Step> steps = [];
        foreach (ComposeService service in part.Services.Where(static s => s.IsBuilt))
        {
            steps.Add(new Step(steps.Count, StepKind.Build, service.Image, "", []) { Service = service });
        }
        if (steps.Count == 0)
        {
            invocation.Output.Warn("no service has a build section");
        }
        ComposeProgress progress = new(invocation);
        foreach (Step step in ServiceImages.Ordered(steps, project))
        {
            ServiceBuild.Run(invocation, project, step.Service!, further);
            progress.Done(step);
        }
        return 0;
    }

    private static int Pull(Invocation invocation)
    {
        Project project = ComposeAccess.LoadToRun(invocation, invocation.Arguments);
        SkiffEngine engine = ContainerAccess.Open(invocation);
        Project part = ProjectSelection.With(project, invocation.Arguments, invocation.Is("include-deps"));
        ComposeProgress progress = new(invocation);
        int code = 0;
        HashSet<string> seen = [];
        foreach (ComposeService service in part.Services)
        {
            bool skipped =
                service.Node["image"] is null
                || (service.IsBuilt && invocation.Is("ignore-buildable"))
                || service.Node.TextOf("pull_policy") is "never" or "build";
            string policy = invocation.Value("policy") ?? "always";
            if (skipped || (policy == "missing" && engine.Images.Find(service.Image) is not null) || !seen.Add(service.Image))
            {
                continue;
            }
            try
            {
                ServiceImages.Pull(invocation, engine, service);
                progress.Done($"Image {service.Image}", "Pulled");
            }
            catch (SkiffException e) when (invocation.Is("ignore-pull-failures") || service.IsBuilt)
            {
                invocation.Output.Warn(e.Message);
            }
        }
        return code;
    }
}
