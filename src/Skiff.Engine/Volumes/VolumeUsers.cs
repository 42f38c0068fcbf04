using Skiff.Engine.Containers;

namespace Skiff.Engine.Volumes;

/// <summary>Which containers use which volumes, by their records.</summary>
public sealed class VolumeUsers
{
    private readonly Dictionary<string, List<ContainerRecord>> _users = new(StringComparer.Ordinal);

    private VolumeUsers() { }

    /// <summary>Reads the records of all containers.</summary>
    /// <param name="containers">The containers.</param>
    /// <param name="except">Id of a container that does not count, because it is going.</param>
    public static VolumeUsers Read(ContainerStore containers, string except = "")
    {
        VolumeUsers users = new();
        foreach (ContainerRecord record in containers.List())
        {
            foreach (MountRecord mount in record.Mounts)
            {
                if (mount.Type == "volume" && record.Id != except)
                {
                    users.Add(mount.Name, record);
                }
            }
        }
        return users;
    }

    /// <summary>The containers that use a volume, running or not.</summary>
    public IReadOnlyList<ContainerRecord> Of(string volume) => _users.TryGetValue(volume, out List<ContainerRecord>? list) ? list : [];

    /// <summary>Why the volume cannot be removed, naming those that use it; null when nobody does.</summary>
    public string? Refusal(string volume)
    {
        IReadOnlyList<ContainerRecord> list = Of(volume);
        return list.Count == 0
            ? null
            : $"the volume {volume} is in use by {string.Join(", ", list.Select(static r => $"{r.Name} ({r.ShortId})"))}: remove {(list.Count == 1 ? "that container" : "those containers")} first";
    }

    private void Add(string volume, ContainerRecord record)
    {
        if (!_users.TryGetValue(volume, out List<ContainerRecord>? list))
        {
            _users[volume] = list = [];
        }
        if (!list.Contains(record))
        {
            list.Add(record);
        }
    }
}
