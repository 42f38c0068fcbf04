namespace Skiff.Linux.Capabilities;

/// <content>The names of linux/capability.h. A start of a container asks for some fifty of them, so that both ways are a jump and not a search.</content>
public readonly partial record struct CapabilitySet
{
    /// <summary>The kernel's name: <c>CAP_SYS_ADMIN</c>; <c>CAP_n</c> for a number without a name.</summary>
    public static string Name(int number) =>
        number switch
        {
            0 => "CAP_CHOWN",
            1 => "CAP_DAC_OVERRIDE",
            2 => "CAP_DAC_READ_SEARCH",
            3 => "CAP_FOWNER",
            4 => "CAP_FSETID",
            5 => "CAP_KILL",
            6 => "CAP_SETGID",
            7 => "CAP_SETUID",
            8 => "CAP_SETPCAP",
            9 => "CAP_LINUX_IMMUTABLE",
            10 => "CAP_NET_BIND_SERVICE",
            11 => "CAP_NET_BROADCAST",
            12 => "CAP_NET_ADMIN",
            13 => "CAP_NET_RAW",
            14 => "CAP_IPC_LOCK",
            15 => "CAP_IPC_OWNER",
            16 => "CAP_SYS_MODULE",
            17 => "CAP_SYS_RAWIO",
            18 => "CAP_SYS_CHROOT",
            19 => "CAP_SYS_PTRACE",
            20 => "CAP_SYS_PACCT",
            21 => "CAP_SYS_ADMIN",
            22 => "CAP_SYS_BOOT",
            23 => "CAP_SYS_NICE",
            24 => "CAP_SYS_RESOURCE",
            25 => "CAP_SYS_TIME",
            26 => "CAP_SYS_TTY_CONFIG",
            27 => "CAP_MKNOD",
            28 => "CAP_LEASE",
            29 => "CAP_AUDIT_WRITE",
            30 => "CAP_AUDIT_CONTROL",
            31 => "CAP_SETFCAP",
            32 => "CAP_MAC_OVERRIDE",
            33 => "CAP_MAC_ADMIN",
            34 => "CAP_SYSLOG",
            35 => "CAP_WAKE_ALARM",
            36 => "CAP_BLOCK_SUSPEND",
            37 => "CAP_AUDIT_READ",
            38 => "CAP_PERFMON",
            39 => "CAP_BPF",
            40 => "CAP_CHECKPOINT_RESTORE",
            _ => $"CAP_{number}",
        };

    /// <summary>Reads a name with or without <c>CAP_</c>, in any case; false if there is no such capability.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Capability capability)
    {
        const int Longest = 32;
        int number = Number(text);
        if (number < 0 && text.Length <= Longest)
        {
            Span<char> upper = stackalloc char[Longest];
            number = Number(upper[..text.ToUpperInvariant(upper)]);
        }
        capability = (Capability)Math.Max(number, 0);
        return number >= 0;
    }

    private static int Number(ReadOnlySpan<char> text) =>
        (text.StartsWith("CAP_") ? text[4..] : text) switch
        {
            "CHOWN" => 0,
            "DAC_OVERRIDE" => 1,
            "DAC_READ_SEARCH" => 2,
            "FOWNER" => 3,
            "FSETID" => 4,
            "KILL" => 5,
            "SETGID" => 6,
            "SETUID" => 7,
            "SETPCAP" => 8,
            "LINUX_IMMUTABLE" => 9,
            "NET_BIND_SERVICE" => 10,
            "NET_BROADCAST" => 11,
            "NET_ADMIN" => 12,
            "NET_RAW" => 13,
            "IPC_LOCK" => 14,
            "IPC_OWNER" => 15,
            "SYS_MODULE" => 16,
            "SYS_RAWIO" => 17,
            "SYS_CHROOT" => 18,
            "SYS_PTRACE" => 19,
            "SYS_PACCT" => 20,
            "SYS_ADMIN" => 21,
            "SYS_BOOT" => 22,
            "SYS_NICE" => 23,
            "SYS_RESOURCE" => 24,
            "SYS_TIME" => 25,
            "SYS_TTY_CONFIG" => 26,
            "MKNOD" => 27,
            "LEASE" => 28,
            "AUDIT_WRITE" => 29,
            "AUDIT_CONTROL" => 30,
            "SETFCAP" => 31,
            "MAC_OVERRIDE" => 32,
            "MAC_ADMIN" => 33,
            "SYSLOG" => 34,
            "WAKE_ALARM" => 35,
            "BLOCK_SUSPEND" => 36,
            "AUDIT_READ" => 37,
            "PERFMON" => 38,
            "BPF" => 39,
            "CHECKPOINT_RESTORE" => 40,
            _ => -1,
        };
}
