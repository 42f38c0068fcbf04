using Skiff.Engine.Containers;
using Skiff.Engine.Plan;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>The first process of a container, once it is one.</summary>
/// <remarks>
/// A container is recorded as running before its process leaves the host's root, so that a killed monitor leaves nothing unknown. Whoever joined its namespaces, or opened its root, in those
/// milliseconds would be on the host. Until it executes the trampoline, which is after the last step of the plan, the process has a name of its own and the engine's file; a container may take the
/// name, but not the file of its parent.
/// </remarks>
internal static class StartedProcess
{
    private const int Patience = 10_000;

    /// <summary>Waits until the process has executed something.</summary>
    /// <exception cref="SkiffException">It does not within ten seconds.</exception>
    internal static void Await(ContainerRecord record, ContainerState state)
    {
        long deadline = Environment.TickCount64 + Patience;
        while (IsNewborn(state.Process.Pid))
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

    /// <summary>Whether a child of ours has ended before it executed the command; waits until it has done either.</summary>
    internal static bool NeverRan(int pid)
    {
        while (IsNewborn(pid))
        {
            Thread.Sleep(1);
        }
        return HasNameAtBirth(pid);
    }

    private static bool HasNameAtBirth(int pid) => Files.TryReadText($"/proc/{pid}/comm", out _)?.TrimEnd() == LaunchPlanner.NameAtBirth;

    private static bool IsNewborn(int pid) =>
        HasNameAtBirth(pid) && ProcessStat.TryRead(pid, out ProcessStat stat) && FileOf(pid) is { } own && own == FileOf(stat.Parent);

    private static (uint Major, uint Minor, ulong Inode)? FileOf(int pid)
    {
        using SafeFd? file = Files.TryOpen($"/proc/{pid}/exe", OpenFlags.O_PATH, out _);
        return file is not null && At.Stat(file.Value, out StatxBuffer stat) == 0 ? (stat.DevMajor, stat.DevMinor, stat.Inode) : null;
    }
}
