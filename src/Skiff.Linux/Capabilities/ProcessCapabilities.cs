using System.Buffers.Binary;

namespace Skiff.Linux.Capabilities;

/// <summary>The five capability sets of a process, capabilities(7).</summary>
/// <param name="Bounding">What an exec can give at most; everything else is dropped by PR_CAPBSET_DROP.</param>
/// <param name="Permitted">What the process may raise.</param>
/// <param name="Effective">What counts now.</param>
/// <param name="Inheritable">Empty for containers: with it, programs with inheritable file capabilities gained rights (CVE-2022-24769, CVE-2022-29162).</param>
/// <param name="Ambient">Empty for containers.</param>
public sealed record ProcessCapabilities(
    CapabilitySet Bounding,
    CapabilitySet Permitted,
    CapabilitySet Effective,
    CapabilitySet Inheritable = default,
    CapabilitySet Ambient = default
)
{
    /// <summary>_LINUX_CAPABILITY_VERSION_3, capset(2): 64-bit sets in two halves.</summary>
    public const uint Version3 = 0x20080522;

    /// <summary>Computes the sets from docker's flags.</summary>
    /// <param name="add">Names of <c>--cap-add</c>; <c>ALL</c> adds everything.</param>
    /// <param name="drop">Names of <c>--cap-drop</c>; <c>ALL</c> drops the default set first, then <paramref name="add"/> counts.</param>
    /// <param name="privileged">All capabilities, <paramref name="add"/> and <paramref name="drop"/> are still checked.</param>
    /// <param name="root">True when the process runs as uid 0. Another user keeps the bounding set but has nothing permitted or effective:
    /// a set-uid program or file capabilities can raise no more than the bounding set.</param>
    /// <remarks>The result is not cut to <see cref="CapabilitySet.SupportedByKernel"/>; the launcher does that where it makes the system calls.</remarks>
    public static ProcessCapabilities Compute(IReadOnlyCollection<string> add, IReadOnlyCollection<string> drop, bool privileged, bool root)
    {
        CapabilitySet added = CapabilitySet.Parse(add, "--cap-add");
        CapabilitySet dropped = CapabilitySet.Parse(drop, "--cap-drop");
        bool dropAll = dropped == CapabilitySet.All;
        CapabilitySet set =
            privileged ? CapabilitySet.All
            : added == CapabilitySet.All ? CapabilitySet.All - (dropAll ? CapabilitySet.None : dropped)
            : dropAll ? added
            : (CapabilitySet.Default - dropped) | (added - dropped);
        return Of(set, root);
    }

    /// <summary>The sets of a container process whose bounding set is <paramref name="set"/>.</summary>
    public static ProcessCapabilities Of(CapabilitySet set, bool root) =>
        new(set, root ? set : CapabilitySet.None, root ? set : CapabilitySet.None);

    /// <summary>What this thread may raise, what counts now, and what it inherited, capget(2). The bounding and the ambient set, of which it says nothing, are empty.</summary>
    public static unsafe ProcessCapabilities Own()
    {
        uint* header = stackalloc uint[2];
        header[0] = Version3;
        uint* data = stackalloc uint[6]; // effective, permitted, inheritable: the low 32 capabilities, then the high ones
        return RawCall.Invoke(SyscallNumber.capget, (nint)header, (nint)data) == 0
            ? new(CapabilitySet.None, Set(data + 1), Set(data), Set(data + 2))
            : new(CapabilitySet.None, CapabilitySet.None, CapabilitySet.None);
        static CapabilitySet Set(uint* low) => new(low[0] | ((ulong)low[3] << 32));
    }

    /// <summary>struct __user_cap_header_struct: version 3, pid 0 (the caller).</summary>
    public static byte[] Header()
    {
        byte[] header = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Version3);
        return header;
    }

    /// <summary>Two struct __user_cap_data_struct {effective, permitted, inheritable}: the low 32 capabilities, then the high ones.</summary>
    public byte[] Data()
    {
        byte[] data = new byte[24];
        for (int half = 0; half < 2; half++)
        {
            Span<byte> at = data.AsSpan(half * 12);
            BinaryPrimitives.WriteUInt32LittleEndian(at, (uint)(Effective.Bits >> (32 * half)));
            BinaryPrimitives.WriteUInt32LittleEndian(at[4..], (uint)(Permitted.Bits >> (32 * half)));
            BinaryPrimitives.WriteUInt32LittleEndian(at[8..], (uint)(Inheritable.Bits >> (32 * half)));
        }
        return data;
    }
}
