using Skiff.Engine.Containers;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Cgroups;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>Gives a container other limits or another restart policy: at once where it runs, and for its next start.</summary>
public static class ContainerUpdate
{
    /// <summary>Applies the changes. What the kernel refuses is taken back; nothing is recorded that was not done.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="id">The container's full id.</param>
    /// <param name="changes">Flags of <c>update</c>.</param>
    /// <exception cref="SkiffException">A value is wrong, contradicts what the container has, or is refused by the kernel.</exception>
    public static void Apply(SkiffEngine engine, string id, IReadOnlyList<NameValue> changes)
    {
        using FileLock? gate = engine.Containers.Lock(id);
        if (gate is null || engine.Containers.TryLoad(id) is not { } record)
        {
            throw new SkiffException($"No such container: {id}", 1);
        }
        RunOptions before = ContainerPreparation.OptionsOf(record);
        RunOptions after = RunOptionsChange.Apply(before, changes, HostFacts.LimitsSwap());
        ResourcesSpec limits = SpecBuilder.Limits(after, HostFacts.Read(after));
        Resources wanted = KernelResources.Of(limits);
        CgroupLayout layout = HostCgroups.Detect();
        _ = Cgroup.Plan(layout, "/skiff", id, wanted); // checks everything and changes nothing
        ContainerState state = engine.Containers.LoadState(id);
        if (state.IsUp && engine.Reconciler.Liveness.IsAlive(state.Process))
        {
            Cgroup cgroup = ContainerCgroup.Of(layout, record, state);
            Live(cgroup, KernelResources.Of(SpecBuilder.Limits(before, HostFacts.Read(before))), wanted);
            if (after.Memory is not null)
            {
                Monitoring.MonitorSleep.End(engine, state); // what exceeds a limit is an event at once
            }
        }
        SaveSpec(engine, id, limits);
        // Last: a command that dies before this line has changed a living container only, and can be repeated.
        ContainerRecord updated = record with
        {
            Options = ContainerPreparation.OptionBytes(after),
            RestartPolicy = after.Restart,
        };
        engine.Containers.SaveRecord(updated);
        engine.Events.Container(updated, "update");
    }

    private static void Live(Cgroup cgroup, Resources old, Resources wanted)
    {
        try
        {
            Run(cgroup.Update(wanted.Since(old)));
        }
        catch (Exception e) when (e is SkiffException or LinuxException)
        {
            try
            {
                Run(cgroup.Update(old.Since(wanted).OrUnlimited(wanted.Since(old))));
            }
            catch (Exception again) when (again is SkiffException or LinuxException)
            {
                // the first refusal is what the user must see
            }
            throw;
        }
    }

    private static void Run(IReadOnlyList<HostAction> actions)
    {
        foreach (HostAction action in actions)
        {
            action.Run();
        }
    }

    /// <summary>config.json is made anew at every start; until then it shows the limits as they are.</summary>
    private static void SaveSpec(SkiffEngine engine, string id, ResourcesSpec limits)
    {
        if (engine.Containers.ReadConfig(id, out _) is { } bytes)
        {
            RuntimeSpec spec = RuntimeSpecReader.Parse(bytes);
            spec = spec with { Linux = spec.Linux with { Resources = limits with { Devices = spec.Linux.Resources.Devices } } };
            Files.Replace(engine.Paths.Config(id), RuntimeSpecWriter.ToBytes(spec).Span);
        }
    }
}
