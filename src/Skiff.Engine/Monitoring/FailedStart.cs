using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Monitoring;

/// <summary>What is written down of a container that could not be started.</summary>
internal static class FailedStart
{
    /// <summary>Its state: what never ran stays created, as docker shows it; what ran once has ended again.</summary>
    internal static ContainerState State(ContainerState before, Exception e, int restarts)
    {
        bool ran = before.StartedAt is not null;
        return before with
        {
            Status = ran ? ContainerStatus.Exited : ContainerStatus.Created,
            Process = ProcessIdentity.None,
            Monitor = ProcessIdentity.None,
            ExitCode = e is SkiffException skiff ? skiff.ExitCode : 125,
            Signal = 0,
            OomKilled = false,
            Error = e.Message,
            Reason = e.Message,
            FinishedAt = ran ? TimeProvider.System.GetUtcNow() : null,
            RestartCount = restarts,
        };
    }

    /// <summary>Writes it down, or removes the container if nothing is to be kept of it.</summary>
    internal static void Record(SkiffEngine engine, ContainerRecord record, ContainerState before, Exception e)
    {
        if (record.AutoRemove)
        {
            ContainerRemoval.RemoveEnded(engine, record);
        }
        else
        {
            engine.Containers.SaveState(record.Id, State(before, e, restarts: 0));
        }
    }
}
