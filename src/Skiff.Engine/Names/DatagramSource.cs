using Skiff.Engine.Monitoring;
using Skiff.Linux;

namespace Skiff.Engine.Names;

/// <summary>Takes questions in datagrams.</summary>
internal sealed class DatagramSource : MonitorSource
{
    /// <summary>So many in a round: the container's output and its end have their turn.</summary>
    private const int InARound = 32;
    private const int LargestQuestion = 4096;
    private readonly NameServer _server;
    private readonly SafeFd _socket;
    private readonly byte[] _sender = new byte[InternetSocket.AddressSize];

    internal DatagramSource(NameServer server, SafeFd socket)
    {
        _server = server;
        _socket = socket;
        Fd = socket.Value;
    }

    internal override void OnReady(short events)
    {
        // One half of the loop's buffer for the question, the other for the answer.
        Span<byte> buffer = Loop!.Buffer;
        for (int i = 0; i < InARound; i++)
        {
            int length = InternetSocket.ReceiveFrom(_socket, buffer[..LargestQuestion], _sender);
            if (length < 0)
            {
                return;
            }
            ReadOnlySpan<byte> message = buffer[..length];
            Span<byte> answer = buffer.Slice(LargestQuestion, LargestQuestion);
            int? known = _server.TryAnswer(message, answer, out DnsQuestion question);
            if (known is > 0 && known > question.UdpSize)
            {
                known = _server.TryAnswer(message, answer[..question.UdpSize], out question);
            }
            if (known is null && (!_server.TryBegin() || !ForwardedDatagram.Begin(_server, Loop, _socket, message, question, _sender)))
            {
                known = DnsAnswer.Refusal(answer, message, question, DnsAnswer.ServerFailure);
            }
            if (known is > 0)
            {
                InternetSocket.SendTo(_socket, answer[..known.Value], _sender);
            }
        }
    }
}
