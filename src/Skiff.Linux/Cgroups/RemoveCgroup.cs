using Skiff.Linux.Actions;

namespace Skiff.Linux.Cgroups;

/// <summary>Takes a cgroup away, with the cgroups that the container made below it; a missing one is fine.</summary>
/// <remarks>
/// rmdir(2) answers EBUSY while a task is still leaving. Then the tasks that are listed are waited for by pidfd, not by sleeping; a task that is
/// no longer listed but not yet released has no descriptor to wait on, which lasts microseconds: the processor is given away until it is gone.
/// Processes are not killed here.
/// </remarks>
/// <param name="Path">Absolute path of the cgroup.</param>
/// <param name="TimeoutMilliseconds">How long to wait for the last task.</param>
public sealed record RemoveCgroup(string Path, int TimeoutMilliseconds = 2000) : HostAction
{
    /// <inheritdoc/>
    public override string Text => $"rmdir(\"{Path}\")";

    /// <inheritdoc/>
    public override string ManPage => "cgroups(7)";

    /// <inheritdoc/>
    public override void Run()
    {
        long deadline = Environment.TickCount64 + TimeoutMilliseconds;
        while (true)
        {
            int errno = Files.TryRemove(Path, directory: true);
            if (errno is 0 or Errno.ENOENT)
            {
                return;
            }
            long left = deadline - Environment.TickCount64;
            if (errno != Errno.EBUSY || left <= 0)
            {
                throw new LinuxException("rmdir", Path, errno);
            }
            foreach (string child in CgroupTree.Children(Path))
            {
                new RemoveCgroup(child, (int)left).Run();
            }
            CgroupTree.WaitForOneTask(Path, (int)Math.Min(left, 50));
        }
    }
}
