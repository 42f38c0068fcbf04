using Skiff.Linux.Actions;
using Skiff.Linux.Netlink;

namespace Skiff.Linux.Nftables;

/// <summary>One nftables transaction: the kernel applies all of its messages or none (nfnetlink batch).</summary>
/// <remarks>Only the last message before the end of the batch asks for an acknowledgement, so the first reply decides, as with <see cref="NetlinkRequest"/>.</remarks>
public sealed record NftTransaction : HostAction
{
    private readonly string[] _lines;

    internal NftTransaction(byte[] message, string[] lines)
    {
        Message = message;
        _lines = lines;
    }

    /// <summary>The bytes of one send(2) on a NETLINK_NETFILTER socket.</summary>
    public ReadOnlyMemory<byte> Message { get; }

    /// <summary>The commands in the syntax of nft(8), one per message.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>An errno that means the wished state is there already, such as ENOENT for a deletion; 0 for none.</summary>
    public int Accepted { get; init; }

    /// <summary>The socket to send it on; null to open one. Closing a netfilter socket waits for the memory of what was deleted (an RCU grace period,
    /// with the lock of all transactions held), so whoever deletes keeps its socket until that is over.</summary>
    public NetlinkSocket? Socket { get; init; }

    /// <summary>What takes it back; null when nothing has to.</summary>
    public HostAction? Inverse { get; init; }

    /// <inheritdoc/>
    public override string Text => "nft " + string.Join("; ", _lines);

    /// <inheritdoc/>
    public override string ManPage => "nft(8)";

    /// <inheritdoc/>
    public override HostAction? Undo => Inverse;

    /// <inheritdoc/>
    public override void Run()
    {
        if (Socket is not null)
        {
            Run(Socket);
            return;
        }
        using var socket = NetlinkSocket.Open(NetlinkSocket.NETLINK_NETFILTER);
        Run(socket);
    }

    private void Run(NetlinkSocket socket)
    {
        NetlinkReply reply = socket.Transact(Message.Span);
        if (reply.Errno == 0)
        {
            return;
        }
        if (reply.Errno == Accepted)
        {
            socket.Drain();
            return;
        }
        // One answer per message that was refused.
        socket.Drain();
        // Message 1 is the begin of the batch.
        string line = reply.Sequence >= 2 && reply.Sequence <= _lines.Length + 1 ? _lines[reply.Sequence - 2] : Text;
        throw new LinuxException("nft", reply.Explanation.Length == 0 ? line : $"{line} ({reply.Explanation})", reply.Errno);
    }
}
