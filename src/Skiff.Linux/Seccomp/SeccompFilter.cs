using System.Runtime.InteropServices;
using Skiff.Linux.Capabilities;

namespace Skiff.Linux.Seccomp;

/// <summary>The compiled filter of the built-in profile: ready-made for the default capabilities, compiled for any other set.</summary>
public static partial class SeccompFilter
{
    /// <summary>SECCOMP_SET_MODE_FILTER, seccomp(2).</summary>
    public const int SECCOMP_SET_MODE_FILTER = 1;

    /// <summary>SECCOMP_FILTER_FLAG_NEW_LISTENER: the call returns a notification descriptor (SCMP_ACT_NOTIFY).</summary>
    public const int SECCOMP_FILTER_FLAG_NEW_LISTENER = 8;

    /// <summary>The built-in profile as struct sock_filter[] for this machine.</summary>
    /// <param name="capabilities">The container's bounding set.</param>
    public static byte[] Default(CapabilitySet capabilities) =>
        capabilities == CapabilitySet.Default
            ? ReadyMade(SeccompArchitectures.Native).ToArray()
            : SeccompCompiler.Compile(SeccompProfile.BuiltIn(), capabilities, SeccompArchitectures.Native);

    /// <summary>The filter compiled ahead for <see cref="CapabilitySet.Default"/>; a test compares it with the compiler.</summary>
    public static ReadOnlySpan<byte> ReadyMade(SeccompArchitecture native) =>
        MemoryMarshal.AsBytes(native == SeccompArchitecture.Arm64 ? Arm64 : X64);
}
