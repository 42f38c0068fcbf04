using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Images.Archives;
using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Transfer;

/// <summary><c>cp</c>: files and trees, or tar archives, between the host and one container, running, paused or not.</summary>
/// <param name="engine">The engine.</param>
/// <param name="record">The container.</param>
/// <param name="state">Its true state.</param>
/// <param name="wishes">How to copy.</param>
public sealed class ContainerCopy(SkiffEngine engine, ContainerRecord record, ContainerState state, CopyWishes wishes)
{
    private string Owner => $"container {record.Name}";

    /// <summary>Copies from the host into the container.</summary>
    /// <returns>The size of a tar of it in bytes.</returns>
    /// <exception cref="SkiffException">The two do not go together, or something could not be copied.</exception>
    public long In(CopyPath source, CopyPath target)
    {
        long bytes = 0;
        ContainerIds ids = ContainerIds.Of(record, state);
        CopyRules rules = Rules() with { Owner = wishes.KeepOwner ? ids.ToHost : _ => ids.ToHost((0, 0)) };
        CopySide here = new(null, null);
        ids.Making(() =>
            ContainerRoot.Use(
                engine,
                record,
                state,
                write: true,
                root => bytes = Copy(here, source, new CopySide(root, Owner), target, rules)
            )
        );
        engine.Events.Container(record, "extract-to-dir", ("path", target.Path));
        return bytes;
    }

    /// <summary>Copies from the container to the host.</summary>
    /// <returns>The size of a tar of it in bytes.</returns>
    /// <exception cref="SkiffException">The two do not go together, or something could not be copied.</exception>
    public long Out(CopyPath source, CopyPath target)
    {
        long bytes = 0;
        ContainerIds ids = ContainerIds.Of(record, state);
        CopyRules rules = Rules() with { Owner = wishes.KeepOwner ? ids.ToContainer : static _ => (0, 0), Devices = false };
        ContainerRoot.Use(
            engine,
            record,
            state,
            write: false,
            root => bytes = Copy(new CopySide(root, Owner), source, new CopySide(null, null), target, rules)
        );
        engine.Events.Container(record, "archive-path", ("path", source.Path));
        return bytes;
    }

    /// <summary>Writes a file or tree of the container as a tar archive; owners are as they are in the container.</summary>
    public void OutArchive(CopyPath source, Stream target)
    {
        ContainerRoot.Use(
            engine,
            record,
            state,
            write: false,
            root =>
            {
                using SafeFd from = new CopySide(root, Owner).OpenSource(source, wishes.FollowLink, out FileKind kind);
                _ = CopyRule.Decide(kind, source, FileKind.Directory, source);
                TarWriter writer = new(target);
                TreeArchiver archiver = new(writer, layer: false, wishes.Remark, wishes.Cancel)
                {
                    Owner = ContainerIds.Of(record, state).ToContainer,
                };
                archiver.Entry(from.Value, source.ContentOnly ? [] : CString.Encode(source.Name)[..^1]);
                writer.Finish();
            }
        );
        engine.Events.Container(record, "archive-path", ("path", source.Path));
    }

    /// <summary>Unpacks a tar archive, plain or compressed, into a directory of the container; owners are as the archive says.</summary>
    /// <returns>The size of the plain archive in bytes.</returns>
    public long InArchive(Stream source, CopyPath target)
    {
        long bytes = 0;
        ContainerIds ids = ContainerIds.Of(record, state);
        ids.Making(() => ContainerRoot.Use(engine, record, state, write: true, root => bytes = Extract(source, root, target, ids)));
        engine.Events.Container(record, "extract-to-dir", ("path", target.Path));
        return bytes;
    }

    private long Extract(Stream source, SafeFd root, CopyPath target, ContainerIds ids)
    {
        using CopyTarget found = new CopySide(root, Owner).FindTarget(target);
        if (found.Kind != FileKind.Directory)
        {
            throw new SkiffException(
                found.Kind == FileKind.Missing
                    ? $"Could not find the file {target.Path} in {Owner}"
                    : $"destination \"{record.Name}:{target.Path}\" must be a directory"
            );
        }
        byte[] directory = CString.Encode(target.Path.Trim('/'))[..^1];
        TarExtractor extractor = new(root.Value, directory, wishes.Remark, wishes.Cancel) { Owner = ids.ToHost };
        return Guard(() => extractor.Extract(source), target);
    }

    private long Copy(CopySide fromSide, CopyPath source, CopySide toSide, CopyPath target, CopyRules rules)
    {
        using SafeFd from = fromSide.OpenSource(source, wishes.FollowLink, out FileKind kind);
        using CopyTarget found = toSide.FindTarget(target);
        CopyForm form = CopyRule.Decide(kind, source, found.Kind, target);
        TreeCopier copier = new(rules);
        return Guard(
            () =>
            {
                switch (form)
                {
                    case CopyForm.Content:
                        copier.Content(from.Value, found.Place.Value);
                        break;
                    case CopyForm.Into:
                        copier.Opened(from.Value, found.Place.Value, CString.Encode(source.Name));
                        break;
                    default:
                        copier.Opened(from.Value, found.Place.Value, CString.Encode(found.Path.Name));
                        break;
                }
                return copier.Bytes;
            },
            target
        );
    }

    private CopyRules Rules() =>
        new()
        {
            DropSetIds = !wishes.KeepOwner,
            Replace = true,
            Xattrs = wishes.KeepOwner ? XattrChoice.Archive : XattrChoice.User,
            Remark = wishes.Remark,
            Progress = bytes =>
            {
                wishes.Cancel.ThrowIfCancellationRequested();
                wishes.Progress?.Invoke(bytes);
            },
        };

    /// <summary>What the kernel refuses, in words.</summary>
    private static T Guard<T>(Func<T> work, CopyPath target)
    {
        try
        {
            return work();
        }
        catch (LinuxException e)
        {
            throw new SkiffException(
                e.Errno switch
                {
                    Errno.EROFS =>
                        $"cannot copy to {target.Path}: it is read-only (the root file system by --read-only, or the volume by :ro); copy into a volume or a tmpfs",
                    Errno.EISDIR => $"cannot overwrite directory \"{e.Target}\" with non-directory",
                    Errno.ENOTDIR => $"cannot overwrite non-directory \"{e.Target}\" with directory",
                    Errno.ENOSPC or Errno.EDQUOT =>
                        $"cannot copy \"{e.Target}\": no space is left at the destination; what was copied before stays",
                    Errno.EBUSY => $"cannot replace \"{e.Target}\": something is mounted on it",
                    _ => $"cannot copy to {target.Path}: {e.Message}",
                },
                1,
                e
            );
        }
    }
}
