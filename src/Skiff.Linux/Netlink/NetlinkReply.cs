using System.Buffers.Binary;

namespace Skiff.Linux.Netlink;

/// <summary>The kernel's answer to a request: <c>struct nlmsgerr</c> and the extended ack (netlink(7)).</summary>
/// <param name="Errno">0 for success, else the positive error number.</param>
/// <param name="Sequence">Which message of the batch it answers, from 1.</param>
/// <param name="Explanation">The kernel's own words (NLMSGERR_ATTR_MSG), or empty.</param>
public readonly record struct NetlinkReply(int Errno, uint Sequence, string Explanation)
{
    /// <summary>Offset of <c>nlmsgerr.error</c>, a 32-bit number, in the reply: a program of raw system calls requires four zero bytes there.</summary>
    public const int ErrorOffset = 16;

    private const ushort NLM_F_CAPPED = 0x100;
    private const ushort NLM_F_ACK_TLVS = 0x200;
    private const ushort NLMSGERR_ATTR_MSG = 1;

    internal static NetlinkReply Parse(ReadOnlySpan<byte> reply)
    {
        if (reply.Length < 20 || BinaryPrimitives.ReadUInt16LittleEndian(reply[4..]) != NetlinkSocket.NLMSG_ERROR)
        {
            return new NetlinkReply(Linux.Errno.EIO, 0, "unexpected answer");
        }
        int length = Math.Min((int)BinaryPrimitives.ReadUInt32LittleEndian(reply), reply.Length);
        ushort flags = BinaryPrimitives.ReadUInt16LittleEndian(reply[6..]);
        uint sequence = BinaryPrimitives.ReadUInt32LittleEndian(reply[8..]);
        int errno = -BinaryPrimitives.ReadInt32LittleEndian(reply[ErrorOffset..]);
        string explanation = "";
        if ((flags & NLM_F_ACK_TLVS) != 0 && length >= 36)
        {
            // The offending request is repeated in full unless NLM_F_CAPPED; the attributes follow it.
            int request = (flags & NLM_F_CAPPED) != 0 || errno == 0 ? 16 : (int)BinaryPrimitives.ReadUInt32LittleEndian(reply[20..]);
            int start = 20 + ((request + 3) & ~3);
            if (start < length)
            {
                var attributes = new NetlinkReader(reply[start..length]);
                while (attributes.Next())
                {
                    if (attributes.Type == NLMSGERR_ATTR_MSG)
                    {
                        explanation = attributes.Text;
                    }
                }
            }
        }
        return new NetlinkReply(errno, sequence, explanation);
    }
}
