using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>Where a monitor waits for commands that attach: <c>runroot/attach/&lt;id&gt;</c>, root's alone.</summary>
public static class AttachSocket
{
    /// <summary>Connects to the monitor of a container; null with the errno when there is none or it has died.</summary>
    public static SafeFd? TryConnect(EnginePaths paths, string id, out int errno) =>
        PacketSocket.TryConnect(Directory(paths), id, out errno);

    /// <summary>Removes the socket that a dead monitor left.</summary>
    public static void Remove(EnginePaths paths, string id) => _ = Files.TryRemove($"{Directory(paths)}/{id}");

    internal static string MakeDirectory(EnginePaths paths)
    {
        string directory = Directory(paths);
        if (Files.TryMakeDirectory(directory, 0x1C0) == Errno.ENOENT)
        {
            System.IO.Directory.CreateDirectory(paths.Runroot, (UnixFileMode)0x1C0);
            _ = Files.TryMakeDirectory(directory, 0x1C0);
        }
        return directory;
    }

    private static string Directory(EnginePaths paths) => paths.Runroot + "/attach";
}
