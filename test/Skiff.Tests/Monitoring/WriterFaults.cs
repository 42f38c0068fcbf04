namespace Skiff.Tests.Monitoring;

/// <summary>What happens to a log's writer, now and then.</summary>
public enum WriterFaults
{
    None,

    /// <summary>A file cannot be made or moved: a full disk.</summary>
    FullDisk,

    /// <summary>The monitor is killed, and another one goes on.</summary>
    Kills,
}
