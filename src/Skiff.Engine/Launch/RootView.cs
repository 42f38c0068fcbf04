using Skiff.Engine.Rootless;
using Skiff.Linux;
using Skiff.Linux.Mounts;

namespace Skiff.Engine.Launch;

/// <summary>The root file system of a container that is not running, mounted for a moment in a mount namespace that only one thread sees.</summary>
internal static class RootView
{
    /// <summary>Runs <paramref name="work"/> on a thread of its own with a descriptor of the root; the mount vanishes with the thread.</summary>
    /// <param name="layerRoot">Where relative layer names start.</param>
    /// <param name="layers">Layer directories, bottom first.</param>
    /// <param name="place">A directory to mount on.</param>
    /// <param name="upper">The writable directory with its work directory beside it; null to see the image alone.</param>
    /// <param name="work">What to do.</param>
    internal static void Use(string layerRoot, IReadOnlyList<string> layers, string place, string? upper, Action<SafeFd> work) =>
        InPrivateNamespace(() =>
        {
            if (layers.Count == 1 && upper is null)
            {
                using SafeFd only = Files.Open(Path.GetFullPath(layers[0], layerRoot), OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
                work(only);
                return;
            }
            MountOverlay(layerRoot, layers, place, upper is null ? null : ($"{upper}/upper", $"{upper}/work"));
            using SafeFd root = Files.Open(place, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            work(root);
        });

    /// <summary>Runs something on a thread of its own with a mount namespace of its own: what it mounts vanishes with the thread, however that ends.</summary>
    internal static void InPrivateNamespace(Action work) =>
        OwnThread.Run(() =>
        {
            MountTree.EnterPrivateNamespace();
            work();
        });

    /// <summary>Mounts overlayfs.</summary>
    /// <param name="layerRoot">Where relative layer names start; becomes the working directory of this thread.</param>
    /// <param name="layers">Layer directories, bottom first.</param>
    /// <param name="place">Where.</param>
    /// <param name="writable">The writable directory and its work directory; null to mount read-only.</param>
    internal static void MountOverlay(string layerRoot, IReadOnlyList<string> layers, string place, (string Upper, string Work)? writable)
    {
        string data = "lowerdir=" + string.Join(':', layers.Reverse());
        if (writable is { } own)
        {
            data += $",upperdir={own.Upper},workdir={own.Work}";
        }
        data += RootlessUser.OverlayOptions;
        MountTree.ChangeDirectory(layerRoot);
        Mount("overlay", place, writable is null, data);
    }

    /// <summary>mount(2) of a new file system.</summary>
    internal static void Mount(string fileSystem, string place, bool readOnly, string data) =>
        MountTree.Mount(fileSystem, place, fileSystem, readOnly ? MountApi.MS_RDONLY : 0, data);
}
