using Skiff.Engine.Containers;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Monitoring;

/// <summary>Where a container's output is kept: one of docker's log drivers. This one keeps nothing (<c>none</c>).</summary>
public class LogSink : IDisposable
{
    /// <summary>docker cuts lines that are longer into records of this size.</summary>
    public const int MaximumText = 16 << 10;

    /// <summary>Keeps nothing.</summary>
    public static LogSink None { get; } = new();

    /// <summary>Opens the log that the container's record asks for.</summary>
    public static LogSink Open(EnginePaths paths, ContainerRecord record) =>
        record.LogDriver switch
        {
            "none" => None,
            "journald" => new JournalLog(record),
            _ => new LogWriter(paths.Log(record.Id), record),
        };

    /// <summary>Takes bytes as they came from the container.</summary>
    /// <param name="isError">True for standard error.</param>
    /// <param name="bytes">Any number of lines, begun and ended anywhere.</param>
    public virtual void Add(bool isError, ReadOnlySpan<byte> bytes) { }

    /// <summary>Writes what has no line end yet: the container has ended.</summary>
    public virtual void End() { }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes what is open.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing) { }
}
