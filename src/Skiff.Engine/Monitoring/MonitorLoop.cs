using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>One poll loop in one thread for everything that happens during one life of a container. A round allocates nothing.</summary>
internal sealed class MonitorLoop
{
    private readonly List<MonitorSource> _sources = [];
    private PollFd[] _entries = new PollFd[8];
    private MonitorSource[] _polled = new MonitorSource[8];
    private bool _stopped;

    /// <summary>For a read that is passed on at once; no source keeps anything in it.</summary>
    internal byte[] Buffer { get; } = GC.AllocateUninitializedArray<byte>(32 << 10);

    /// <summary>Serves a source from the next round on; also while the loop runs.</summary>
    internal void Add(MonitorSource source)
    {
        source.Loop = this;
        _sources.Add(source);
    }

    /// <summary>Forgets a source; also from within its own methods.</summary>
    internal void Remove(MonitorSource source)
    {
        source.Loop = null;
        _sources.Remove(source);
    }

    /// <summary>Ends <see cref="Run"/> after this round.</summary>
    internal void Stop() => _stopped = true;

    /// <summary>Serves the sources until <see cref="Stop"/>, then lets each take what is left.</summary>
    internal void Run()
    {
        while (!_stopped)
        {
            int count = Collect(out long due);
            Poll.Wait(_entries.AsSpan(0, count), Pause(due));
            for (int i = 0; i < count; i++)
            {
                if (_entries[i].ReturnedEvents != 0 && _polled[i].Loop == this)
                {
                    _polled[i].OnReady(_entries[i].ReturnedEvents);
                }
            }
            if (due != MonitorSource.Never)
            {
                Expire();
            }
        }
        foreach (MonitorSource source in (MonitorSource[])[.. _sources])
        {
            source.OnEnd();
        }
    }

    private int Collect(out long due)
    {
        if (_entries.Length < _sources.Count)
        {
            _entries = new PollFd[_sources.Count * 2];
            _polled = new MonitorSource[_sources.Count * 2];
        }
        int count = 0;
        due = MonitorSource.Never;
        foreach (MonitorSource source in _sources)
        {
            due = Math.Min(due, source.Due);
            if (source.Fd >= 0)
            {
                _entries[count] = new PollFd(source.Fd, source.Events);
                _polled[count++] = source;
            }
        }
        return count;
    }

    private static int Pause(long due) => due == MonitorSource.Never ? -1 : (int)Math.Clamp(due - Environment.TickCount64, 0, int.MaxValue);

    private void Expire()
    {
        long now = Environment.TickCount64;
        for (int i = 0; i < _sources.Count; i++)
        {
            MonitorSource source = _sources[i];
            if (source.Due <= now)
            {
                source.Due = MonitorSource.Never;
                source.OnDue();
            }
        }
    }
}
