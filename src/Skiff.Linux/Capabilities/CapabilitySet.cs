using System.Numerics;

namespace Skiff.Linux.Capabilities;

/// <summary>A set of capabilities as the kernel's 64-bit mask (bit n = capability n).</summary>
/// <param name="Bits">The mask.</param>
public readonly partial record struct CapabilitySet(ulong Bits)
{
    /// <summary>How many capabilities this version of Skiff has names for.</summary>
    public const int Count = 41;

    /// <summary>No capability.</summary>
    public static CapabilitySet None => default;

    /// <summary>Every capability that has a name here; intersect with <see cref="SupportedByKernel"/> before use.</summary>
    public static CapabilitySet All => new((1UL << Count) - 1);

    /// <summary>The 11 that a container has by default: podman's set. Docker adds AUDIT_WRITE, MKNOD and NET_RAW, which nearly nothing needs
    /// (ping works through net.ipv4.ping_group_range, device nodes through --device).</summary>
    public static CapabilitySet Default =>
        None
        | Capability.CAP_CHOWN
        | Capability.CAP_DAC_OVERRIDE
        | Capability.CAP_FOWNER
        | Capability.CAP_FSETID
        | Capability.CAP_KILL
        | Capability.CAP_NET_BIND_SERVICE
        | Capability.CAP_SETFCAP
        | Capability.CAP_SETGID
        | Capability.CAP_SETPCAP
        | Capability.CAP_SETUID
        | Capability.CAP_SYS_CHROOT;

    /// <summary>How many capabilities are in the set.</summary>
    public int Size => BitOperations.PopCount(Bits);

    /// <summary>True if the set holds <paramref name="capability"/>.</summary>
    public bool Contains(Capability capability) => ((Bits >> (int)capability) & 1) != 0;

    /// <summary>Adds one capability.</summary>
    public static CapabilitySet operator |(CapabilitySet set, Capability capability) => new(set.Bits | (1UL << (int)capability));

    /// <summary>Union.</summary>
    public static CapabilitySet operator |(CapabilitySet a, CapabilitySet b) => new(a.Bits | b.Bits);

    /// <summary>Intersection.</summary>
    public static CapabilitySet operator &(CapabilitySet a, CapabilitySet b) => new(a.Bits & b.Bits);

    /// <summary>Difference.</summary>
    public static CapabilitySet operator -(CapabilitySet a, CapabilitySet b) => new(a.Bits & ~b.Bits);

    /// <summary>The capabilities that the running kernel knows: capset(2) ignores and PR_CAPBSET_DROP refuses higher ones.</summary>
    public static CapabilitySet SupportedByKernel()
    {
        const int PR_CAPBSET_READ = 23; // EINVAL for one that it does not know
        int last = 40; // CAP_CHECKPOINT_RESTORE, Linux 5.9
        while (last < 62 && Libc.syscall(SyscallNumber.prctl, PR_CAPBSET_READ, last + 1, 0, 0, 0, 0) >= 0)
        {
            last++;
        }
        return new((2UL << last) - 1);
    }

    /// <summary>The set of the given names, as in an OCI spec or <c>--cap-add</c>; <c>ALL</c> is every capability; an unknown name is a <see cref="SkiffException"/>.</summary>
    /// <param name="names">Names with or without <c>CAP_</c>.</param>
    /// <param name="asked">Where they come from, such as <c>--cap-add</c>, for the message.</param>
    public static CapabilitySet Parse(IEnumerable<string> names, string asked)
    {
        CapabilitySet set = None;
        foreach (string name in names)
        {
            if (name.Equals("ALL", StringComparison.OrdinalIgnoreCase))
            {
                set = All;
            }
            else if (TryParse(name, out Capability capability))
            {
                set |= capability;
            }
            else
            {
                throw new SkiffException(
                    $"{asked} {name}: there is no such capability; capabilities(7) lists them, ALL means all of them",
                    125
                );
            }
        }
        return set;
    }

    /// <summary>The names in the order of their numbers.</summary>
    public IReadOnlyList<string> Names()
    {
        List<string> names = new(Size);
        for (int i = 0; i < 64; i++)
        {
            if (((Bits >> i) & 1) != 0)
            {
                names.Add(Name(i));
            }
        }
        return names;
    }

    /// <inheritdoc/>
    public override string ToString() => Bits == 0 ? "none" : string.Join(' ', Names());
}
