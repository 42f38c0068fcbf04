using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Skiff.SystemTests.Fixture;

/// <summary>A DNS server of the world outside, at an address of a network namespace: <c>known.test</c> is 192.0.2.77, <c>big.test</c> is a hundred addresses that need TCP, <c>silent.test</c> is never answered, everything else does not exist.</summary>
internal sealed class NameServerOnHost : IDisposable
{
    private readonly Socket _udp;
    private readonly Socket _tcp;
    private int _questions;

    public NameServerOnHost(Netns net, string address)
    {
        IPEndPoint end = new(IPAddress.Parse(address), 53);
        (_udp, _tcp) = net.On(() =>
        {
            Socket udp = new(SocketType.Dgram, ProtocolType.Udp);
            udp.Bind(end);
            Socket tcp = new(SocketType.Stream, ProtocolType.Tcp);
            tcp.Bind(end);
            tcp.Listen();
            return (udp, tcp);
        });
        new Thread(ServeUdp) { IsBackground = true }.Start();
        new Thread(ServeTcp) { IsBackground = true }.Start();
    }

    /// <summary>How many questions came.</summary>
    public int Questions => Volatile.Read(ref _questions);

    public void Dispose()
    {
        _udp.Dispose();
        _tcp.Dispose();
    }

    private void ServeUdp()
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (true)
            {
                EndPoint from = new IPEndPoint(IPAddress.IPv6Any, 0);
                int length = _udp.ReceiveFrom(buffer, ref from);
                if (Answer(buffer.AsSpan(0, length), tcp: false) is { } answer)
                {
                    _udp.SendTo(answer, from);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // the test is over
        }
    }

    private void ServeTcp()
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (true)
            {
                using Socket connection = _tcp.Accept();
                int length = connection.Receive(buffer);
                if (length > 2 && Answer(buffer.AsSpan(2, length - 2), tcp: true) is { } answer)
                {
                    connection.Send([(byte)(answer.Length >> 8), (byte)answer.Length, .. answer]);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // the test is over
        }
    }

    private byte[]? Answer(ReadOnlySpan<byte> question, bool tcp)
    {
        Interlocked.Increment(ref _questions);
        string text = Encoding.Latin1.GetString(question);
        bool known = text.Contains("\u0005known\u0004test", StringComparison.OrdinalIgnoreCase);
        bool big = text.Contains("\u0003big\u0004test", StringComparison.OrdinalIgnoreCase);
        if (text.Contains("silent", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
        int end = question.IndexOf("\u0004test\0"u8) is >= 0 and int at ? at + 10 : question.Length;
        bool four = end <= question.Length && end >= 4 && question[end - 3] == 1;
        int count =
            !four ? 0
            : known ? 1
            : big && tcp ? 100
            : 0;
        List<byte> answer = [.. question[..end]];
        answer[2] = (byte)(0x84 | (big && !tcp ? 2 : 0));
        answer[3] = (byte)(known || big ? 0x80 : 0x83);
        answer[6] = 0;
        answer[7] = (byte)count;
        answer[10] = answer[11] = 0;
        Span<byte> number = stackalloc byte[2];
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(number, (ushort)i);
            answer.AddRange([
                0xC0,
                12,
                0,
                1,
                0,
                1,
                0,
                0,
                0,
                60,
                0,
                4,
                known ? (byte)192 : (byte)10,
                0,
                known ? (byte)2 : number[0],
                known ? (byte)77 : number[1],
            ]);
        }
        return [.. answer];
    }
}
