using Skiff.Linux.Capabilities;

namespace Skiff.Linux.Seccomp;

/// <summary>Comparisons of one argument, libseccomp's <c>SCMP_CMP_*</c>; unsigned and 64 bits wide.</summary>
public enum SeccompCompare
{
    /// <summary>SCMP_CMP_NE.</summary>
    NotEqual,

    /// <summary>SCMP_CMP_LT.</summary>
    Less,

    /// <summary>SCMP_CMP_LE.</summary>
    LessOrEqual,

    /// <summary>SCMP_CMP_EQ.</summary>
    Equal,

    /// <summary>SCMP_CMP_GE.</summary>
    GreaterOrEqual,

    /// <summary>SCMP_CMP_GT.</summary>
    Greater,

    /// <summary>SCMP_CMP_MASKED_EQ: argument &amp; value == value two.</summary>
    MaskedEqual,
}

/// <summary>A condition on one argument of a call.</summary>
/// <param name="Index">0–5.</param>
/// <param name="Compare">How.</param>
/// <param name="Value">With what; the mask for <see cref="SeccompCompare.MaskedEqual"/>.</param>
/// <param name="ValueTwo">What the masked argument must be.</param>
public readonly record struct SeccompCondition(int Index, SeccompCompare Compare, ulong Value, ulong ValueTwo = 0);

/// <summary>One rule: these calls, under these conditions, get this action.</summary>
public sealed record SeccompProfileRule
{
    /// <summary>System call names; those that an architecture does not have are skipped there.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>The action.</summary>
    public SeccompAction Action { get; init; } = SeccompAction.Allow;

    /// <summary>All of them must hold.</summary>
    public IReadOnlyList<SeccompCondition> Conditions { get; init; } = [];

    /// <summary>The rule counts only if the container has all of these capabilities.</summary>
    public CapabilitySet IncludeCapabilities { get; init; }

    /// <summary>The rule counts only if the container has none of these.</summary>
    public CapabilitySet ExcludeCapabilities { get; init; }

    /// <summary>Go's names; empty for all. Compared with the native architecture, as docker does.</summary>
    public IReadOnlyList<string> IncludeArchitectures { get; init; } = [];

    /// <summary>Go's names.</summary>
    public IReadOnlyList<string> ExcludeArchitectures { get; init; } = [];

    /// <summary>The rule counts from this kernel on, as major × 1000 + minor; 0 for every one.</summary>
    public int MinimumKernel { get; init; }

    /// <summary>Whether the rule counts for a container with these rights on this machine.</summary>
    internal bool Counts(CapabilitySet capabilities, SeccompArchitecture native, int kernel)
    {
        string host = SeccompArchitectures.GoName(native);
        return (IncludeCapabilities - capabilities) == CapabilitySet.None
            && (ExcludeCapabilities & capabilities) == CapabilitySet.None
            && (IncludeArchitectures.Count == 0 || IncludeArchitectures.Contains(host))
            && !ExcludeArchitectures.Contains(host)
            && kernel >= MinimumKernel;
    }
}

/// <summary>A seccomp policy: what a system call gets, by name.</summary>
public sealed partial record SeccompProfile
{
    /// <summary>What calls without a rule get.</summary>
    public required SeccompAction DefaultAction { get; init; }

    /// <summary>The rules; the first that matches counts.</summary>
    public required IReadOnlyList<SeccompProfileRule> Rules { get; init; }

    /// <summary>The architectures whose calls are allowed at all; null for the native one's whole family.</summary>
    public IReadOnlyList<SeccompArchitecture>? Architectures { get; init; }

    /// <summary>True when everything in Skiff's own table is known to the profile, so that only numbers above it are new (ENOSYS).</summary>
    public bool KnowsWholeTable { get; init; }

    /// <summary>SECCOMP_FILTER_FLAG_* for seccomp(2).</summary>
    public uint Flags { get; init; }
}
