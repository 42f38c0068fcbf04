using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using Skiff.Linux.Mounts;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Transfer;

/// <summary>A container's root directory as a descriptor. Paths in it must be opened with the root as root (<see cref="CopySide"/>): then no link of the container leads anywhere else (CVE-2019-18466).</summary>
/// <remarks>Nothing is executed in the container, and no thread that runs code of ours has its root there.</remarks>
internal static class ContainerRoot
{
    /// <summary>Uses the root with everything that is mounted on it: the container's own mounts while it runs, else its volumes and binds, mounted for a moment where nobody else sees them.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="record">The container.</param>
    /// <param name="state">Its true state.</param>
    /// <param name="write">False to look only: then nothing of a stopped container changes, not even mount points that are missing.</param>
    /// <param name="work">What to do.</param>
    internal static void Use(SkiffEngine engine, ContainerRecord record, ContainerState state, bool write, Action<SafeFd> work)
    {
        if (state.IsUp)
        {
            StartedProcess.Await(record, state);
            // held open, the mount namespace keeps its mounts if the container ends meanwhile
            using SafeFd mounts = OpenOf(record, state, "ns/mnt", OpenFlags.O_RDONLY);
            using SafeFd root = OpenOf(record, state, "root", OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
            Believe(engine, record, state);
            work(root);
            return;
        }
        using FileLock? gate = engine.Containers.Lock(record.Id);
        if (gate is null || engine.Reconciler.Liveness.Check(engine.Containers.LoadState(record.Id), TimeProvider.System.GetUtcNow()).IsUp)
        {
            throw new SkiffException($"the container {record.Name} has just been {(gate is null ? "removed" : "started: try again")}");
        }
        RuntimeSpec spec = ContainerPreparation.SpecOf(engine, record);
        RootView.InPrivateNamespace(() =>
        {
            using StoppedMounts mounts = new(spec, record);
            MountRoot(engine, record, spec, write);
            using SafeFd root = Files.Open(engine.Paths.Container(record.Id), OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
            mounts.Attach(root, readOnlyRoot: write && spec.Root is { ReadOnly: true });
            work(root);
        });
    }

    /// <summary>Uses the root file system alone, without what is mounted on it.</summary>
    internal static void UseBare(SkiffEngine engine, ContainerRecord record, ContainerState state, Action<SafeFd> work)
    {
        if (state.IsUp)
        {
            StartedProcess.Await(record, state);
            using SafeFd bare = CloneRoot(engine, record, state);
            work(bare);
            return;
        }
        RuntimeSpec spec = ContainerPreparation.SpecOf(engine, record);
        RootView.InPrivateNamespace(() =>
        {
            MountRoot(engine, record, spec, write: false);
            using SafeFd root = Files.Open(engine.Paths.Container(record.Id), OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
            work(root);
        });
    }

    /// <summary>A clone of the root's mount without those on it (open_tree(2)). The call must be made inside of the mount namespace: a thread of its own goes there for it, and ends.</summary>
    private static SafeFd CloneRoot(SkiffEngine engine, ContainerRecord record, ContainerState state)
    {
        SafeFd? tree = null;
        RootView.InPrivateNamespace(() => tree = MountTree.CloneOf(state.Process.Pid, "/", recursive: false));
        Believe(engine, record, state);
        return tree!;
    }

    private static void MountRoot(SkiffEngine engine, ContainerRecord record, RuntimeSpec spec, bool write)
    {
        string place = engine.Paths.Container(record.Id);
        if (record.LayerDirectories.Count == 0)
        {
            StoppedMounts.Bind(spec.Root?.Path ?? record.Image, place);
            return;
        }
        Image? image = engine.Images.Find(record.ImageId);
        Skeleton.Ensure(engine.Paths);
        List<string> layers =
        [
            EnginePaths.SkeletonName,
            .. record.UidMap.Count > 0 && RootlessUser.Current is not null
                ? record.LayerDirectories
                : image?.ShortDirectories ?? record.LayerDirectories,
        ];
        if (write)
        {
            RootView.MountOverlay(engine.Paths.Root, layers, place, (place + "/upper", place + "/work"));
            return;
        }
        // The container's layer is one more to look at; what must be made to mount on goes into memory.
        layers.Add(place + "/upper");
        RootView.Mount("tmpfs", place + "/work", readOnly: false, "mode=700");
        Directory.CreateDirectory(place + "/work/upper");
        Directory.CreateDirectory(place + "/work/work");
        CopyRoot(place + "/upper", place + "/work/upper");
        RootView.MountOverlay(engine.Paths.Root, layers, place, (place + "/work/upper", place + "/work/work"));
    }

    /// <summary>overlayfs shows the attributes of the upper directory as those of the root.</summary>
    private static void CopyRoot(string from, string to)
    {
        using SafeFd source = Files.Open(from, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        using SafeFd target = Files.Open(to, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        new TreeCopier(new CopyRules { Xattrs = XattrChoice.All }).Attributes(source.Value, target.Value);
    }

    private static SafeFd OpenOf(ContainerRecord record, ContainerState state, string what, int flags) =>
        Files.TryOpen($"/proc/{state.Process.Pid}/{what}", flags, out int errno)
        ?? throw (
            errno is Errno.ENOENT or Errno.ESRCH ? Gone(record) : new LinuxException("open", $"/proc/{state.Process.Pid}/{what}", errno)
        );

    /// <summary>The number may belong to another process by now; if the first process still lives, what was opened is its own.</summary>
    private static void Believe(SkiffEngine engine, ContainerRecord record, ContainerState state)
    {
        if (!engine.Reconciler.Liveness.IsAlive(state.Process))
        {
            throw Gone(record);
        }
    }

    private static SkiffException Gone(ContainerRecord record) => new($"the container {record.Name} has just ended: try again");
}
