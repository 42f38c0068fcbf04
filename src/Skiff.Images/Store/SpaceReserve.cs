using Skiff.Linux;

namespace Skiff.Images.Store;

/// <summary>A few blocks that the store keeps for the day when its file system is full: removing an image needs a little space before it gives any.</summary>
internal static class SpaceReserve
{
    private const int Bytes = 64 << 10;

    /// <summary>Makes sure that the reserve is there. Where there is no space for it, nothing is said: what comes next will.</summary>
    internal static void Keep(string root)
    {
        string path = Location(root);
        if (File.Exists(path))
        {
            return;
        }
        byte[] content = new byte[Bytes];
        uint noise = 1; // what can be packed would be: a file system that does keeps nothing for zeros
        foreach (ref byte b in content.AsSpan())
        {
            noise = (noise * 1664525) + 1013904223;
            b = (byte)(noise >> 24);
        }
        try
        {
            Files.Replace(path, content);
        }
        catch (LinuxException)
        {
            // full already, or not ours to write to
        }
    }

    /// <summary>Does what needs space and gives as much back, and again with the reserve given up where there is none.</summary>
    internal static void Use(string root, Action action)
    {
        try
        {
            action();
        }
        catch (LinuxException e) when (FullDisk.IsMeant(e) && Files.TryRemove(Location(root)) == 0)
        {
            action();
            Keep(root);
        }
    }

    private static string Location(string root) => $"{root}/reserve";
}
