using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Commands.Run;

/// <summary>What <c>run</c> makes before it looks for the image: the session that leads to the container if this process is killed, and its first process, in the foreground or with a monitor as its parent.</summary>
internal sealed class RunStart : IDisposable
{
    private readonly SkiffEngine _engine;
    private readonly string _id;

    private RunStart(SkiffEngine engine, string id, CaughtSignals? signals)
    {
        _engine = engine;
        _id = id;
        Signals = signals;
        Session = Engine.Containers.Session.Begin(engine.Paths, id);
    }

    /// <summary>The session's lock.</summary>
    internal FileLock Session { get; }

    /// <summary>The caller's signals, taken before anything else: none may end this process between the session and its removal. Null where somebody else has them.</summary>
    internal CaughtSignals? Signals { get; }

    /// <summary>The monitor; null in the foreground.</summary>
    internal WaitingMonitor? Monitor { get; private set; }

    /// <summary>What a container without a monitor needs; null with one.</summary>
    internal ForegroundStart? Foreground { get; private set; }

    /// <summary>Makes it, for <c>run</c>.</summary>
    internal static RunStart Make(SkiffEngine engine, string id, RunOptions options, bool watched, bool traced) =>
        Make(engine, id, options, watched, traced, CaughtSignals.Open(options.Detach ? CaughtSignals.Ends : ForwardedSignals.All));

    /// <summary>Makes one with a monitor, in a command that has its own ways with signals.</summary>
    internal static RunStart Make(SkiffEngine engine, string id, RunOptions options) =>
        Make(engine, id, options, watched: true, traced: false, signals: null);

    private static RunStart Make(SkiffEngine engine, string id, RunOptions options, bool watched, bool traced, CaughtSignals? signals)
    {
        RunStart? start = null;
        try
        {
            start = new RunStart(engine, id, signals);
            if (watched)
            {
                start.Monitor = WaitingMonitor.Start(engine, id, options, start.Session);
            }
            else
            {
                start.Foreground = ForegroundStart.Open(options, traced);
                start.Foreground.Bear(id, options, start.Session);
            }
            return start;
        }
        catch
        {
            start?.Dispose();
            signals?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Foreground?.Dispose();
        Monitor?.Dispose();
        Engine.Containers.Session.Remove(_engine.Paths, _id);
        Session.Dispose();
        Signals?.Dispose();
    }
}
