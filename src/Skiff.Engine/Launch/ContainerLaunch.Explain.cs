using System.Diagnostics;
using Skiff.Engine.Names;
using Skiff.Engine.Network;
using Skiff.Engine.Plan;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Launch;

public sealed partial class ContainerLaunch
{
    private const int DryConsole = -3;
    private const int DryJoined = -10;
    private const int DryCgroup = -200;
    private long _runningSince;

    /// <summary>Begin and end of each of the host's moments when traced, CLOCK_MONOTONIC in nanoseconds.</summary>
    public Dictionary<HostMoment, (long Begin, long End)> HostTimes { get; } = [];

    /// <summary>The whole plan of a launch, with placeholders for what only a real one knows. It needs no rights, changes nothing and runs nothing.</summary>
    public static LaunchPlan Explain(SkiffEngine engine, PreparedContainer container, LaunchWishes wishes)
    {
        using ContainerLaunch launch = new(engine, container, wishes);
        RuntimeSpec spec = container.Result.Spec;
        CgroupLayout layout = HostCgroups.Detect();
        CgroupPlan cgroup = launch.PlanCgroup(layout, spec);
        ContainerNetworks? network = launch.Example();
        List<(string, string, int)> joined = [];
        foreach (NamespaceSpec item in spec.Linux.Namespaces)
        {
            if (item.Path is { } path)
            {
                joined.Add((item.Type, path, DryJoined - joined.Count));
            }
        }
        bool ownUsers = LentMounts.OwnUserNamespace(spec);
        using LentMounts? lent = LentMounts.Plan(engine, container, Layers(container));
        bool early = Conception.NamespacesOf(container.Options) is { } namespaces && CanBecome(engine, container, namespaces);
        byte[]? processors = ProcessorMask.OfThisProcess();
        using HeadStart? ahead =
            early && processors is not null && RootlessUser.Current is null
                ? HeadStart.Example(Conception.NamespacesOf(container.Options)!.Value)
                : null;
        LaunchInput input = launch.Input(spec, layout, cgroup) with
        {
            BornEarly = early,
            Ahead = ahead,
            Processors = processors,
            ListsLayers = KernelVersion.IsAtLeast(6, 5),
            MountsOnDetached = KernelVersion.IsAtLeast(6, 15),
            ConsoleSocket = DryConsole,
            Network = network?.ContainerMessages ?? (spec.Linux.Namespace("network") is { Path: null } ? BridgeLease.LoopbackOnly : []),
            HasCable = network is not null,
            WaitsForHost = network is not null || wishes.Monitor is not null || PastaNetwork.Serves(container.Options),
            Joined = joined.FindAll(j => !IsJoinedBefore(j.Item1, ownUsers)),
            JoinedBefore = joined.FindAll(j => IsJoinedBefore(j.Item1, ownUsers)),
            CgroupDescriptors = ownUsers ? DryCgroupFiles(cgroup) : [],
            Lent = lent?.Describe(),
            Story = launch.Story(network),
        };
        return LaunchPlanner.Make(launch.WithSecrets(input, planned: true), null);
    }

    /// <summary>The leases that the first container of a host would get; null without a bridge.</summary>
    private ContainerNetworks? Example() => NetworkLaunch.Example(_engine, _container);

    private LaunchStory Story(ContainerNetworks? network)
    {
        LaunchFiles files = new(_engine.Paths, _container.Record, _container.Options);
        return new LaunchStory
        {
            Image = _container.Image is { } image ? files.Image(image) : [],
            Files = files.Made(),
            SharedNetwork = network is null ? [] : [.. network.SharedActions, .. network.Leases.SelectMany(files.Leased)],
            Network =
                network is not null ? [.. network.HostActions(0), .. network.HasNames ? NameSockets.Example : [], .. network.LateActions]
                : PastaNetwork.Serves(_container.Options)
                    ? PastaNetwork.Describe(
                        _engine.Paths,
                        _container.Record.Id,
                        PastaNetwork.Ports(_engine.Paths, NetworkLaunch.Ports(_container))
                    )
                : [],
            CleanUp = [.. network?.EndActions ?? [], .. files.Removed(network)],
            Volumes = _engine.Paths.Volumes,
        };
    }

    private static List<(string, int)> DryCgroupFiles(CgroupPlan cgroup)
    {
        List<(string, int)> files = [];
        foreach (string path in cgroup.JoinFiles)
        {
            files.Add((path, DryCgroup - files.Count));
        }
        return files;
    }

    private long Clock() => _wishes.Traced ? Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency) : 0;

    private void Timed(HostMoment moment, long begin)
    {
        if (_wishes.Traced)
        {
            HostTimes[moment] = (begin, Clock());
        }
    }
}
