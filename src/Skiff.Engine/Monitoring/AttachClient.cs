using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Engine.Monitoring;

/// <summary>One attached command, as its container's monitor sees it.</summary>
internal sealed class AttachClient : MonitorSource, IDisposable
{
    private readonly AttachServer _server;
    private readonly SafeFd _socket;
    private readonly Queue<byte[]> _queue = new();
    private byte _streams;
    private long _skipped;
    private bool _inputEnded;
    private bool _closed;

    internal AttachClient(AttachServer server, SafeFd socket)
    {
        _server = server;
        _socket = socket;
        Fd = socket.Value;
    }

    private bool IsLeftBehind => _skipped > 0;

    /// <summary>The container does not read its input.</summary>
    private bool MustWait => _server.Input is { IsFull: true } && (_streams & AttachFrame.WantsInput) != 0;

    /// <summary>Takes a frame, or keeps it until there is room.</summary>
    internal void Offer(ReadOnlySpan<byte> frame, bool isError)
    {
        if (_closed || (_streams & (isError ? AttachFrame.WantsError : AttachFrame.WantsOutput)) == 0)
        {
            return;
        }
        if (IsLeftBehind)
        {
            _skipped += frame.Length - 1;
            return;
        }
        int errno = _queue.Count > 0 ? Errno.EAGAIN : PacketSocket.TrySend(_socket, frame);
        if (errno == Errno.EAGAIN)
        {
            Keep(frame.ToArray());
        }
        else if (errno != 0)
        {
            Close();
        }
    }

    /// <summary>Reads the first frame, before the loop runs. What came after it, input that was typed ahead and its end, has nowhere to go until the container is served: it waits in the socket.</summary>
    internal void ReadFirst()
    {
        byte[] hello = new byte[64];
        int n = PacketSocket.TryReceive(_socket, hello, out _);
        if (n > 0)
        {
            Take(hello.AsSpan(0, n));
        }
    }

    internal override void OnReady(short events)
    {
        if ((events & Poll.POLLOUT) != 0)
        {
            Flush();
        }
        if (!_closed && (events & (Poll.POLLIN | Poll.POLLHUP | Poll.POLLERR)) != 0)
        {
            Read(Loop!.Buffer);
        }
    }

    /// <summary>It has read nothing for too long: the container waits no more.</summary>
    internal override void OnDue()
    {
        if (_queue.Count == 0)
        {
            return;
        }
        while (_queue.TryDequeue(out byte[]? frame))
        {
            _skipped += frame.Length - 1;
        }
        _server.Wait(-1);
        Refresh();
    }

    /// <summary>What is waited for: room for output, and frames unless the container's input is full.</summary>
    internal void Refresh()
    {
        bool output = _queue.Count > 0 || IsLeftBehind;
        Events = (short)((output ? Poll.POLLOUT : 0) | (MustWait ? 0 : Poll.POLLIN));
        // A hang-up is reported whether it is asked for or not: a socket from which nothing may be read now is not polled at all.
        Fd = _closed || Events == 0 ? -1 : _socket.Value;
    }

    /// <summary>The last frame, after all others.</summary>
    internal void Finish(byte[] quit, int patience)
    {
        if (IsLeftBehind)
        {
            _queue.Enqueue(AttachFrame.MakeSkipped(_skipped));
        }
        _queue.Enqueue(quit);
        while (!_closed && _queue.TryPeek(out byte[]? frame))
        {
            int errno = PacketSocket.TrySend(_socket, frame);
            if (errno == 0)
            {
                _queue.Dequeue();
            }
            else if (errno != Errno.EAGAIN || Poll.Wait(_socket.Value, Poll.POLLOUT, patience) == 0)
            {
                return;
            }
        }
    }

    private void Keep(byte[] frame)
    {
        _queue.Enqueue(frame);
        if (_queue.Count == 1)
        {
            Due = Environment.TickCount64 + AttachServer.Patience;
            _server.Wait(1);
            Refresh();
        }
    }

    private void Flush()
    {
        bool waited = _queue.Count > 0;
        int errno = 0;
        while (errno == 0 && (_queue.Count > 0 || IsLeftBehind))
        {
            byte[] frame = _queue.Count > 0 ? _queue.Peek() : AttachFrame.MakeSkipped(_skipped);
            errno = PacketSocket.TrySend(_socket, frame);
            if (errno == 0 && !_queue.TryDequeue(out _))
            {
                _skipped = 0;
            }
        }
        if (errno is not (0 or Errno.EAGAIN))
        {
            Close();
            return;
        }
        Due = _queue.Count > 0 ? Environment.TickCount64 + AttachServer.Patience : Never;
        if (waited && _queue.Count == 0)
        {
            _server.Wait(-1);
        }
        Refresh();
    }

    private void Read(byte[] buffer)
    {
        // One that sends without end must not keep the others waiting.
        for (int frames = 0; frames < 16 && !_closed && !MustWait; frames++)
        {
            int n = PacketSocket.TryReceive(_socket, buffer, out int errno);
            if (n > 0)
            {
                Take(buffer.AsSpan(0, n));
            }
            else if (n < 0 && errno == Errno.EAGAIN)
            {
                break;
            }
            else
            {
                Close();
            }
        }
        Refresh();
    }

    private void Take(ReadOnlySpan<byte> frame)
    {
        ReadOnlySpan<byte> content = frame[1..];
        switch (frame[0])
        {
            case AttachFrame.Hello when content.Length == 5:
                _streams = content[0];
                if (AttachFrame.ReadSize(content[1..]) is { } first)
                {
                    _server.Resize(first, (_streams & AttachFrame.WantsRedraw) != 0);
                }
                break;
            case AttachFrame.Input when (_streams & AttachFrame.WantsInput) != 0:
                _server.Input?.Write(content);
                break;
            case AttachFrame.InputEnd:
                EndInput();
                break;
            case AttachFrame.Window when AttachFrame.ReadSize(content) is { } size:
                _server.Resize(size, redraw: false);
                break;
            default:
                break;
        }
    }

    private void EndInput()
    {
        if ((_streams & AttachFrame.WantsInput) != 0 && !_inputEnded)
        {
            _inputEnded = true;
            _server.Input?.EndOf();
        }
    }

    private void Close()
    {
        if (_closed)
        {
            return;
        }
        _closed = true;
        if (_queue.Count > 0)
        {
            _queue.Clear();
            _server.Wait(-1);
        }
        EndInput();
        _server.Forget(this);
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
