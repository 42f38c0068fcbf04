using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Engine.Volumes;

/// <summary>docker's grammar of volume names.</summary>
public static class VolumeName
{
    /// <summary>A new name for a volume that nobody named: 64 hexadecimal digits.</summary>
    public static string New() => RandomBytes.Hex(32);

    /// <summary>Throws the sentence that says what is wrong with a name.</summary>
    public static void Check(string name)
    {
        if (MountGrammar.IsVolumeName(name))
        {
            return;
        }
        throw new SkiffException(
            name.Length < 2 ? $"the volume name \"{name}\" is too short: it needs two characters or more"
            : name.Length > 255 ? $"the volume name {name[..32]}… has {name.Length} characters: 255 are the most"
            : name.Contains('/')
                ? $"\"{name}\" is no volume name: a directory of the host is mounted by its absolute path, and names have only letters, digits, and _ . - after the first character"
            : $"\"{name}\" is no volume name: only letters, digits, and _ . - after the first character are allowed"
        );
    }
}
