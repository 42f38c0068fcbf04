using System.Buffers.Binary;
using System.Net;
using Skiff.Engine.Monitoring;
using Skiff.Linux;

namespace Skiff.Engine.Names;

/// <summary>A question that came over TCP and is put to other servers over TCP, one after the other.</summary>
internal sealed class ForwardedConnection : MonitorSource
{
    private const int Patience = 3000;
    private readonly NameServer _server;
    private readonly ConnectionSource _asker;
    private readonly byte[] _message;
    private readonly DnsQuestion _question;
    private readonly IReadOnlyList<IPEndPoint> _servers;
    private SafeFd? _socket;
    private byte[] _answer = new byte[2];
    private int _next;
    private int _sent;
    private int _read;
    private bool _ended;

    private ForwardedConnection(NameServer server, ConnectionSource asker, ReadOnlySpan<byte> message, in DnsQuestion question)
    {
        _server = server;
        _asker = asker;
        _question = question;
        _servers = server.Servers.Current;
        _message = new byte[2 + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(_message, (ushort)message.Length);
        message.CopyTo(_message.AsSpan(2));
    }

    /// <summary>Asks the first server; null when none can be reached.</summary>
    internal static ForwardedConnection? Begin(
        NameServer server,
        MonitorLoop loop,
        ConnectionSource asker,
        ReadOnlySpan<byte> message,
        in DnsQuestion question
    )
    {
        ForwardedConnection forwarded = new(server, asker, message, question);
        loop.Add(forwarded);
        if (forwarded.TryNext())
        {
            return forwarded;
        }
        forwarded.GiveUp();
        return null;
    }

    internal override void OnReady(short events)
    {
        if (_sent < _message.Length)
        {
            Send();
        }
        else
        {
            Receive();
        }
    }

    internal override void OnDue() => GoOn();

    internal override void OnEnd() => GiveUp();

    /// <summary>Nobody waits for the answer any more.</summary>
    internal void GiveUp()
    {
        if (!_ended)
        {
            _ended = true;
            _server.Ended();
            Loop?.Remove(this);
            _socket?.Dispose();
        }
    }

    private void Send()
    {
        int errno = _sent == 0 ? InternetSocket.Error(_socket!) : 0;
        int n = errno == 0 ? InternetSocket.Send(_socket!, _message.AsSpan(_sent), out errno) : -1;
        if (n < 0 && errno != Errno.EAGAIN)
        {
            GoOn();
            return;
        }
        _sent += Math.Max(0, n);
        Events = _sent == _message.Length ? Poll.POLLIN : Poll.POLLOUT;
    }

    private void Receive()
    {
        int n = InternetSocket.Receive(_socket!, _answer.AsSpan(_read), out int errno);
        if (n <= 0)
        {
            if (n == 0 || errno != Errno.EAGAIN)
            {
                GoOn();
            }
            return;
        }
        _read += n;
        if (_read == 2 && _answer.Length == 2)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(_answer);
            if (length < DnsQuestion.HeaderSize)
            {
                GoOn();
                return;
            }
            Array.Resize(ref _answer, 2 + length);
        }
        else if (_read == _answer.Length)
        {
            GiveUp();
            _asker.Answered(_answer.AsSpan(2));
        }
    }

    private void GoOn()
    {
        if (!TryNext())
        {
            Span<byte> answer = stackalloc byte[512 + DnsQuestion.HeaderSize];
            int length = DnsAnswer.Refusal(answer, _message.AsSpan(2), _question, DnsAnswer.ServerFailure);
            GiveUp();
            _asker.Answered(answer[..length]);
        }
    }

    private bool TryNext()
    {
        _socket?.Dispose();
        _socket = null;
        _answer = new byte[2];
        _read = _sent = 0;
        while (_next < _servers.Count)
        {
            _socket = _server.TryReach(_servers[_next++], udp: false);
            if (_socket is not null)
            {
                Fd = _socket.Value;
                Events = Poll.POLLOUT;
                Due = Environment.TickCount64 + Patience;
                return true;
            }
        }
        Fd = -1;
        return false;
    }
}
