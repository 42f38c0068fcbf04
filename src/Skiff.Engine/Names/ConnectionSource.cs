using System.Buffers.Binary;
using Skiff.Engine.Monitoring;
using Skiff.Linux;

namespace Skiff.Engine.Names;

/// <summary>A connection over which a container asks, one question after the other: a length of two bytes, then the message (RFC 1035, 4.2.2).</summary>
internal sealed class ConnectionSource : MonitorSource
{
    /// <summary>How long it may be idle, in milliseconds.</summary>
    private const int Idle = 10_000;
    private const int LargestQuestion = 4096;
    private readonly NameServer _server;
    private readonly SafeFd _socket;
    private readonly byte[] _question = new byte[2 + LargestQuestion];
    private int _read;
    private byte[] _answer = [];
    private int _written;
    private ForwardedConnection? _forwarded;
    private bool _ended;

    internal ConnectionSource(NameServer server, SafeFd socket)
    {
        _server = server;
        _socket = socket;
        Fd = socket.Value;
        Due = Environment.TickCount64 + Idle;
    }

    internal override void OnReady(short events)
    {
        if (_answer.Length > 0)
        {
            Write();
        }
        else
        {
            Read();
        }
    }

    internal override void OnDue() => End();

    internal override void OnEnd() => End();

    /// <summary>What another server has answered, or null when none did.</summary>
    internal void Answered(ReadOnlySpan<byte> message)
    {
        _forwarded = null;
        Reply(message);
    }

    private void Read()
    {
        int wanted = _read < 2 ? 2 : 2 + BinaryPrimitives.ReadUInt16BigEndian(_question);
        if (wanted > _question.Length)
        {
            End();
            return;
        }
        int n = InternetSocket.Receive(_socket, _question.AsSpan(_read, wanted - _read), out int errno);
        if (n <= 0)
        {
            if (n == 0 || errno != Errno.EAGAIN)
            {
                End();
            }
            return;
        }
        _read += n;
        Due = Environment.TickCount64 + Idle;
        if (_read == wanted && _read > 2)
        {
            Ask(_question.AsSpan(2, _read - 2));
        }
        else if (_read == 2 && BinaryPrimitives.ReadUInt16BigEndian(_question) == 0)
        {
            End();
        }
    }

    private void Ask(ReadOnlySpan<byte> message)
    {
        Span<byte> answer = Loop!.Buffer;
        int? known = _server.TryAnswer(message, answer, out DnsQuestion question);
        if (known is null)
        {
            Fd = -1; // the next question waits for this answer
            Due = Never;
            _forwarded = _server.TryBegin() ? ForwardedConnection.Begin(_server, Loop, this, message, question) : null;
            if (_forwarded is not null)
            {
                return;
            }
            known = DnsAnswer.Refusal(answer, message, question, DnsAnswer.ServerFailure);
        }
        if (known == 0)
        {
            End();
            return;
        }
        Reply(answer[..known.Value]);
    }

    private void Reply(ReadOnlySpan<byte> message)
    {
        _answer = new byte[2 + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(_answer, (ushort)message.Length);
        message.CopyTo(_answer.AsSpan(2));
        _written = 0;
        _read = 0;
        Fd = _socket.Value;
        Due = Environment.TickCount64 + Idle;
        Write();
    }

    private void Write()
    {
        int n = InternetSocket.Send(_socket, _answer.AsSpan(_written), out int errno);
        if (n < 0 && errno != Errno.EAGAIN)
        {
            End();
            return;
        }
        _written += Math.Max(0, n);
        bool done = _written == _answer.Length;
        _answer = done ? [] : _answer;
        Events = done ? Poll.POLLIN : Poll.POLLOUT;
    }

    private void End()
    {
        if (!_ended)
        {
            _ended = true;
            _forwarded?.GiveUp();
            _server.Disconnected();
            Loop?.Remove(this);
            _socket.Dispose();
        }
    }
}
