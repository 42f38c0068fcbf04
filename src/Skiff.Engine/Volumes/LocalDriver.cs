using Skiff.Linux;

namespace Skiff.Engine.Volumes;

/// <summary>The options of docker's local driver: a volume that is a mount of something, <c>type=</c>, <c>device=</c> and <c>o=</c> as mount(8) has them.</summary>
/// <param name="Type">File system type; <c>none</c> or <c>bind</c> for a directory of the host.</param>
/// <param name="Device">What is mounted.</param>
/// <param name="Options">Comma-separated options of mount(8).</param>
public sealed record LocalDriver(string Type, string Device, string Options)
{
    /// <summary>A directory of the host under another name.</summary>
    public bool IsBind => Type is "none" or "bind" or "" || Has("bind") || Has("rbind");

    /// <summary>The mount that a volume's options ask for; null for a plain directory.</summary>
    /// <exception cref="SkiffException">An option is unknown, or one is missing.</exception>
    public static LocalDriver? Of(IReadOnlyDictionary<string, string> options)
    {
        if (options.Count == 0)
        {
            return null;
        }
        foreach (string key in options.Keys)
        {
            if (key is not ("type" or "device" or "o"))
            {
                throw new SkiffException(
                    $"the option {key} is unknown to the volume driver local: it has type, device and o{(key == "size" ? "; the size of a volume in memory is o=size=100m with type=tmpfs" : "")}"
                );
            }
        }
        string type = options.GetValueOrDefault("type", "");
        string device = options.GetValueOrDefault("device", "");
        if (type.Length == 0 || device.Length == 0)
        {
            throw new SkiffException(
                $"the volume driver local needs type and device together: {(type.Length == 0 ? "type" : "device")} is missing (for a directory: --opt type=none --opt o=bind --opt device=/path)"
            );
        }
        LocalDriver driver = new(type, device, options.GetValueOrDefault("o", ""));
        return driver.IsBind && device[0] != '/'
            ? throw new SkiffException($"the device {device} of the volume must be an absolute path")
            : driver;
    }

    private bool Has(string word) => Array.IndexOf(Options.Split(','), word) >= 0;
}
