using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using Skiff.Linux.Mounts;

namespace Skiff.Engine.Launch;

/// <summary>The mounts that a user asked for, as inspect shows them.</summary>
internal static class MountRecords
{
    internal static IReadOnlyList<MountRecord> Of(SpecResult result)
    {
        List<MountRecord> records = [];
        foreach (MountSpec mount in result.Spec.Mounts)
        {
            if (!mount.IsBind || mount.Destination is "/etc/resolv.conf" or "/etc/hosts" or "/etc/hostname")
            {
                continue;
            }
            VolumeUse? volume = null;
            foreach (VolumeUse use in result.Volumes)
            {
                volume = use.Target == mount.Destination ? use : volume;
            }
            MountOptions options = MountOptions.Parse(mount.Options);
            string propagation = options.Propagation switch
            {
                var p when (p & MountApi.MS_SHARED) != 0 => "rshared",
                var p when (p & MountApi.MS_SLAVE) != 0 => "rslave",
                _ => "rprivate",
            };
            records.Add(
                new MountRecord(
                    volume is null ? "bind" : "volume",
                    volume?.Name ?? "",
                    mount.Source ?? "",
                    mount.Destination,
                    options.ReadOnly ? "ro" : "",
                    !options.ReadOnly,
                    propagation
                )
            );
        }
        return records;
    }
}
