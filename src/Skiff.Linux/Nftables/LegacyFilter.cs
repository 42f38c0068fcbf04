using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Skiff.Linux.Nftables;

/// <summary>The filter table of iptables-legacy in the calling thread's network namespace (linux/netfilter_ipv4/ip_tables.h), which nf_tables knows nothing of.</summary>
public static unsafe class LegacyFilter
{
    private const int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private const int IPT_SO_GET_INFO = 64;
    private const int IPT_SO_GET_ENTRIES = 65;
    private const int NF_INET_FORWARD = 2;

    /// <summary>True when the policy of FORWARD is DROP and no rule of the table names <paramref name="device"/>. A table that is not loaded is not asked for: asking would load it.</summary>
    public static bool DropsForwarded(bool v6, string device)
    {
        string? loaded = Files.TryReadText(v6 ? "/proc/net/ip6_tables_names" : "/proc/net/ip_tables_names", out _);
        if (loaded is null || !loaded.Split('\n').Contains("filter"))
        {
            return false;
        }
        int number = Libc.socket(v6 ? 10 : 2, SOCK_RAW_CLOEXEC, 255);
        if (number < 0)
        {
            return false;
        }
        using SafeFd fd = new(number);
        // struct ipt_getinfo: name[32], valid_hooks, hook_entry[5], underflow[5], num_entries, size.
        byte[] info = new byte[84];
        "filter"u8.CopyTo(info);
        if (!Get(fd, v6, IPT_SO_GET_INFO, info))
        {
            return false;
        }
        int policy = BinaryPrimitives.ReadInt32LittleEndian(info.AsSpan(56 + (NF_INET_FORWARD * 4)));
        int size = BinaryPrimitives.ReadInt32LittleEndian(info.AsSpan(80));
        // struct ipt_get_entries: name[32], size, padding, entries.
        const int Header = 40;
        byte[] entries = new byte[Header + Math.Clamp(size, 0, 64 << 20)];
        "filter"u8.CopyTo(entries);
        BinaryPrimitives.WriteInt32LittleEndian(entries.AsSpan(32), size);
        if (!Get(fd, v6, IPT_SO_GET_ENTRIES, entries))
        {
            return false;
        }
        Span<byte> table = entries.AsSpan(Header);
        // struct ipt_entry: the match (84 bytes, IPv6 136), nfcache, target_offset, …; an xt_standard_target is a header of 32 bytes and a verdict.
        int offset = policy + (v6 ? 140 : 88);
        if (policy < 0 || offset + 2 > table.Length)
        {
            return false;
        }
        int verdict = policy + BinaryPrimitives.ReadUInt16LittleEndian(table[offset..]) + 32;
        const int Drop = -1;
        return verdict + 4 <= table.Length
            && BinaryPrimitives.ReadInt32LittleEndian(table[verdict..]) == Drop
            && table.IndexOf(Encoding.UTF8.GetBytes(device + "\0")) < 0;
    }

    private static bool Get(SafeFd fd, bool v6, int option, byte[] buffer)
    {
        const int SOL_IP = 0,
            SOL_IPV6 = 41;
        uint length = (uint)buffer.Length;
        fixed (byte* p = buffer)
        {
            return Libc.getsockopt(fd.Value, v6 ? SOL_IPV6 : SOL_IP, option, p, &length) == 0;
        }
    }
}
