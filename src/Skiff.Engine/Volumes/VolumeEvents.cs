using Skiff.Engine.Containers;
using Skiff.Engine.Events;

namespace Skiff.Engine.Volumes;

/// <summary>What a container's start and end mean for its volumes, in docker's events.</summary>
internal static class VolumeEvents
{
    internal static void Mounted(EventLog log, ContainerRecord record)
    {
        foreach (MountRecord mount in record.Mounts)
        {
            if (mount.Type == "volume")
            {
                log.Write(
                    EventType.Volume,
                    "mount",
                    mount.Name,
                    ("container", record.Id),
                    ("destination", mount.Destination),
                    ("driver", "local"),
                    ("propagation", mount.Propagation),
                    ("read/write", mount.ReadWrite ? "true" : "false")
                );
            }
        }
    }

    internal static void Unmounted(EventLog log, ContainerRecord record)
    {
        foreach (MountRecord mount in record.Mounts)
        {
            if (mount.Type == "volume")
            {
                log.Write(EventType.Volume, "unmount", mount.Name, ("container", record.Id), ("driver", "local"));
            }
        }
    }
}
