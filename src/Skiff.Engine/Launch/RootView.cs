using Skiff.Linux;
using Skiff.Linux.Mounts;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Launch;

/// <summary>The root file system of a container that is not running, mounted for a moment in a mount namespace that only one thread sees.</summary>
internal static unsafe class RootView
{
    private const int CLONE_FS = 0x200;

    /// <summary>Runs <paramref name="work"/> on a thread of its own with a descriptor of the root; the mount vanishes with the thread.</summary>
    /// <param name="layerRoot">Where relative layer names start.</param>
    /// <param name="layers">Layer directories, bottom first.</param>
    /// <param name="place">A directory to mount on.</param>
    /// <param name="upper">The writable directory with its work directory beside it; null to see the image alone.</param>
    /// <param name="work">What to do.</param>
    internal static void Use(string layerRoot, IReadOnlyList<string> layers, string place, string? upper, Action<SafeFd> work)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                Enter();
                if (layers.Count == 1 && upper is null)
                {
                    using SafeFd only = Files.Open(Path.GetFullPath(layers[0], layerRoot), OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
                    work(only);
                    return;
                }
                Mount(layerRoot, layers, place, upper);
                using SafeFd root = Files.Open(place, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
                work(root);
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    private static void Enter()
    {
        if (RawCall.Invoke(SyscallNumber.unshare, CLONE_FS | (int)CloneFlags.CLONE_NEWNS) != 0)
        {
            throw LinuxException.Last("unshare", "CLONE_NEWNS");
        }
        fixed (byte* slash = "/\0"u8)
        {
            if (RawCall.Invoke(SyscallNumber.mount, 0, (nint)slash, 0, (nint)(MountApi.MS_REC | MountApi.MS_PRIVATE)) != 0)
            {
                throw LinuxException.Last("mount", "/ private");
            }
        }
    }

    private static void Mount(string layerRoot, IReadOnlyList<string> layers, string place, string? upper)
    {
        string data = "lowerdir=" + string.Join(':', layers.Reverse());
        if (upper is not null)
        {
            data += $",upperdir={upper}/upper,workdir={upper}/work";
        }
        fixed (byte* start = CString.Encode(layerRoot))
        fixed (byte* target = CString.Encode(place))
        fixed (byte* type = "overlay\0"u8)
        fixed (byte* options = CString.Encode(data))
        {
            if (
                RawCall.Invoke(SyscallNumber.chdir, (nint)start) != 0
                || RawCall.Invoke(SyscallNumber.mount, (nint)type, (nint)target, (nint)type, upper is null ? 1 : 0, (nint)options) != 0
            )
            {
                throw LinuxException.Last("mount", "overlay on " + place);
            }
        }
    }
}
