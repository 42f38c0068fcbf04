using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Transfer;

/// <summary>Users and groups as a container counts them and as the host does. They differ where files are reached through the mounts of a running container with a user namespace of its own; in the store, files have the container's.</summary>
internal sealed class ContainerIds
{
    private const uint Nobody = 65534; // what the kernel shows for an id without a number, /proc/sys/kernel/overflowuid

    private readonly IReadOnlyList<IdRange> _users;
    private readonly IReadOnlyList<IdRange> _groups;

    private ContainerIds(IReadOnlyList<IdRange> users, IReadOnlyList<IdRange> groups)
    {
        _users = users;
        _groups = groups;
    }

    /// <summary>Reads the maps of the first process, user_namespaces(7).</summary>
    internal static ContainerIds Of(ContainerRecord record, ContainerState state) =>
        // An ordinary user's store has the owners as the user's namespace counts them.
        RootlessUser.Current
            is not null
        && record.UidMap.Count > 0
            ? new ContainerIds(Ranges(record.UidMap), Ranges(record.GidMap))
        : state.IsUp && !SharesUsers(state.Process.Pid)
            ? new ContainerIds(Read($"/proc/{state.Process.Pid}/uid_map"), Read($"/proc/{state.Process.Pid}/gid_map"))
        : new ContainerIds([], []);

    /// <summary>Its map says who the users are outside of the namespace that an ordinary user's engine is in as well.</summary>
    private static bool SharesUsers(int pid) =>
        RootlessUser.Current is not null
        && Files.TryReadLink($"/proc/{pid}/ns/user", out _) == Files.TryReadLink("/proc/self/ns/user", out _);

    /// <summary>An owner in the container, as the host counts.</summary>
    internal (uint Uid, uint Gid) ToHost((uint Uid, uint Gid) owner) => (Outside(_users, owner.Uid), Outside(_groups, owner.Gid));

    /// <summary>An owner on the host, as the container counts.</summary>
    internal (uint Uid, uint Gid) ToContainer((uint Uid, uint Gid) owner) => (Inside(_users, owner.Uid), Inside(_groups, owner.Gid));

    /// <summary>Runs what makes files in the container. With maps the maker must be somebody there, or the kernel has no number for the files: the thread becomes the container's root for files.</summary>
    internal void Making(Action work)
    {
        if (_users.Count == 0)
        {
            work();
            return;
        }
        OwnThread.Run(() =>
        {
            (uint uid, uint gid) = ToHost((0, 0));
            FileSystemUser.Become(uid, gid);
            work();
        });
    }

    /// <summary>Parses a map; the one that changes nothing is empty.</summary>
    internal static IReadOnlyList<IdRange> Parse(string text)
    {
        List<IdRange> ranges = [];
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (
                words.Length == 3
                && uint.TryParse(words[0], out uint inside)
                && uint.TryParse(words[1], out uint outside)
                && uint.TryParse(words[2], out uint count)
            )
            {
                ranges.Add(new IdRange(inside, outside, count));
            }
        }
        return ranges is [{ Inside: 0, Outside: 0, Count: uint.MaxValue }] ? [] : ranges;
    }

    private static List<IdRange> Ranges(IReadOnlyList<string> map)
    {
        List<IdRange> ranges = [];
        foreach (string text in map)
        {
            IdMapping mapping = IdMapGrammar.Parse("uidmap", text);
            ranges.Add(new IdRange(mapping.ContainerId, mapping.HostId, mapping.Size));
        }
        return ranges;
    }

    private static IReadOnlyList<IdRange> Read(string path) => Parse(Files.TryReadText(path, out _) ?? "");

    private static uint Outside(IReadOnlyList<IdRange> map, uint id)
    {
        foreach (IdRange range in map)
        {
            if (id >= range.Inside && id - range.Inside < range.Count)
            {
                return range.Outside + (id - range.Inside);
            }
        }
        // a number that the container does not have: its root, so that the copy can be made at all
        return map.Count == 0 ? id
            : id == 0 ? map[0].Outside
            : Outside(map, 0);
    }

    private static uint Inside(IReadOnlyList<IdRange> map, uint id)
    {
        foreach (IdRange range in map)
        {
            if (id >= range.Outside && id - range.Outside < range.Count)
            {
                return range.Inside + (id - range.Outside);
            }
        }
        return map.Count == 0 ? id : Nobody;
    }
}
