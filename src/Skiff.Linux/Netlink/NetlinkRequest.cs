using Skiff.Linux.Actions;

namespace Skiff.Linux.Netlink;

/// <summary>One or more rtnetlink messages that are sent together, as a value: decoded for the reader, as bytes for the kernel.</summary>
/// <remarks>The last message carries NLM_F_ACK and the others do not, so success is one reply whose 32-bit number at <see cref="NetlinkReply.ErrorOffset"/> is 0,
/// and a failure is always the first reply. A child program can therefore send <see cref="Message"/> as it is with socket, sendto, recvfrom and one comparison.</remarks>
public sealed record NetlinkRequest : HostAction
{
    private readonly string[] _lines;

    internal NetlinkRequest(byte[] message, string[] lines)
    {
        Message = message;
        _lines = lines;
    }

    /// <summary>The bytes of one send(2) on a NETLINK_ROUTE socket.</summary>
    public ReadOnlyMemory<byte> Message { get; }

    /// <summary>One decoded line per message.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>An errno that means the wished state is there already, such as ENODEV for a deletion; 0 for none.</summary>
    public int Accepted { get; init; }

    /// <summary>What takes it back; null where the kernel does (a veth dies with the network namespace of its peer).</summary>
    public HostAction? Inverse { get; init; }

    /// <inheritdoc/>
    public override string Text => string.Join("; ", _lines);

    /// <inheritdoc/>
    public override string ManPage => "rtnetlink(7)";

    /// <inheritdoc/>
    public override HostAction? Undo => Inverse;

    /// <inheritdoc/>
    public override void Run()
    {
        using var socket = NetlinkSocket.Open(NetlinkSocket.NETLINK_ROUTE);
        Run(socket);
    }

    /// <summary>As <see cref="Run()"/>, on a socket that is open already, for example one of another network namespace.</summary>
    public void Run(NetlinkSocket socket)
    {
        NetlinkReply reply = socket.Transact(Message.Span);
        if (reply.Errno == 0 || reply.Errno == Accepted)
        {
            return;
        }
        string line = reply.Sequence >= 1 && reply.Sequence <= _lines.Length ? _lines[reply.Sequence - 1] : Text;
        throw new LinuxException("netlink", reply.Explanation.Length == 0 ? line : $"{line} ({reply.Explanation})", reply.Errno);
    }
}
