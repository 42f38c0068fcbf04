using System.Buffers.Binary;
using System.Net;
using Skiff.Engine.Monitoring;
using Skiff.Linux;

namespace Skiff.Engine.Names;

/// <summary>A question that came in a datagram and is put to other servers, one after the other; what they answer goes back as it is.</summary>
internal sealed class ForwardedDatagram : MonitorSource
{
    /// <summary>How long a server may think, in milliseconds: three of them, or one twice, take less than the five seconds after which askers ask again (resolv.conf(5)).</summary>
    private const int Patience = 1500;

    private readonly NameServer _server;
    private readonly SafeFd _asker;
    private readonly byte[] _sender;
    private readonly byte[] _message;
    private readonly DnsQuestion _question;
    private readonly IReadOnlyList<IPEndPoint> _servers;
    private SafeFd? _socket;
    private int _next;
    private bool _ended;

    private ForwardedDatagram(NameServer server, SafeFd asker, ReadOnlySpan<byte> message, in DnsQuestion question, byte[] sender)
    {
        _server = server;
        _asker = asker;
        _sender = (byte[])sender.Clone();
        _message = message.ToArray();
        _question = question;
        IReadOnlyList<IPEndPoint> servers = server.Servers.Current;
        _servers = servers.Count == 1 ? [servers[0], servers[0]] : servers;
        // A number of our own and a port of the kernel's: answers are hard to guess.
        RandomBytes.Fill(_message.AsSpan(0, 2));
    }

    /// <summary>Asks the first server; false when none can be reached.</summary>
    internal static bool Begin(
        NameServer server,
        MonitorLoop loop,
        SafeFd asker,
        ReadOnlySpan<byte> message,
        in DnsQuestion question,
        byte[] sender
    )
    {
        ForwardedDatagram forwarded = new(server, asker, message, question, sender);
        loop.Add(forwarded);
        if (forwarded.TryNext())
        {
            return true;
        }
        forwarded.End();
        return false;
    }

    internal override void OnReady(short events)
    {
        Span<byte> buffer = Loop!.Buffer;
        int length = InternetSocket.Receive(_socket!, buffer, out int errno);
        if (length < 0)
        {
            if (errno != Errno.EAGAIN)
            {
                GoOn(); // nobody listens there: ECONNREFUSED, EHOSTUNREACH
            }
            return;
        }
        if (!IsAnswer(buffer[..length]))
        {
            return;
        }
        int code = buffer[3] & 0xF;
        if (code is DnsAnswer.ServerFailure or 5 && _next < _servers.Count && TryNext())
        {
            return; // the next one may know better
        }
        Answer(buffer[..length]);
    }

    internal override void OnDue() => GoOn();

    internal override void OnEnd() => End();

    private void GoOn()
    {
        if (!TryNext())
        {
            Span<byte> answer = stackalloc byte[512 + DnsQuestion.HeaderSize];
            BinaryPrimitives.WriteUInt16BigEndian(_message, _question.Id);
            Answer(answer[..DnsAnswer.Refusal(answer, _message, _question, DnsAnswer.ServerFailure)]);
        }
    }

    private bool TryNext()
    {
        _socket?.Dispose();
        _socket = null;
        Fd = -1;
        while (_next < _servers.Count)
        {
            _socket = _server.TryReach(_servers[_next++], udp: true);
            if (_socket is not null && InternetSocket.Send(_socket, _message, out _) == _message.Length)
            {
                Fd = _socket.Value;
                Due = Environment.TickCount64 + Patience;
                return true;
            }
            _socket?.Dispose();
            _socket = null;
        }
        return false;
    }

    /// <summary>Number and question must be those that were sent.</summary>
    private bool IsAnswer(ReadOnlySpan<byte> answer) =>
        answer.Length >= DnsQuestion.HeaderSize
        && answer[..2].SequenceEqual(_message.AsSpan(0, 2))
        && (answer[2] & 0x80) != 0
        && (
            answer.Length < _question.End
                ? (answer[3] & 0xF) != DnsAnswer.NoError
                : System.Text.Ascii.EqualsIgnoreCase(
                    answer[DnsQuestion.HeaderSize.._question.End],
                    _message.AsSpan(DnsQuestion.HeaderSize, _question.End - DnsQuestion.HeaderSize)
                ) || answer[DnsQuestion.HeaderSize.._question.End].SequenceEqual(_message.AsSpan()[DnsQuestion.HeaderSize.._question.End])
        );

    private void Answer(Span<byte> answer)
    {
        BinaryPrimitives.WriteUInt16BigEndian(answer, _question.Id);
        InternetSocket.SendTo(_asker, answer, _sender);
        End();
    }

    private void End()
    {
        if (!_ended)
        {
            _ended = true;
            _server.Ended();
            Loop?.Remove(this);
            _socket?.Dispose();
        }
    }
}
