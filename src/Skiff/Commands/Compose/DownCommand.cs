using Skiff.CommandLine;
using Skiff.Compose;
using Skiff.Compose.Loading;
using Skiff.Compose.Planning;
using Skiff.Engine.Network;
using Skiff.Engine.Volumes;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary><c>skiff compose down</c>.</summary>
internal static class DownCommand
{
    public static Command Define() =>
        new()
        {
            Name = "down",
            Summary = "Stop and remove the containers and networks of the project",
            Usage = "[OPTIONS] [SERVICE...]",
            Flags =
            [
                ComposeGroup.OwnDryRun,
                Flag.Bool("remove-orphans", "Remove containers of services that the file has no more"),
                Flag.Text("rmi", "Remove images too: all, or local for those without a name of their own") with
                {
                    Choices = ["all", "local"],
                },
                Flag.Number("timeout", "Seconds to wait before SIGKILL", 't'),
                Flag.Bool("volumes", "Remove the project's volumes and anonymous volumes too", 'v'),
            ],
            Completes = [Completion.Service],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        if (invocation.Value("rmi") is { } images and not ("all" or "local"))
        {
            throw invocation.Usage($"--rmi {images}: all or local is expected", 1);
        }
        Project? project = TryLoad(invocation);
        ObservedProject observed = ComposeAccess.Observe(invocation, project?.Name);
        bool some = invocation.Arguments.Count > 0;
        bool orphans = invocation.Is("remove-orphans") || project is null;
        IReadOnlyList<ObservedContainer> containers =
        [
            .. observed.Of(invocation.Arguments, invocation, oneOff: true).Where(c => orphans || c.IsOneOff || Knows(project!, c.Service)),
        ];
        ContainerMaker maker = new(invocation, project ?? Nothing(observed.Name), containers)
        {
            Timeout = invocation.Has("timeout") ? invocation.Number("timeout") : null,
        };
        ComposeProgress progress = new(invocation);
        bool volumes = invocation.Is("volumes");
        if (invocation.Is("dry-run"))
        {
            foreach (Step step in DownPlanner.Plan(containers, StepKind.Remove, static _ => ""))
            {
                progress.Done("Container " + step.Subject, "Would be removed");
            }
            return 0;
        }
        new StepRunner(
            invocation,
            (engine, step) =>
            {
                maker.Stop(engine, step.Old!);
                ContainerMaker.Remove(engine, step.Old!, volumes);
            },
            progress.Done
        ).Run(observed.Engine, DownPlanner.Plan(containers, StepKind.Remove, static _ => ""));
        if (!some)
        {
            Networks(invocation, observed, progress);
            ProjectResources.RemoveFiles(observed.Engine, observed.Name);
            if (volumes)
            {
                Volumes(invocation, observed, progress);
            }
        }
        if (invocation.Value("rmi") is { } which && project is not null)
        {
            Images(invocation, observed, project, which, progress);
        }
        return 0;
    }

    /// <summary>With <c>-p</c> the files may be missing, or be those of another project.</summary>
    private static Project? TryLoad(Invocation invocation)
    {
        LoadRequest request = ComposeAccess.Request(invocation) with { Profiles = ["*"], KeepsUnused = true };
        try
        {
            return ProjectLoader.Load(request);
        }
        catch (SkiffException) when (request.Name is not null && request.Files.Count == 0)
        {
            return null;
        }
    }

    private static Project Nothing(string name) =>
        new(Skiff.Compose.Yaml.Node.Map())
        {
            Name = name,
            Directory = "/",
            Files = [],
            EnvFiles = [],
            Variable = static _ => null,
        };

    private static bool Knows(Project project, string service) =>
        project.Find(service) is not null || project.Disabled.Any(d => d.Name == service);

    private static void Networks(Invocation invocation, ObservedProject observed, ComposeProgress progress)
    {
        foreach (NetworkDefinition network in ProjectResources.Networks(observed.Engine, observed.Name))
        {
            try
            {
                observed.Engine.Networks.Remove(network, id => observed.Engine.Containers.TryLoad(id)?.Name, static () => { });
                progress.Done($"Network {network.Name}", "Removed");
            }
            catch (SkiffException e)
            {
                invocation.Output.Warn(e.Message);
            }
        }
    }

    private static void Volumes(Invocation invocation, ObservedProject observed, ComposeProgress progress)
    {
        foreach (Volume volume in ProjectResources.Volumes(observed.Engine, observed.Name))
        {
            string[] users = [.. VolumeUsers.Read(observed.Engine.Containers).Of(volume.Name).Select(static c => c.Name)];
            if (users.Length > 0)
            {
                invocation.Output.Warn($"the volume {volume.Name} stays: it is in use by {string.Join(", ", users)}");
                continue;
            }
            _ = observed.Engine.Volumes.Remove(volume.Name, static () => null);
            progress.Done($"Volume {volume.Name}", "Removed");
        }
    }

    private static void Images(Invocation invocation, ObservedProject observed, Project project, string which, ComposeProgress progress)
    {
        ImageStore images = observed.Engine.Images;
        foreach (
            string name in project.Services.Where(s => which == "all" || s.Node["image"] is null).Select(static s => s.Image).Distinct()
        )
        {
            if (images.Find(name) is null)
            {
                continue;
            }
            int code = ComposeAccess.Delegate(invocation, "rmi", name);
            if (code == 0)
            {
                progress.Done($"Image {name}", "Removed");
            }
        }
    }
}
