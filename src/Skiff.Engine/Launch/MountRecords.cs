using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using Skiff.Linux.Mounts;

namespace Skiff.Engine.Launch;

/// <summary>The mounts that a user asked for, as inspect shows them.</summary>
internal static class MountRecords
{
    /// <summary>One for each.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="result">What was made of the options.</param>
    /// <param name="inherited">The mounts of other containers that were offered.</param>
    internal static IReadOnlyList<MountRecord> Of(SkiffEngine engine, SpecResult result, ValueList<ContainerMount> inherited)
    {
        List<MountRecord> records = [];
        foreach (AskedMount asked in result.Asked)
        {
            // As docker: a memory file system of --tmpfs is no mount of inspect, one of --mount is.
            if (asked.Mount.Syntax != MountSyntax.Tmpfs)
            {
                MountRecord record = One(engine, asked);
                records.Add(Contains(inherited, asked.Mount) ? record with { Inherited = true } : record);
            }
        }
        return records;
    }

    private static bool Contains(ValueList<ContainerMount> inherited, ContainerMount mount)
    {
        foreach (ContainerMount one in inherited)
        {
            if (ReferenceEquals(one, mount))
            {
                return true;
            }
        }
        return false;
    }

    private static MountRecord One(SkiffEngine engine, AskedMount asked)
    {
        ContainerMount mount = asked.Mount;
        MountOptions options = MountOptions.Parse(asked.Spec.Options);
        bool readOnly = options.ReadOnly;
        string source = mount.Type switch
        {
            MountType.Bind => mount.Source,
            MountType.Volume => asked.Spec.Type == "overlay" ? engine.Paths.VolumeData(asked.Volume!.Name) : asked.Spec.Source ?? "",
            MountType.Image => engine.Images.Find(mount.Source)?.Id.ToString() ?? mount.Source,
            _ => "",
        };
        string propagation = options.Propagation switch
        {
            _ when mount.Type != MountType.Bind && mount.Propagation == Propagation.Default => "",
            var p when (p & MountApi.MS_SHARED) != 0 => (p & MountApi.MS_REC) != 0 ? "rshared" : "shared",
            var p when (p & MountApi.MS_SLAVE) != 0 => (p & MountApi.MS_REC) != 0 ? "rslave" : "slave",
            var p => (p & MountApi.MS_REC) != 0 ? "rprivate" : "private",
        };
        return new MountRecord(
            mount.Type.ToString().ToLowerInvariant(),
            asked.Volume?.Name ?? (mount.Type == MountType.Image ? mount.Source : ""),
            source,
            mount.Target,
            Mode(mount, readOnly),
            !readOnly,
            propagation
        );
    }

    /// <summary>The options of <c>-v</c> that docker shows: access and relabelling.</summary>
    private static string Mode(ContainerMount mount, bool readOnly)
    {
        string relabel = mount.Relabel switch
        {
            Relabel.Shared => "z",
            Relabel.Private => "Z",
            _ => "",
        };
        return !readOnly ? relabel
            : relabel.Length == 0 ? "ro"
            : "ro," + relabel;
    }
}
