using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>One of the container's output streams: what comes goes to the log.</summary>
internal sealed class OutputSource : MonitorSource
{
    /// <summary>More than a pipe or a terminal holds: with <c>--pid host</c> another process may go on writing for ever.</summary>
    private const int MostAtTheEnd = 2 << 20;

    private readonly LogWriter _log;
    private readonly bool _isError;

    /// <summary>Reads a pipe or the master of a terminal.</summary>
    internal OutputSource(SafeFd stream, bool isError, LogWriter log)
    {
        Fd = stream.Value;
        _log = log;
        _isError = isError;
    }

    internal override void OnReady(short events)
    {
        if (Copy() <= 0)
        {
            Fd = -1;
        }
    }

    /// <summary>What the container wrote before it ended is still there.</summary>
    internal override void OnEnd()
    {
        int left = MostAtTheEnd;
        while (Fd >= 0 && left > 0 && Poll.Wait(Fd, Poll.POLLIN, 0) != 0)
        {
            int n = Copy();
            left = n > 0 ? left - n : 0;
        }
    }

    private unsafe int Copy()
    {
        byte[] buffer = Loop!.Buffer;
        fixed (byte* p = buffer)
        {
            int n = (int)RawCall.Invoke(SyscallNumber.read, Fd, (nint)p, buffer.Length);
            if (n > 0)
            {
                _log.Add(_isError, buffer.AsSpan(0, n));
            }
            return n;
        }
    }
}
