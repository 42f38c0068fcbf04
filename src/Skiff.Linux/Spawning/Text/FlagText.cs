using System.Globalization;
using System.Text;

namespace Skiff.Linux.Spawning;

/// <summary>Bit masks and constants as the words of the kernel's headers.</summary>
internal static class FlagText
{
    /// <summary>Joins the names of the set bits by |; bits without a name stay a number.</summary>
    internal static string Join(ulong value, string zero, params ReadOnlySpan<Word> names)
    {
        if (value == 0)
        {
            return zero;
        }
        StringBuilder text = new();
        foreach ((ulong bit, string name) in names)
        {
            if ((value & bit) == bit)
            {
                text.Append(text.Length > 0 ? "|" : "").Append(name);
                value &= ~bit;
            }
        }
        return value == 0 ? text.ToString() : text.Append(text.Length > 0 ? "|" : "").Append(Hex(value)).ToString();
    }

    internal static string Hex(ulong value) => value == 0 ? "0" : "0x" + value.ToString("x", CultureInfo.InvariantCulture);

    internal static string Octal(ulong value) => value == 0 ? "0" : "0" + Convert.ToString((long)value, 8);

    /// <summary>open(2).</summary>
    internal static string Open(ulong value)
    {
        string access = (value & 3) switch
        {
            1 => "O_WRONLY",
            2 => "O_RDWR",
            _ => "",
        };
        string rest = Join(
            value & ~3UL,
            "",
            new Word(OpenFlags.O_PATH, "O_PATH"),
            new Word((ulong)OpenFlags.O_DIRECTORY, "O_DIRECTORY"),
            new Word(OpenFlags.O_CREAT, "O_CREAT"),
            new Word(OpenFlags.O_EXCL, "O_EXCL"),
            new Word(OpenFlags.O_TRUNC, "O_TRUNC"),
            new Word(OpenFlags.O_APPEND, "O_APPEND"),
            new Word(OpenFlags.O_NOCTTY, "O_NOCTTY"),
            new Word(OpenFlags.O_NONBLOCK, "O_NONBLOCK"),
            new Word((ulong)OpenFlags.O_NOFOLLOW, "O_NOFOLLOW"),
            new Word(OpenFlags.O_CLOEXEC, "O_CLOEXEC")
        );
        if (access.Length == 0)
        {
            access = (value & OpenFlags.O_PATH) != 0 ? "" : "O_RDONLY";
        }
        return access.Length == 0 ? rest
            : rest.Length == 0 ? access
            : access + "|" + rest;
    }

    /// <summary>openat2(2).</summary>
    internal static string Resolve(ulong value) =>
        Join(
            value,
            "0",
            new Word(0x10, "RESOLVE_IN_ROOT"),
            new Word(8, "RESOLVE_BENEATH"),
            new Word(4, "RESOLVE_NO_SYMLINKS"),
            new Word(2, "RESOLVE_NO_MAGICLINKS"),
            new Word(1, "RESOLVE_NO_XDEV")
        );

    internal static string At(ulong value) =>
        Join(
            value,
            "0",
            new Word(0x1000, "AT_EMPTY_PATH"),
            new Word(0x8000, "AT_RECURSIVE"),
            new Word(0x100, "AT_SYMLINK_NOFOLLOW"),
            new Word(0x200, "AT_REMOVEDIR")
        );

    /// <summary>mount(2).</summary>
    internal static string Mount(ulong value) =>
        Join(
            value,
            "0",
            new Word(1, "MS_RDONLY"),
            new Word(2, "MS_NOSUID"),
            new Word(4, "MS_NODEV"),
            new Word(8, "MS_NOEXEC"),
            new Word(32, "MS_REMOUNT"),
            new Word(4096, "MS_BIND"),
            new Word(16384, "MS_REC"),
            new Word(1 << 17, "MS_UNBINDABLE"),
            new Word(1 << 18, "MS_PRIVATE"),
            new Word(1 << 19, "MS_SLAVE"),
            new Word(1 << 20, "MS_SHARED"),
            new Word(1 << 21, "MS_RELATIME")
        );

    /// <summary>fsmount(2), mount_setattr(2).</summary>
    internal static string MountAttributes(ulong value) =>
        Join(
            value,
            "0",
            new Word(1, "MOUNT_ATTR_RDONLY"),
            new Word(2, "MOUNT_ATTR_NOSUID"),
            new Word(4, "MOUNT_ATTR_NODEV"),
            new Word(8, "MOUNT_ATTR_NOEXEC"),
            new Word(0x70, "MOUNT_ATTR__ATIME"),
            new Word(0x10, "MOUNT_ATTR_NOATIME"),
            new Word(0x20, "MOUNT_ATTR_STRICTATIME"),
            new Word(0x80, "MOUNT_ATTR_NODIRATIME"),
            new Word(0x100000, "MOUNT_ATTR_IDMAP"),
            new Word(0x200000, "MOUNT_ATTR_NOSYMFOLLOW")
        );

    /// <summary>send(2), recv(2).</summary>
    internal static string Message(ulong value) =>
        Join(
            value,
            "0",
            new Word(2, "MSG_PEEK"),
            new Word(0x40, "MSG_DONTWAIT"),
            new Word(0x4000, "MSG_NOSIGNAL"),
            new Word(0x40000000, "MSG_CMSG_CLOEXEC")
        );

    /// <summary>clone(2), in the order in which people name namespaces.</summary>
    internal static string Clone(ulong value) =>
        Join(
            value,
            "0",
            new Word(0x100, "CLONE_VM"),
            new Word(0x10000000, "CLONE_NEWUSER"),
            new Word(0x20000, "CLONE_NEWNS"),
            new Word(0x20000000, "CLONE_NEWPID"),
            new Word(0x40000000, "CLONE_NEWNET"),
            new Word(0x8000000, "CLONE_NEWIPC"),
            new Word(0x4000000, "CLONE_NEWUTS"),
            new Word(0x2000000, "CLONE_NEWCGROUP"),
            new Word(0x80, "CLONE_NEWTIME"),
            new Word(0x1000, "CLONE_PIDFD"),
            new Word(0x100000000, "CLONE_CLEAR_SIGHAND"),
            new Word(0x200000000, "CLONE_INTO_CGROUP")
        );

    /// <summary>A constant of an enumeration, or its number.</summary>
    internal static string Constant(nint value, params ReadOnlySpan<Word> names)
    {
        foreach ((ulong constant, string name) in names)
        {
            if (constant == (ulong)value)
            {
                return name;
            }
        }
        return value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>RLIMIT_*, getrlimit(2).</summary>
    internal static string Limit(nint value)
    {
        ReadOnlySpan<string> names =
        [
            "CPU",
            "FSIZE",
            "DATA",
            "STACK",
            "CORE",
            "RSS",
            "NPROC",
            "NOFILE",
            "MEMLOCK",
            "AS",
            "LOCKS",
            "SIGPENDING",
            "MSGQUEUE",
            "NICE",
            "RTPRIO",
            "RTTIME",
        ];
        return value >= 0 && value < names.Length ? "RLIMIT_" + names[(int)value] : value.ToString(CultureInfo.InvariantCulture);
    }
}

/// <summary>A bit or a constant and its name.</summary>
internal readonly record struct Word(ulong Bit, string Name);
