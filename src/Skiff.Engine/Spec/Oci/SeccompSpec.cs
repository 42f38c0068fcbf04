namespace Skiff.Engine.Spec;

/// <summary><c>linux.seccomp</c>: which filter the process gets.</summary>
/// <remarks>
/// The engine's own default stays a name until it is written or installed: its compiled filter is ready-made, so neither building nor parsing
/// some hundred rules belongs on the way to a start.
/// </remarks>
public sealed record SeccompSpec
{
    /// <summary>The built-in profile.</summary>
    public static SeccompSpec BuiltIn { get; } = new() { IsBuiltIn = true };

    /// <summary>True for the engine's built-in profile; the other members are then empty.</summary>
    public bool IsBuiltIn { get; init; }

    /// <summary>A profile file in docker's JSON (<c>--security-opt seccomp=FILE</c>); the other members are then empty.</summary>
    public string? ProfilePath { get; init; }

    /// <summary><c>SCMP_ACT_…</c> for calls without a rule.</summary>
    public string DefaultAction { get; init; } = "";

    /// <summary>errno of the default action; null for EPERM.</summary>
    public uint? DefaultErrnoRet { get; init; }

    /// <summary><c>SCMP_ARCH_…</c>.</summary>
    public ValueList<string> Architectures { get; init; }

    /// <summary><c>SECCOMP_FILTER_FLAG_…</c>.</summary>
    public ValueList<string> Flags { get; init; }

    /// <summary>Socket that gets the notify descriptor.</summary>
    public string? ListenerPath { get; init; }

    /// <summary>Opaque text for the listener.</summary>
    public string? ListenerMetadata { get; init; }

    /// <summary>Rules.</summary>
    public ValueList<SeccompRule> Syscalls { get; init; }
}

/// <summary>One of <c>seccomp.syscalls</c>.</summary>
/// <param name="Names">System calls.</param>
/// <param name="Action"><c>SCMP_ACT_…</c>.</param>
/// <param name="ErrnoRet">errno of the action.</param>
/// <param name="Args">Conditions, all of which must hold.</param>
public sealed record SeccompRule(ValueList<string> Names, string Action, uint? ErrnoRet, ValueList<SeccompArgument> Args);

/// <summary>A condition on one argument.</summary>
/// <param name="Index">0–5.</param>
/// <param name="Value">Compared with, or the mask for SCMP_CMP_MASKED_EQ.</param>
/// <param name="ValueTwo">For SCMP_CMP_MASKED_EQ: compared with.</param>
/// <param name="Op"><c>SCMP_CMP_…</c>.</param>
public readonly record struct SeccompArgument(uint Index, ulong Value, ulong ValueTwo, string Op);
