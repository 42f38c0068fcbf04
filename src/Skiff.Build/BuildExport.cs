using Skiff.Build.Steps;
using Skiff.Engine.Launch;
using Skiff.Images.Archives;
using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Build;

/// <summary>The files of a result outside of the store: <c>--output type=local</c> and <c>type=tar</c>.</summary>
internal static class BuildExport
{
    /// <summary>Copies them into a directory; what is there already stays or is replaced. They belong to the caller, as docker has it.</summary>
    internal static void ToDirectory(BuildSession session, StageState state, string directory) =>
        View(
            session,
            state,
            root =>
            {
                Directory.CreateDirectory(directory);
                using SafeFd target = Files.Open(directory, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
                new TreeCopier(
                    new CopyRules
                    {
                        Owner = static _ => (0, 0),
                        DropSetIds = true,
                        Replace = true,
                        Devices = false,
                        Xattrs = XattrChoice.User,
                        Remark = session.Progress.Warn,
                        Progress = _ => session.Request.Cancel.ThrowIfCancellationRequested(),
                    }
                ).Content(root.Value, target.Value);
            }
        );

    /// <summary>Writes them as a tar archive.</summary>
    internal static void ToTar(BuildSession session, StageState state, Stream target) =>
        View(
            session,
            state,
            root =>
            {
                TarWriter writer = new(target);
                new TreeArchiver(writer, layer: false, session.Progress.Warn, session.Request.Cancel).Content(root.Value, []);
                writer.Finish();
            }
        );

    private static void View(BuildSession session, StageState state, Action<SafeFd> work) =>
        RootView.InPrivateNamespace(() =>
        {
            string tree = session.Works.NewTree();
            if (state.Layers.Count == 0)
            {
                using SafeFd empty = Files.Open(tree + "/diff", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
                work(empty);
                return;
            }
            using SafeFd root = session.Works.Still(() => StackView.Read(session.Engine.Paths.Root, state.Layers, tree + "/mnt"));
            work(root);
        });
}
