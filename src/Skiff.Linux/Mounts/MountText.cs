using Skiff.Linux.Spawning;

namespace Skiff.Linux.Mounts;

/// <summary>Arguments of mount(2) and mount_setattr(2) as the words of the kernel's headers.</summary>
public static class MountText
{
    /// <summary>The flags of mount(2).</summary>
    public static string Flags(ulong flags) => FlagText.Mount(flags);

    /// <summary>struct mount_attr; members that are 0 are left out.</summary>
    public static string Attributes(ulong set, ulong clear, ulong propagation)
    {
        List<string> parts = [];
        if (set != 0)
        {
            parts.Add("attr_set=" + FlagText.MountAttributes(set));
        }
        if (clear != 0)
        {
            parts.Add("attr_clr=" + FlagText.MountAttributes(clear));
        }
        if (propagation != 0)
        {
            parts.Add("propagation=" + FlagText.Mount(propagation));
        }
        return $"{{{string.Join(", ", parts)}}}";
    }
}
