using static Skiff.Linux.Mounts.MountApi;

namespace Skiff.Linux.Mounts;

/// <summary>The options of one mount, sorted by who takes them: the mount (attributes, propagation), the super block, or the file system itself.
/// Words: mount(8) "filesystem-independent options" and the table of runtime-spec config.md.</summary>
public sealed record MountOptions
{
    /// <summary>MOUNT_ATTR_* to set on this mount.</summary>
    public ulong AttributesSet { get; init; }

    /// <summary>MOUNT_ATTR_* to clear on this mount.</summary>
    public ulong AttributesClear { get; init; }

    /// <summary>MOUNT_ATTR_* to set on this mount and all below it (<c>rro</c>, <c>rnosuid</c>, …).</summary>
    public ulong RecursiveSet { get; init; }

    /// <summary>MOUNT_ATTR_* to clear on this mount and all below it.</summary>
    public ulong RecursiveClear { get; init; }

    /// <summary>MS_SHARED, MS_PRIVATE, MS_SLAVE or MS_UNBINDABLE, with MS_REC for the r-forms; 0 if none is asked for.</summary>
    public uint Propagation { get; init; }

    /// <summary><c>bind</c> or <c>rbind</c>.</summary>
    public bool Bind { get; init; }

    /// <summary><c>rbind</c>: the mounts below the source come too.</summary>
    public bool RecursiveBind { get; init; }

    /// <summary><c>remount</c>.</summary>
    public bool Remount { get; init; }

    /// <summary><c>tmpcopyup</c>: a tmpfs starts with what the image has at its place.</summary>
    public bool CopyUp { get; init; }

    /// <summary><c>idmap</c> or <c>ridmap</c>: mapped as the container's user namespace.</summary>
    public bool Idmap { get; init; }

    /// <summary>Flags of the super block for fsconfig(2), by name: <c>ro sync dirsync mand lazytime</c>.</summary>
    public IReadOnlyList<string> SuperFlags { get; init; } = [];

    /// <summary>What the file system itself understands: <c>mode=1777</c>, <c>size=64m</c>, <c>newinstance</c>.</summary>
    public IReadOnlyList<string> Data { get; init; } = [];

    /// <summary>True if the mount itself is read-only.</summary>
    public bool ReadOnly => ((AttributesSet | RecursiveSet) & MOUNT_ATTR_RDONLY) != 0;

    /// <summary>Reads a comma-separated list: <c>ro,nosuid,mode=755</c>.</summary>
    public static MountOptions Parse(string options) => Parse(options.Split(',', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Sorts options; of contradictory ones the last counts.</summary>
    public static MountOptions Parse(IEnumerable<string> options)
    {
        ulong set = 0;
        ulong clear = 0;
        ulong recursiveSet = 0;
        ulong recursiveClear = 0;
        MountOptions result = new();
        List<string> super = [];
        List<string> data = [];
        foreach (string option in options)
        {
            if (TryAttribute(option, out ulong on, out ulong off))
            {
                (set, clear) = ((set & ~off) | on, (clear & ~(on & ~MOUNT_ATTR__ATIME)) | off);
                // A read-only mount of a new file system is a read-only super block too, as with mount(2).
                _ = super.Remove("ro");
                if ((set & MOUNT_ATTR_RDONLY) != 0)
                {
                    super.Add("ro");
                }
            }
            else if (option.Length > 1 && option[0] == 'r' && TryAttribute(option[1..], out on, out off))
            {
                (recursiveSet, recursiveClear) = ((recursiveSet & ~off) | on, (recursiveClear & ~(on & ~MOUNT_ATTR__ATIME)) | off);
            }
            else if (TryPropagation(option, out uint propagation))
            {
                result = result with { Propagation = propagation };
            }
            else if (option is "sync" or "dirsync" or "mand" or "lazytime" or "silent" or "iversion")
            {
                super.Add(option);
            }
            else
            {
                result = Special(result, option, super, data);
            }
        }
        return result with
        {
            AttributesSet = set,
            AttributesClear = clear,
            RecursiveSet = recursiveSet,
            RecursiveClear = recursiveClear,
            SuperFlags = super,
            Data = data,
        };
    }

    /// <summary>MS_* of <c>shared rslave private …</c>; false for another word.</summary>
    public static bool TryPropagation(string word, out uint propagation)
    {
        propagation = word switch
        {
            "shared" => MS_SHARED,
            "rshared" => MS_SHARED | MS_REC,
            "slave" => MS_SLAVE,
            "rslave" => MS_SLAVE | MS_REC,
            "private" => MS_PRIVATE,
            "rprivate" => MS_PRIVATE | MS_REC,
            "unbindable" => MS_UNBINDABLE,
            "runbindable" => MS_UNBINDABLE | MS_REC,
            _ => 0,
        };
        return propagation != 0;
    }

    private static MountOptions Special(MountOptions result, string option, List<string> super, List<string> data)
    {
        switch (option)
        {
            case "defaults" or "loud" or "norelatime":
                return result;
            case "bind":
                return result with { Bind = true };
            case "rbind":
                return result with { Bind = true, RecursiveBind = true };
            case "remount":
                return result with { Remount = true };
            case "tmpcopyup":
                return result with { CopyUp = true };
            case "notmpcopyup":
                return result with { CopyUp = false };
            case "idmap" or "ridmap":
                return result with { Idmap = true };
            case "async" or "nolazytime" or "nomand" or "noiversion":
                _ = super.Remove(option == "async" ? "sync" : option[2..]);
                return result;
            default:
                data.Add(option);
                return result;
        }
    }

    // The access-time modes are one field: setting one clears the whole mask first.
    private static bool TryAttribute(string word, out ulong on, out ulong off)
    {
        (on, off) = word switch
        {
            "ro" => (MOUNT_ATTR_RDONLY, 0UL),
            "rw" => (0UL, MOUNT_ATTR_RDONLY),
            "nosuid" => (MOUNT_ATTR_NOSUID, 0UL),
            "suid" => (0UL, MOUNT_ATTR_NOSUID),
            "nodev" => (MOUNT_ATTR_NODEV, 0UL),
            "dev" => (0UL, MOUNT_ATTR_NODEV),
            "noexec" => (MOUNT_ATTR_NOEXEC, 0UL),
            "exec" => (0UL, MOUNT_ATTR_NOEXEC),
            "nodiratime" => (MOUNT_ATTR_NODIRATIME, 0UL),
            "diratime" => (0UL, MOUNT_ATTR_NODIRATIME),
            "nosymfollow" => (MOUNT_ATTR_NOSYMFOLLOW, 0UL),
            "symfollow" => (0UL, MOUNT_ATTR_NOSYMFOLLOW),
            "noatime" => (MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME),
            "strictatime" => (MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME),
            "relatime" or "atime" or "nostrictatime" => (MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME),
            _ => (0UL, 0UL),
        };
        return (on | off) != 0;
    }
}
