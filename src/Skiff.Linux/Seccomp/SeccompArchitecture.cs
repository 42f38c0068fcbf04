using System.Runtime.InteropServices;

namespace Skiff.Linux.Seccomp;

/// <summary>System call conventions that a filter can see; values are AUDIT_ARCH_* of linux/audit.h, except x32, which shares x86_64's.</summary>
public enum SeccompArchitecture : uint
{
    /// <summary>AUDIT_ARCH_X86_64.</summary>
    X86_64 = 0xC000003E,

    /// <summary>AUDIT_ARCH_I386.</summary>
    X86 = 0x40000003,

    /// <summary>x86_64 with __X32_SYSCALL_BIT set in the number. Not a kernel constant.</summary>
    X32 = 1,

    /// <summary>AUDIT_ARCH_AARCH64.</summary>
    Arm64 = 0xC00000B7,

    /// <summary>AUDIT_ARCH_ARM (EABI).</summary>
    Arm = 0x40000028,
}

/// <summary>Names and families of architectures.</summary>
public static class SeccompArchitectures
{
    /// <summary>The native architecture of this process.</summary>
    public static SeccompArchitecture Native =>
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? SeccompArchitecture.Arm64 : SeccompArchitecture.X86_64;

    /// <summary>The native architecture and those that the same kernel can run.</summary>
    public static IReadOnlyList<SeccompArchitecture> Family(SeccompArchitecture native) =>
        native == SeccompArchitecture.Arm64
            ? [SeccompArchitecture.Arm64, SeccompArchitecture.Arm]
            : [SeccompArchitecture.X86_64, SeccompArchitecture.X86, SeccompArchitecture.X32];

    /// <summary>Reads <c>SCMP_ARCH_X86_64</c>; false for architectures that Skiff does not run on (those are skipped, as their calls cannot be made here).</summary>
    public static bool TryParse(string name, out SeccompArchitecture architecture)
    {
        architecture = name switch
        {
            "SCMP_ARCH_X86_64" => SeccompArchitecture.X86_64,
            "SCMP_ARCH_X86" => SeccompArchitecture.X86,
            "SCMP_ARCH_X32" => SeccompArchitecture.X32,
            "SCMP_ARCH_AARCH64" => SeccompArchitecture.Arm64,
            "SCMP_ARCH_ARM" => SeccompArchitecture.Arm,
            _ => default,
        };
        return architecture != default;
    }

    /// <summary>The name that <see cref="TryParse"/> reads.</summary>
    public static string SpecName(SeccompArchitecture architecture) =>
        architecture switch
        {
            SeccompArchitecture.X86_64 => "SCMP_ARCH_X86_64",
            SeccompArchitecture.X86 => "SCMP_ARCH_X86",
            SeccompArchitecture.X32 => "SCMP_ARCH_X32",
            SeccompArchitecture.Arm64 => "SCMP_ARCH_AARCH64",
            _ => "SCMP_ARCH_ARM",
        };

    /// <summary>Go's word, as in the <c>arches</c> conditions of docker's profiles.</summary>
    public static string GoName(SeccompArchitecture architecture) =>
        architecture switch
        {
            SeccompArchitecture.X86_64 => "amd64",
            SeccompArchitecture.X86 => "x86",
            SeccompArchitecture.X32 => "x32",
            SeccompArchitecture.Arm64 => "arm64",
            _ => "arm",
        };
}
