using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>The container's standard input, or its terminal: what it does not take at once waits here, and meanwhile no more is read from the commands.</summary>
internal sealed class ContainerInput : MonitorSource
{
    private readonly SafeFd _stream;
    private readonly AttachServer _server;
    private readonly bool _once;
    private byte[] _waiting = [];
    private bool _ended;
    private bool _closed;

    /// <summary>The stream becomes non-blocking.</summary>
    /// <param name="stream">The write end of a pipe, or a terminal's master.</param>
    /// <param name="server">Told when it is full and when it is not any more.</param>
    /// <param name="once">The input ends with that of the first command, as with <c>run -i</c>; false for a terminal and for <c>run -d -i</c>.</param>
    internal ContainerInput(SafeFd stream, AttachServer server, bool once)
    {
        Files.SetNonBlocking(stream);
        _stream = stream;
        _server = server;
        _once = once;
        Events = Poll.POLLOUT;
    }

    internal bool IsFull => _waiting.Length > 0;

    internal void Write(ReadOnlySpan<byte> bytes)
    {
        if (_closed || _ended)
        {
            return;
        }
        int taken = Some(bytes);
        if (taken < bytes.Length)
        {
            _waiting = bytes[taken..].ToArray();
            Fd = _stream.Value;
        }
    }

    /// <summary>A command's input has ended.</summary>
    internal void EndOf()
    {
        _ended |= _once;
        CloseWhenDone();
    }

    internal override void OnReady(short events)
    {
        int taken = Some(_waiting);
        _waiting = _closed || taken == _waiting.Length ? [] : _waiting[taken..];
        if (_waiting.Length == 0)
        {
            Fd = -1;
            CloseWhenDone();
            _server.InputChanged();
        }
    }

    private int Some(ReadOnlySpan<byte> bytes)
    {
        int n = Files.TryWrite(_stream.Value, bytes, out int errno);
        if (n < 0 && errno != Errno.EAGAIN)
        {
            _closed = true; // the container has closed its input: what comes is dropped, as a pipe would
            return bytes.Length;
        }
        return Math.Max(n, 0);
    }

    private void CloseWhenDone()
    {
        if (_ended && !_closed && _waiting.Length == 0)
        {
            _closed = true;
            _stream.Dispose();
        }
    }
}
