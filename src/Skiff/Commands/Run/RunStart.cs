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

    private RunStart(SkiffEngine engine, string id)
    {
        _engine = engine;
        _id = id;
        Session = Engine.Containers.Session.Begin(engine.Paths, id);
    }

    /// <summary>The session's lock.</summary>
    internal FileLock Session { get; }

    /// <summary>The monitor; null in the foreground.</summary>
    internal WaitingMonitor? Monitor { get; private set; }

    /// <summary>What a container without a monitor needs; null with one.</summary>
    internal ForegroundStart? Foreground { get; private set; }

    /// <summary>Makes it.</summary>
    internal static RunStart Make(SkiffEngine engine, string id, RunOptions options, bool watched, bool traced)
    {
        RunStart start = new(engine, id);
        try
        {
            if (watched)
            {
                start.Monitor = WaitingMonitor.Start(engine, id, options, start.Session);
            }
            else
            {
                start.Foreground = ForegroundStart.Make(id, options, traced);
            }
            return start;
        }
        catch
        {
            start.Dispose();
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
    }
}
