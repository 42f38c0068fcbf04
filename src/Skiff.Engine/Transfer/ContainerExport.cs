using Skiff.Engine.Containers;
using Skiff.Images.Archives;
using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Transfer;

/// <summary><c>export</c>: the root file system as a tar archive, without what is mounted on it, as docker has it.</summary>
public static class ContainerExport
{
    /// <summary>Writes the archive.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="record">The container, running or not.</param>
    /// <param name="state">Its true state.</param>
    /// <param name="target">Where the archive goes.</param>
    /// <param name="remark">Takes a sentence for what is left out.</param>
    /// <param name="cancel">Ends it.</param>
    public static void Write(
        SkiffEngine engine,
        ContainerRecord record,
        ContainerState state,
        Stream target,
        Action<string> remark,
        CancellationToken cancel
    )
    {
        ContainerIds ids = ContainerIds.Of(record, state);
        ContainerRoot.UseBare(
            engine,
            record,
            state,
            root =>
            {
                TarWriter writer = new(target);
                TreeArchiver archiver = new(writer, layer: false, remark, cancel) { Owner = ids.ToContainer };
                if (
                    At.Stat(root.Value, out StatxBuffer stat) == 0
                    && (stat.Mode & 0xFFF, ids.ToContainer((stat.Uid, stat.Gid))) != (0x1ED, (0u, 0u))
                )
                {
                    archiver.Directory(root.Value, []);
                }
                archiver.Content(root.Value, []);
                writer.Finish();
            }
        );
        engine.Events.Container(record, "export");
    }
}
