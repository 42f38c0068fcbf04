using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>Other containers that a new one shares namespaces or volumes with.</summary>
public static class PeerLookup
{
    /// <summary>The running container <paramref name="name"/>.</summary>
    internal static PeerContainer Find(SkiffEngine engine, string name)
    {
        ContainerRecord record = engine.Containers.Find(name, 125);
        ContainerState? state = engine.Reconciler.Check(record);
        if (state is { IsUp: true })
        {
            StartedProcess.Await(record, state);
        }
        return state is { IsUp: true }
            ? new PeerContainer(state.Process.Pid, record.ShortId, $"/proc/{state.Process.Pid}/root/dev/shm", record.UidMap.Count > 0)
            : throw new SkiffException($"the container {name} is not running, so its namespaces cannot be joined: start it first", 125);
    }

    /// <summary>Whether processes of another container see this one's from their first instant (<c>--pid container:NAME</c>): whoever starts one must not be reachable as a file, see <see cref="Skiff.Linux.Spawning.ReadOnlySelf"/>.</summary>
    public static bool SharesPids(RunOptions options) => options.Pid.Kind is NamespaceKind.Container or NamespaceKind.Path;

    /// <summary>The same from a record, without reading all its options.</summary>
    public static bool SharesPids(ContainerRecord record) =>
        record.Options.Span.IndexOf("\"pid\":\"container:"u8) >= 0 || record.Options.Span.IndexOf("\"pid\":\"ns:"u8) >= 0;

    /// <summary>Leaves word for those who enter the container whose process ids are shared.</summary>
    internal static void TellShared(SkiffEngine engine, RunOptions options)
    {
        if (options.Pid.Kind == NamespaceKind.Container && engine.Containers.TryFind(options.Pid.Target, 125) is { } peer)
        {
            Files.Replace(engine.Paths.SharedPids(peer.Id), []);
        }
    }
}
