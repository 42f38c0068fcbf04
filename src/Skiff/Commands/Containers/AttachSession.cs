using System.Buffers.Binary;
using System.Text;
using Skiff.Engine.Monitoring;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Containers;

/// <summary>An attached command: passes bytes between the monitor's socket and its own streams, until one side ends. Nothing in it waits for one stream alone, so that a signal is always taken.</summary>
internal sealed class AttachSession
{
    /// <summary>A pipe that poll(2) calls writable takes so much without waiting, PIPE_BUF.</summary>
    private const int PieceOfOutput = 4096;

    private readonly SafeFd _socket;
    private readonly AttachWishes _wishes;
    private readonly Action<int> _signal;
    private readonly byte[] _buffer = new byte[AttachFrame.MaximumLength];
    private readonly byte[] _typed = new byte[16 << 10];
    private readonly byte[] _frame = new byte[(16 << 10) + 64];
    private int _start;
    private int _end;
    private int _target;
    private int _frameLength;
    private bool _input;
    private bool _resized;
    private AttachOutcome? _outcome;

    /// <summary>A session over a connected socket whose first frame is sent.</summary>
    /// <param name="socket">The monitor's.</param>
    /// <param name="wishes">What is attached.</param>
    /// <param name="signal">Sends a signal to the container.</param>
    internal AttachSession(SafeFd socket, AttachWishes wishes, Action<int> signal)
    {
        _socket = socket;
        _wishes = wishes;
        _signal = signal;
        _input = wishes.Input;
    }

    /// <summary>The first frame.</summary>
    /// <param name="wishes">What is attached.</param>
    /// <param name="redraw">The program on the terminal should draw its screen again.</param>
    internal static byte[] Hello(AttachWishes wishes, bool redraw) =>
        AttachFrame.MakeHello(
            (byte)(
                (wishes.Input ? AttachFrame.WantsInput : 0)
                | (wishes.Output ? AttachFrame.WantsOutput : 0)
                | (wishes.Error ? AttachFrame.WantsError : 0)
                | (redraw ? AttachFrame.WantsRedraw : 0)
            ),
            wishes.Terminal ? Size() : null
        );

    /// <summary>Serves until the end; the terminal is then as it was.</summary>
    internal AttachOutcome Serve(SignalPipe signals)
    {
        using RawMode? raw = _wishes is { Terminal: true, Input: true } ? RawMode.TryEnter(0) : null;
        Span<PollFd> entries = stackalloc PollFd[4];
        while (_outcome is null)
        {
            short events = (short)((_end == 0 ? Poll.POLLIN : 0) | (_frameLength > 0 || _resized ? Poll.POLLOUT : 0));
            entries[0] = new PollFd(events == 0 ? -1 : _socket.Value, events);
            entries[1] = new PollFd(signals.Fd.Value, Poll.POLLIN);
            entries[2] = new PollFd(_input && _frameLength == 0 ? 0 : -1, Poll.POLLIN);
            entries[3] = new PollFd(_end > 0 ? _target : -1, Poll.POLLOUT);
            Poll.Wait(entries, -1);
            if (entries[1].ReturnedEvents != 0)
            {
                Take(signals);
            }
            if (entries[3].ReturnedEvents != 0)
            {
                Show();
            }
            if (entries[2].ReturnedEvents != 0)
            {
                Type();
            }
            if (_frameLength > 0 || _resized)
            {
                Send();
            }
            if (_end == 0 && entries[0].ReturnedEvents != 0)
            {
                Receive();
            }
        }
        return _outcome.Value;
    }

    private static WindowSize? Size() => Tty.GetSize(0) ?? Tty.GetSize(1);

    private void Take(SignalPipe signals)
    {
        while (signals.TryRead(out int signal))
        {
            if (signal == Signals.SIGWINCH && _wishes.Terminal)
            {
                _resized = true;
            }
            else if (_wishes.Proxy)
            {
                _signal(signal);
            }
            else if (signal is not (Signals.SIGCONT or Signals.SIGWINCH))
            {
                _outcome = new AttachOutcome(AttachEnd.Signalled, signal);
            }
        }
    }

    private void Show()
    {
        int n = Files.TryWrite(_target, _buffer.AsSpan(_start, Math.Min(PieceOfOutput, _end - _start)), out int errno);
        if (n >= 0)
        {
            _start += n;
        }
        else if (errno == Errno.EBADF)
        {
            _start = _end; // closed by >&-: that is what was asked for
        }
        else if (errno != Errno.EAGAIN)
        {
            _outcome = new AttachOutcome(AttachEnd.OutputClosed, errno);
        }
        if (_start == _end)
        {
            _start = _end = 0;
        }
    }

    private void Type()
    {
        int n = Files.TryRead(0, _typed, out int errno);
        if (n < 0 && errno == Errno.EAGAIN)
        {
            return;
        }
        if (n <= 0)
        {
            _input = false;
            _frame[0] = AttachFrame.InputEnd;
            _frameLength = 1;
            return;
        }
        int length = n;
        if (_wishes.Keys is null)
        {
            _typed.AsSpan(0, n).CopyTo(_frame.AsSpan(1));
        }
        else if (_wishes.Keys.Filter(_typed.AsSpan(0, n), _frame.AsSpan(1), out length))
        {
            _outcome = new AttachOutcome(AttachEnd.Detached);
        }
        _frame[0] = AttachFrame.Input;
        _frameLength = length > 0 ? length + 1 : 0;
    }

    private void Send()
    {
        if (_resized && Size() is { } size && PacketSocket.TrySend(_socket, AttachFrame.MakeWindow(size)) == Errno.EAGAIN)
        {
            return;
        }
        _resized = false;
        if (_frameLength == 0)
        {
            return;
        }
        int errno = PacketSocket.TrySend(_socket, _frame.AsSpan(0, _frameLength));
        if (errno == Errno.EAGAIN)
        {
            return;
        }
        _frameLength = 0;
        if (errno != 0)
        {
            _input = false; // the monitor has gone; its last words may still be there to read
        }
        else if (!_input && _wishes is { Input: true, Output: false, Error: false })
        {
            _outcome ??= new AttachOutcome(AttachEnd.InputEnded);
        }
    }

    private void Receive()
    {
        int n = PacketSocket.TryReceive(_socket, _buffer, out int errno);
        if (n < 0 && errno is Errno.EAGAIN or Errno.ECONNRESET)
        {
            return; // ECONNRESET says once that our last frames were not read; what was sent to us is still there
        }
        if (n <= 0)
        {
            _outcome = new AttachOutcome(AttachEnd.Lost);
            return;
        }
        ReadOnlySpan<byte> content = _buffer.AsSpan(1, n - 1);
        switch (_buffer[0])
        {
            case AttachFrame.Output or AttachFrame.Error:
                (_start, _end, _target) = (1, n, _buffer[0] == AttachFrame.Output ? 1 : 2);
                break;
            case AttachFrame.Skipped when content.Length == 8:
                string text =
                    $"\r\nskiff: {BinaryPrimitives.ReadInt64LittleEndian(content)} bytes of output were left out here, because nobody read for too long; skiff logs has them\r\n";
                _ = Files.TryWriteAll(2, Encoding.UTF8.GetBytes(text));
                break;
            case AttachFrame.Quit when content.Length >= 4:
                _outcome = new AttachOutcome(
                    AttachEnd.Exited,
                    BinaryPrimitives.ReadInt32LittleEndian(content),
                    Encoding.UTF8.GetString(content[4..])
                );
                break;
            default:
                break;
        }
    }
}
