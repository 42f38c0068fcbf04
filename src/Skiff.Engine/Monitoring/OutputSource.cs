using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>One of the container's output streams: what comes goes to the log and to the attached commands.</summary>
internal sealed class OutputSource : MonitorSource
{
    /// <summary>More than a pipe or a terminal holds: with <c>--pid host</c> another process may go on writing for ever.</summary>
    private const int MostAtTheEnd = 2 << 20;

    private readonly LogSink _log;
    private readonly AttachServer _attached;
    private readonly bool _isError;
    private int _stream;

    /// <summary>Reads a pipe or the master of a terminal.</summary>
    internal OutputSource(SafeFd stream, bool isError, LogSink log, AttachServer attached)
    {
        _stream = stream.Value;
        Fd = _stream;
        _log = log;
        _attached = attached;
        _isError = isError;
    }

    /// <summary>Reads no more, so that the container waits as it would for a slow pipe; false to go on.</summary>
    internal void Hold(bool hold) => Fd = hold ? -1 : _stream;

    internal override void OnReady(short events)
    {
        // A command that was served earlier in this round may have put it on hold.
        if (Fd >= 0 && !Copy(out _))
        {
            _stream = -1;
            Fd = -1;
        }
    }

    /// <summary>What the container wrote before it ended is still there.</summary>
    internal override void OnEnd()
    {
        int left = MostAtTheEnd;
        while (_stream >= 0 && left > 0 && Poll.Wait(_stream, Poll.POLLIN, 0) != 0 && Copy(out int n))
        {
            left -= n;
        }
    }

    /// <summary>False at the end of the stream: 0 for a pipe, EIO for a terminal that nobody has open.</summary>
    private bool Copy(out int count)
    {
        byte[] buffer = Loop!.Buffer;
        count = Files.TryRead(_stream, buffer.AsSpan(1, AttachFrame.MaximumLength - 1), out int errno);
        if (count <= 0)
        {
            return errno == Errno.EAGAIN;
        }
        _log.Add(_isError, buffer.AsSpan(1, count));
        _attached.Send(buffer.AsSpan(0, count + 1), _isError);
        return true;
    }
}
