using System.Text;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Rootless;

/// <summary>
/// An image's files with the owners that a user namespace of the container's own gives them. Root mounts layers with mapped ids, for which the kernel asks for rights over the whole file system;
/// for an ordinary user they are copied once for each image and map, where the file system can by reference. The copy lies beside the image's uppermost layer, and goes with it.
/// </summary>
internal static class MappedLayer
{
    /// <summary>The copy's directory; null where the container needs none.</summary>
    internal static string? Of(Image? image, LinuxSpec linux)
    {
        if (RootlessUser.Current is null || image is not { LayerDirectories: [.., string top] } || linux.UidMappings.IsEmpty)
        {
            return null;
        }
        StringBuilder name = new("map");
        foreach (ValueList<IdMapping> map in (ReadOnlySpan<ValueList<IdMapping>>)[linux.UidMappings, linux.GidMappings])
        {
            foreach (IdMapping mapping in map)
            {
                name.Append('-').Append(mapping.ContainerId).Append('.').Append(mapping.HostId).Append('.').Append(mapping.Size);
            }
            name.Append('+');
        }
        return $"{Path.GetDirectoryName(top)}/{name.Remove(name.Length - 1, 1)}";
    }

    /// <summary>Makes the copy if it is not there.</summary>
    internal static void Ensure(SkiffEngine engine, PreparedContainer container)
    {
        LinuxSpec linux = container.Result.Spec.Linux;
        if (Of(container.Image, linux) is not { } place || Files.Exists(place))
        {
            return;
        }
        using FileLock gate = FileLock.Acquire(place + ".lock");
        if (Files.Exists(place))
        {
            return;
        }
        string growing = place + ".new";
        Tree.Remove(growing);
        Make(growing);
        Make(growing + "/diff");
        Make(growing + "/mnt");
        RootView.Use(
            engine.Paths.Root,
            container.Image!.ShortDirectories,
            growing + "/mnt",
            upper: null,
            root =>
            {
                using SafeFd target = Files.Open(growing + "/diff", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
                TreeCopier copier = new(
                    new CopyRules
                    {
                        Xattrs = XattrChoice.All,
                        Owner = owner =>
                            (
                                UserNamespaceMaps.ToHost(linux.UidMappings, owner.Uid),
                                UserNamespaceMaps.ToHost(linux.GidMappings, owner.Gid)
                            ),
                    }
                );
                copier.Content(root.Value, target.Value);
                copier.Attributes(root.Value, target.Value);
            }
        );
        Files.Rename(growing + "/diff", place);
        Tree.Remove(growing);
    }

    private static void Make(string path)
    {
        int errno = Files.TryMakeDirectory(path, 0x1C0);
        if (errno != 0)
        {
            throw new LinuxException("mkdir", path, errno);
        }
    }
}
