using Skiff.Linux;

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

    /// <summary>The engine's ends of streams that another process has opened and that were inherited.</summary>
    /// <param name="output">Descriptor of the container's standard output; 0 for none.</param>
    /// <param name="error">Of its standard error.</param>
    /// <param name="input">Of its input.</param>
    public static MonitorStreams Inherit(int output, int error, int input) =>
        new()
        {
            Output = Descriptor(output),
            Error = Descriptor(error),
            Input = Descriptor(input),
        };

    private static SafeFd? Descriptor(int value) => value == 0 ? null : new SafeFd(value);

    /// <summary>Opens them.</summary>
    /// <param name="terminal">The container has a terminal, which is all of them.</param>
    /// <param name="input">Its input is open.</param>
    public static MonitorStreams Open(bool terminal, bool input)
    {
        MonitorStreams streams = new();
        if (terminal)
        {
            return streams;
        }
        if (input)
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
