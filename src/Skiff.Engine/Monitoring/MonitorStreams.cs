using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Monitoring;

/// <summary>The standard streams of a container in the background: output goes through pipes to the log; input is empty, or open and silent with <c>-i</c>.</summary>
public sealed class MonitorStreams : IDisposable
{
    private SafeFd? _containerIn;
    private SafeFd? _containerOut;
    private SafeFd? _containerError;

    private MonitorStreams() { }

    /// <summary>The container's ends, until it has started.</summary>
    public (int In, int Out, int Error) Container => (_containerIn?.Value ?? 0, _containerOut?.Value ?? 1, _containerError?.Value ?? 2);

    /// <summary>Where the container's input is written; null when it has none.</summary>
    public SafeFd? Input { get; private set; }

    /// <summary>The container's standard output; null with a terminal.</summary>
    public SafeFd? Output { get; private set; }

    /// <summary>The container's standard error; null with a terminal.</summary>
    public SafeFd? Error { get; private set; }

    /// <summary>Opens them.</summary>
    public static MonitorStreams Open(ContainerRecord record)
    {
        MonitorStreams streams = new();
        if (record.Tty)
        {
            return streams;
        }
        if (record.OpenStdin)
        {
            (streams._containerIn, streams.Input) = Pipe.Open();
        }
        else
        {
            streams._containerIn = Files.Open("/dev/null", OpenFlags.O_RDONLY);
        }
        (streams.Output, streams._containerOut) = Pipe.Open();
        (streams.Error, streams._containerError) = Pipe.Open();
        return streams;
    }

    /// <summary>Closes the container's ends here, so that the end of its output is seen.</summary>
    public void Started()
    {
        _containerIn?.Dispose();
        _containerOut?.Dispose();
        _containerError?.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Started();
        Input?.Dispose();
        Output?.Dispose();
        Error?.Dispose();
    }
}
