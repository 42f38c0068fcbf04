using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Volumes;

/// <summary>Fills a volume with what the image has at its place, as docker does when it is used for the first time, that is while it is empty (RUN-29).</summary>
internal static class VolumeFill
{
    private const string Mark = "/filling";

    /// <summary>Copies owners, modes, links and attributes, the directory's own included. The caller holds the volume's lock.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="container">The container whose image is copied from.</param>
    /// <param name="use">The volume and its place.</param>
    /// <param name="data">Where its content is.</param>
    /// <param name="first">False for a container that is started again: then only a copy that was cut off is done to its end.</param>
    internal static void Fill(SkiffEngine engine, PreparedContainer container, VolumeUse use, string data, bool first)
    {
        if (!use.CopyUp || container.ShortLayers.Count == 0)
        {
            return;
        }
        string mark = engine.Volumes.Place(use.Name) + Mark;
        bool again = Files.Exists(mark);
        using SafeFd target =
            Files.TryOpen(data, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out int errno)
            ?? throw new SkiffException($"the directory {data} of the volume {use.Name} cannot be opened: {Errno.Describe(errno)}", 125);
        if (!again && (!first || !IsEmpty(target)))
        {
            return;
        }
        RootView.Use(
            engine.Paths.Root,
            container.ShortLayers,
            engine.Paths.Container(container.Record.Id),
            upper: null,
            root =>
            {
                using SafeFd? source = LayeredFiles.OpenIn(root.Value, use.Target, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out _);
                if (source is not null)
                {
                    Files.Replace(mark, []);
                    TreeCopier copier = new(
                        new CopyRules
                        {
                            Grows = true,
                            Again = again,
                            Xattrs = XattrChoice.All,
                        }
                    );
                    copier.Content(source.Value, target.Value);
                    copier.Attributes(source.Value, target.Value);
                }
                _ = Files.TryRemove(mark);
            }
        );
    }

    private static bool IsEmpty(SafeFd directory)
    {
        NameReader reader = new(directory.Value, new byte[4096]);
        return !reader.Next();
    }
}
