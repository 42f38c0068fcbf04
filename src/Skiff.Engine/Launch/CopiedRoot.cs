using Skiff.Engine.Containers;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>
/// The root of a container whose store is where overlayfs cannot have a writable directory: a copy of the image, by reference where the file system can. Never by hardlinks, since what
/// a container writes would be in all of them. For ordinary users, whose home may be on a network; root's store can be anywhere.
/// </summary>
public static class CopiedRoot
{
    /// <summary>Whether a container's root is a copy.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="options">What is asked.</param>
    /// <param name="image">Its image.</param>
    /// <param name="before">Its record, where it is there already: what it was made as, it stays.</param>
    internal static bool Is(SkiffEngine engine, RunOptions options, Image? image, ContainerRecord? before) =>
        RootlessUser.Current is not null
        && options.Rootfs is null
        && (before is null ? image is not null && StoreFileSystem.RefusesOverlay(engine.Paths.Root) : Is(before));

    /// <summary>Whether the root of a container that is there is a copy.</summary>
    internal static bool Is(ContainerRecord record) => record.LayerDirectories.Count == 0 && record.ImageId.Length > 0;

    /// <summary>Its directory.</summary>
    internal static string Place(EnginePaths paths, string id) => paths.Upper(id);

    /// <summary>Makes it where it is missing: under another name, then renamed, so that a half of it is never used.</summary>
    internal static void Ensure(SkiffEngine engine, PreparedContainer container)
    {
        string id = container.Record.Id;
        string place = Place(engine.Paths, id);
        if (Files.Exists(place + "/proc"))
        {
            return; // every image has it, from the skeleton
        }
        Skeleton.Ensure(engine.Paths);
        string growing = engine.Paths.Container(id) + "/growing";
        Tree.Remove(growing);
        if (Files.TryMakeDirectory(growing, 0x1ED) is int errno and not 0)
        {
            throw new LinuxException("mkdir", growing, errno);
        }
        RootView.Use(
            engine.Paths.Root,
            [EnginePaths.SkeletonName, .. container.ShortLayers],
            engine.Paths.Container(id) + "/work",
            upper: null,
            root =>
            {
                using SafeFd target = Files.Open(growing, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
                TreeCopier copier = new(new CopyRules { Xattrs = XattrChoice.All });
                copier.Content(root.Value, target.Value);
                copier.Attributes(root.Value, target.Value);
            }
        );
        Tree.Remove(place);
        Files.Rename(growing, place);
    }

    /// <summary>A layer is what a step has written; in a copy that is not to be seen.</summary>
    /// <exception cref="SkiffException">Containers' roots are copies in this store.</exception>
    public static void RefuseBuild(SkiffEngine engine)
    {
        if (
            RootlessUser.Current is not null
            && StoreFileSystem.Why(engine.Paths.Root) is { } why
            && StoreFileSystem.RefusesOverlay(engine.Paths.Root)
        )
        {
            throw new SkiffException($"images cannot be built in this store: {why}");
        }
    }

    /// <summary>A sentence for <c>info</c>; null where roots are no copies.</summary>
    public static string? Note(EnginePaths paths) =>
        RootlessUser.Current is not null && StoreFileSystem.RefusesOverlay(paths.Root)
            ? $"every container's root is a copy of its image, and images cannot be built: overlayfs cannot write on the file system of {paths.Root}; --root names a directory on another one"
            : null;
}
