using System.Globalization;
using Skiff.Compose.Yaml;
using Skiff.Engine.Containers;

namespace Skiff.Compose.Planning;

/// <summary>From what is wanted and what is there to the steps of <c>up</c>: a pure function, which <c>explain</c> prints and <c>up</c> executes.</summary>
public sealed class UpPlanner
{
    private readonly UpRequest _request;
    private readonly Project _part;
    private readonly List<Step> _steps = [];
    private readonly List<int> _shared = [];
    private readonly Dictionary<string, List<int>> _ofService = [];
    private readonly Dictionary<string, int> _waits = [];
    private readonly HashSet<string> _renewed = [];

    private UpPlanner(UpRequest request)
    {
        _request = request;
        _part = ProjectSelection.With(request.Project, request.Named, !request.NoDependencies);
    }

    /// <summary>The services that the plan is about, in the order of their starts.</summary>
    public static IReadOnlyList<ComposeService> Services(UpRequest request) =>
        ServiceOrder.Of(ProjectSelection.With(request.Project, request.Named, !request.NoDependencies).Services);

    /// <summary>The steps; those that no other one precedes may be done at once.</summary>
    public static IReadOnlyList<Step> Plan(UpRequest request)
    {
        UpPlanner planner = new(request);
        planner.Run();
        return planner._steps;
    }

    /// <summary>The images that are fetched or built before, with the reasons.</summary>
    public static IReadOnlyList<Step> Images(UpRequest request)
    {
        List<Step> steps = [];
        foreach (ComposeService service in Services(request))
        {
            (StepKind Kind, string Why)? need = Need(request, service);
            if (need is { } found && !steps.Exists(s => s.Subject == service.Image && s.Kind == found.Kind))
            {
                steps.Add(new Step(steps.Count, found.Kind, service.Image, found.Why, []) { Service = service });
            }
        }
        return steps;
    }

    private static (StepKind, string)? Need(UpRequest request, ComposeService service)
    {
        string policy = request.Pull ?? service.Node.TextOf("pull_policy") ?? "missing";
        bool here = request.ImageId(service.Image) is not null;
        if (service.IsBuilt)
        {
            return request.Build ? (StepKind.Build, "--build")
                : policy == "build" ? (StepKind.Build, "pull_policy is build")
                : policy == "always" && service.Node["image"] is not null ? (StepKind.Pull, "the pull policy is always")
                : here ? null
                : (StepKind.Build, "the image is not here");
        }
        return policy switch
        {
            "always" or "newer" or "refresh" => (StepKind.Pull, $"the pull policy is {policy}"),
            "daily" or "weekly" => (StepKind.Pull, $"the pull policy is {policy}"),
            _ when policy.StartsWith("every_", StringComparison.Ordinal) => (StepKind.Pull, $"the pull policy is {policy}"),
            "never" => null,
            _ => here ? null : (StepKind.Pull, "the image is not here"),
        };
    }

    private void Run()
    {
        Resources("networks", StepKind.CreateNetwork, _request.Networks);
        Resources("volumes", StepKind.CreateVolume, _request.Volumes);
        foreach (ComposeService service in ServiceOrder.Of(_part.Services))
        {
            Converge(service);
        }
        Orphans();
    }

    private void Resources(string kind, StepKind step, IReadOnlySet<string> existing)
    {
        foreach ((string key, Node node) in _part.Root.EntriesOf(kind))
        {
            string name = node.TextOf("name") ?? key;
            if (!node.Is("external") && !existing.Contains(name) && !(kind == "networks" && IsBuiltIn(name)))
            {
                string users = string.Join(", ", _part.Services.Where(s => Uses(s, kind, key)).Select(static s => s.Name));
                _shared.Add(Add(step, name, $"used by {users}", []));
                _steps[^1] = _steps[^1] with { Resource = new(key, node) };
            }
        }
    }

    private static bool IsBuiltIn(string name) => name is "bridge" or "host" or "none";

    private static bool Uses(ComposeService service, string kind, string key) =>
        kind == "networks"
            ? service.Node["networks"]?[key] is not null
            : service.Node.ItemsOf("volumes").Any(v => v.TextOf("source") == key);

    private void Converge(ComposeService service)
    {
        int scale = _request.Scale.TryGetValue(service.Name, out int asked) ? asked : service.Scale;
        string hash = ConfigHash.Of(service);
        List<(ObservedContainer Container, string? Why)> there =
        [
            .. _request.Containers.Where(c => c.Service == service.Name && !c.IsOneOff).Select(c => (c, Outdated(service, c, hash))),
        ];
        // Whatever is too much goes: first what is outdated, then the highest numbers.
        List<(ObservedContainer Container, string? Why)> kept =
        [
            .. there
                .OrderBy(static c => c.Why is not null)
                .ThenBy(static c => c.Container.Number)
                .Take(scale)
                .OrderBy(static c => c.Container.Number),
        ];
        bool idle =
            kept.Count == scale
            && kept.TrueForAll(c => c.Why is null && (!_request.Starts || Runs(c.Container)))
            && RestartReason(service) is null;
        List<int> before = idle ? [] : [.. _shared, .. Dependencies(service)];
        List<int> own = [];
        foreach ((ObservedContainer container, string? why) in kept)
        {
            own.Add(One(service, container, why, before));
        }
        HashSet<int> numbers = [.. kept.Select(static c => c.Container.Number)];
        for (int number = 1; kept.Count + (own.Count - kept.Count) < scale; number++)
        {
            if (numbers.Add(number))
            {
                own.Add(
                    Add(
                        StepKind.Create,
                        service.NameOf(number),
                        scale == 1 ? "it is not there" : $"{scale} are wanted",
                        before,
                        service,
                        number
                    )
                );
                _renewed.Add(service.Name);
            }
        }
        foreach ((ObservedContainer container, _) in there.Where(c => !kept.Contains(c)))
        {
            Add(StepKind.Remove, container.Record.Name, $"{scale} of {service.Name} are wanted", [], service, container.Number, container);
        }
        _ofService[service.Name] = own;
    }

    private int One(ComposeService service, ObservedContainer container, string? why, List<int> before)
    {
        if (why is not null)
        {
            _renewed.Add(service.Name);
            return Add(StepKind.Recreate, container.Record.Name, why, before, service, container.Number, container);
        }
        if (!_request.Starts)
        {
            return Add(StepKind.Keep, container.Record.Name, "it is as it should be", [], service, container.Number, container);
        }
        if (!Runs(container))
        {
            return Add(StepKind.Start, container.Record.Name, "it does not run", before, service, container.Number, container);
        }
        string? restart = RestartReason(service);
        return restart is null
            ? Add(StepKind.Keep, container.Record.Name, "it runs as it should", [], service, container.Number, container)
            : Add(StepKind.Restart, container.Record.Name, restart, before, service, container.Number, container);
    }

    private static bool Runs(ObservedContainer container) => container.State.IsUp || container.State.Status == ContainerStatus.Restarting;

    /// <summary>Why the containers of a service that run as they should are restarted all the same; null where they are not.</summary>
    private string? RestartReason(ComposeService service) =>
        service
            .DependsOn.Where(d => d.Restart && _renewed.Contains(d.Service) && WasThere(d.Service))
            .Select(static d => $"{d.Service} is made anew (depends_on: restart)")
            .FirstOrDefault();

    private bool WasThere(string service) => _request.Containers.Any(c => c.Service == service && !c.IsOneOff);

    /// <summary>Why a container cannot stay as it is; null where it can.</summary>
    private string? Outdated(ComposeService service, ObservedContainer container, string hash)
    {
        if (_request.NoRecreate)
        {
            return null;
        }
        bool asked = _request.Named.Count == 0 || _request.Named.Contains(service.Name);
        if (_request.ForceRecreate && asked)
        {
            return "--force-recreate";
        }
        if (_request.AlwaysRecreateDependencies && !asked)
        {
            return "--always-recreate-deps";
        }
        if (container.Label(Labels.Hash) != hash)
        {
            return "its configuration has changed";
        }
        if (_request.ImageId(service.Image) is { } image && container.Record.ImageId != image)
        {
            return $"the image {service.Image} is another one now";
        }
        return Shared(service)
            .Where(other => _renewed.Contains(other) && WasThere(other))
            .Select(static other => $"it shares what belongs to a container of {other}, which is made anew")
            .FirstOrDefault();
    }

    /// <summary>Services whose container this one is tied to: by a namespace, or by volumes.</summary>
    private static IEnumerable<string> Shared(ComposeService service)
    {
        foreach (string key in (string[])["network_mode", "ipc", "pid"])
        {
            if (service.Node.TextOf(key) is { } mode && mode.StartsWith("service:", StringComparison.Ordinal))
            {
                yield return mode[8..];
            }
        }
        foreach (Node from in service.Node.ItemsOf("volumes_from"))
        {
            yield return from.Text.Split(':')[0];
        }
    }

    private List<int> Dependencies(ComposeService service)
    {
        List<int> steps = [];
        foreach (Dependency dependency in service.DependsOn)
        {
            if (!_ofService.TryGetValue(dependency.Service, out List<int>? others))
            {
                continue; // without dependencies, or optional and not active
            }
            if (!_request.Starts || dependency.Condition == DependencyCondition.Started)
            {
                steps.AddRange(others);
                continue;
            }
            bool healthy = dependency.Condition == DependencyCondition.Healthy;
            string key = $"{dependency.Service}:{dependency.Condition}";
            if (!_waits.TryGetValue(key, out int wait))
            {
                string why = $"{service.Name} needs it {(healthy ? "healthy" : "to have ended with code 0")}";
                wait = Add(
                    healthy ? StepKind.AwaitHealthy : StepKind.AwaitCompleted,
                    dependency.Service,
                    why,
                    others,
                    _part.Find(dependency.Service)
                );
                _waits[key] = wait;
            }
            if (!dependency.Required)
            {
                _steps[wait] = _steps[wait] with { IsOptional = true };
            }
            steps.Add(wait);
        }
        return steps;
    }

    private void Orphans()
    {
        if (!_request.RemoveOrphans)
        {
            return;
        }
        foreach (ObservedContainer container in OrphansOf(_request.Project, _request.Containers))
        {
            string why = string.Create(CultureInfo.InvariantCulture, $"the project has no service {container.Service}");
            Add(StepKind.Remove, container.Record.Name, why, [], null, container.Number, container);
        }
    }

    /// <summary>Containers of services that the project does not have any more.</summary>
    public static IEnumerable<ObservedContainer> OrphansOf(Project project, IEnumerable<ObservedContainer> containers) =>
        containers.Where(c => !c.IsOneOff && project.Find(c.Service) is null && !project.Disabled.Any(d => d.Name == c.Service));

    private int Add(
        StepKind kind,
        string subject,
        string why,
        List<int> after,
        ComposeService? service = null,
        int number = 0,
        ObservedContainer? old = null
    )
    {
        _steps.Add(
            new Step(_steps.Count, kind, subject, why, [.. after])
            {
                Service = service,
                Number = number,
                Old = old,
            }
        );
        return _steps.Count - 1;
    }
}
