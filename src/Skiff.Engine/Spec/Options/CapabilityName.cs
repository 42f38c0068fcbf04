namespace Skiff.Engine.Spec;

/// <summary>Names of capabilities, capabilities(7), up to Linux 5.9.</summary>
public static class CapabilityName
{
    /// <summary>All, in the order of their numbers (linux/capability.h).</summary>
    public static IReadOnlyList<string> All { get; } =
        [
            "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
            "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK",
            "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN",
            "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
            "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
            "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
        ];

    /// <summary>podman's eleven: docker's fourteen without AUDIT_WRITE, MKNOD and NET_RAW, which container escapes have used.</summary>
    public static IReadOnlyList<string> Default { get; } =
        [
            "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP",
            "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_SETFCAP",
        ];

    /// <summary>The name with CAP_ in upper case, or ALL; an unknown one is refused (SEC-11).</summary>
    public static string Parse(string flag, string text)
    {
        string name = text.ToUpperInvariant();
        if (name is "ALL" or "CAP_ALL")
        {
            return "ALL";
        }
        name = name.StartsWith("CAP_", StringComparison.Ordinal) ? name : "CAP_" + name;
        foreach (string known in All)
        {
            if (known == name)
            {
                return known;
            }
        }
        throw OptionValue.Wrong(flag, text, "expected ALL or a name of capabilities(7) such as NET_ADMIN");
    }
}
