using Skiff.Engine.Containers;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>The first process of a container, once it is one.</summary>
/// <remarks>
/// A container is recorded as running before its process leaves the host's root, so that a killed monitor leaves nothing unknown. Whoever joined its namespaces, or opened its root, in those
/// milliseconds would be on the host. Until it executes the trampoline, which is after the last step of the plan, the process is a copy of its parent, with the parent's command line;
/// that of a monitor has the container's id in it, so that no command of a container can be the same.
/// </remarks>
internal static class StartedProcess
{
    private const int Patience = 10_000;

    /// <summary>Waits until the process has executed something.</summary>
    /// <exception cref="SkiffException">It does not within ten seconds.</exception>
    internal static void Await(ContainerRecord record, ContainerState state)
    {
        long deadline = Environment.TickCount64 + Patience;
        while (IsCopyOfParent(state.Process.Pid))
        {
            if (Environment.TickCount64 > deadline)
            {
                throw new SkiffException($"the container {record.Name} is still being started: try again");
            }
            Thread.Sleep(1);
        }
    }

    /// <summary>config.json of a container that runs: whoever starts it writes that while the process is under way, and may be later than it.</summary>
    internal static byte[] Config(SkiffEngine engine, ContainerRecord record)
    {
        long deadline = Environment.TickCount64 + Patience;
        while (true)
        {
            if (engine.Containers.ReadConfig(record.Id, out int errno) is { } config)
            {
                return config;
            }
            if (errno != Errno.ENOENT || Environment.TickCount64 > deadline || !engine.Containers.LoadState(record.Id).IsUp)
            {
                throw new LinuxException("read", engine.Paths.Config(record.Id), errno);
            }
            Thread.Sleep(1);
        }
    }

    private static bool IsCopyOfParent(int pid) =>
        ProcessStat.TryRead(pid, out ProcessStat stat)
        && Files.TryReadAll($"/proc/{pid}/cmdline", out _) is { Length: > 0 } own
        && Files.TryReadAll($"/proc/{stat.Parent}/cmdline", out _) is { } parent
        && own.AsSpan().SequenceEqual(parent);
}
