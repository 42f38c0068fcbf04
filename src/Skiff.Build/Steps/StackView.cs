using Skiff.Build.Cache;
using Skiff.Engine.Launch;
using Skiff.Engine.Rootless;
using Skiff.Linux;

namespace Skiff.Build.Steps;

/// <summary>The merged files of a stage, mounted where only one thread sees them. All calls come from within <see cref="RootView.InPrivateNamespace"/>.</summary>
internal static class StackView
{
    /// <summary>The files to read; a descriptor of their root.</summary>
    /// <param name="root">The store.</param>
    /// <param name="layers">The layers, bottom first.</param>
    /// <param name="place">A directory to mount on.</param>
    internal static SafeFd Read(string root, IReadOnlyList<BuiltLayer> layers, string place)
    {
        if (layers.Count > 1)
        {
            RootView.MountOverlay(root, [.. layers.Select(static l => l.ShortName)], place, null);
        }
        string top = layers.Count == 1 ? layers[0].Directory : place;
        return Files.Open(top, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
    }

    /// <summary>The files to write: what is written goes into <c>diff</c> of a tree, whose root is as the one below.</summary>
    internal static SafeFd Write(BuildSession session, IReadOnlyList<BuiltLayer> layers, string tree)
    {
        if (layers.Count == 0)
        {
            return Files.Open(tree + "/diff", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        }
        _ = session.Works.Still(() =>
        {
            ContainerPreparation.CopyRootAttributes(tree + "/diff", [layers[^1].Directory]);
            string lower = string.Join(':', layers.Select(static l => l.ShortName).Reverse());
            Skiff.Linux.Mounts.MountTree.ChangeDirectory(session.Engine.Paths.Root);
            // volatile: the end of the mount need not wait for the disk; a layer counts as whole in this boot only until it is known to be there
            RootView.Mount(
                "overlay",
                tree + "/mnt",
                readOnly: false,
                $"lowerdir={lower},upperdir={tree}/diff,workdir={tree}/work{RootlessUser.OverlayOptions},volatile"
            );
            return true;
        });
        return Files.Open(tree + "/mnt", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
    }
}
