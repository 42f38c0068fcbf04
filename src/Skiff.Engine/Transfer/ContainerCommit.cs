using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Images;
using Skiff.Images.Archives;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.Cgroups;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Transfer;

/// <summary><c>commit</c>: an image from what a container changed.</summary>
public static class ContainerCommit
{
    /// <summary>Makes the image. A running container stands still only while its changes are copied, not while they are packed.</summary>
    /// <exception cref="SkiffException">The container has no image below it, or an instruction is wrong.</exception>
    public static Image Run(SkiffEngine engine, ContainerRecord record, ContainerState state, CommitWishes wishes) =>
        Vanishing.Do(engine, record, () => Make(engine, record, state, wishes));

    private static Image Make(SkiffEngine engine, ContainerRecord record, ContainerState state, CommitWishes wishes)
    {
        ContainerDiff.RequireImage(record, "commit");
        Image image = engine.Images.Get(record.ImageId);
        RunOptions options = ContainerPreparation.OptionsOf(record);
        ImageConfig config = ConfigChanges.Apply(CommittedConfig.Of(image.Config, options, record), wishes.Changes);
        using ImageCommitter committer = new(engine.Images);
        void Snapshot() =>
            committer.Snapshot(
                engine.Paths.Upper(record.Id),
                record.LayerDirectories,
                ContainerDiff.MountPoints(engine, record),
                wishes.Remark,
                RootlessUser.Current is null ? null : ContainerIds.Of(record, state).ToContainer
            );
        if (wishes.Pause && state.Status == ContainerStatus.Running)
        {
            Frozen(engine, record, state, Snapshot);
        }
        else
        {
            Snapshot();
        }
        Image made = committer.Commit(
            new CommitOptions
            {
                Base = image,
                Config = config,
                Name = wishes.Name,
                Author = wishes.Author,
                Message = wishes.Message,
                CreatedBy = string.Join(' ', record.Command),
                Created = TimeProvider.System.GetUtcNow(),
            },
            wishes.Cancel
        );
        string id = made.Id.ToString();
        engine.Events.Image(id, "create", id);
        if (wishes.Name is { } name)
        {
            engine.Events.Image(id, "tag", name.Familiar);
        }
        engine.Events.Container(record, "commit", ("comment", wishes.Message), ("imageID", id), ("imageRef", wishes.Name?.Familiar ?? ""));
        return made;
    }

    /// <summary>The state says Paused for as long: if this command is killed meanwhile, <c>ps</c> shows why the container stands still, and <c>unpause</c> lets it go on.</summary>
    private static void Frozen(SkiffEngine engine, ContainerRecord record, ContainerState state, Action work)
    {
        Cgroup cgroup = Cgroup.At(HostCgroups.Detect(), Path.GetDirectoryName(state.Cgroup) ?? "/", Path.GetFileName(state.Cgroup));
        if (cgroup.IsMissing)
        {
            work(); // as with --pause=false: there is nothing to stop its processes with
            return;
        }
        Change(engine, record.Id, ContainerStatus.Running, ContainerStatus.Paused);
        engine.Events.Container(record, "pause");
        try
        {
            try
            {
                cgroup.Freeze();
            }
            catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.ENODEV)
            {
                // It has ended meanwhile: nothing changes its files any more.
            }
            work();
        }
        finally
        {
            _ = cgroup.TryThaw();
            Change(engine, record.Id, ContainerStatus.Paused, ContainerStatus.Running);
            engine.Events.Container(record, "unpause");
        }
    }

    private static void Change(SkiffEngine engine, string id, ContainerStatus from, ContainerStatus to)
    {
        using FileLock? gate = engine.Containers.Lock(id);
        if (gate is not null && engine.Containers.LoadState(id) is { } state && state.Status == from)
        {
            engine.Containers.SaveState(id, state with { Status = to });
        }
    }
}
