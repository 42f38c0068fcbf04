using System.Globalization;
using static Skiff.Linux.Spawning.ArgumentKind;

namespace Skiff.Linux.Spawning;

/// <summary>One argument of an instruction as text.</summary>
internal static class ArgumentText
{
    /// <summary>The argument.</summary>
    /// <param name="program">The program, for names and memory.</param>
    /// <param name="index">The instruction.</param>
    /// <param name="position">Which argument, 0 to 5.</param>
    /// <param name="kind">Its kind.</param>
    internal static string Of(ChildProgram program, int index, int position, ArgumentKind kind)
    {
        ref readonly Instruction i = ref program.At(index);
        nint value = Value(i, position);
        if ((i.Indirect & (1u << position)) != 0)
        {
            return SyscallText.ResultName(program, value, index);
        }
        uint bits = (uint)value;
        return kind switch
        {
            Descriptor => program.DescriptorName((int)value) ?? (value == Files.AtCwd ? "AT_FDCWD" : Decimal((int)value)),
            Text => StructText.Text(value),
            Texts => StructText.Texts(value),
            Written => StructText.Bytes(value, (int)Value(i, position + 1)),
            Sent => program.NameOf(value) ?? $"{Decimal(i.C)} bytes",
            Groups => StructText.Groups(value, (int)i.A),
            OpenHow => StructText.OpenHow(value),
            MountAttributeStruct => StructText.MountAttributes(value),
            ArgumentKind.Capabilities => StructText.Capabilities(value),
            CapabilityHeader => "{version=_LINUX_CAPABILITY_VERSION_3, pid=0}",
            LimitStruct => StructText.Limit(value),
            FilterProgram => FilterLength(value),
            FileOffset => OffsetOf(value),
            ArgumentKind.Buffer => "…",
            Pointer => value == 0 ? "NULL" : "…",
            Message => StructText.Descriptors(program, value),
            SignalAction => "{SIG_DFL}",
            SignalMask => "[]",
            Signal => Signals.Name((int)value),
            Mode => FlagText.Octal(bits),
            NodeMode => NodeModeOf(bits),
            Device => value == 0 ? "0" : $"makedev({(bits >> 8) & 0xFFF}, {(bits & 0xFF) | ((bits >> 12) & 0xFFF00)})",
            Identity => Decimal((int)value),
            Hex => FlagText.Hex((ulong)value),
            _ => Words(i, position, value, kind),
        };
    }

    internal static string Decimal(nint value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Words(in Instruction i, int position, nint value, ArgumentKind kind)
    {
        ulong bits = (ulong)value;
        return kind switch
        {
            ArgumentKind.OpenFlags => value == 0 && i.Number == SyscallNumber.dup3 ? "0" : FlagText.Open(bits),
            AtFlags => FlagText.At(bits),
            MountFlags => FlagText.Mount(bits),
            MessageFlags => FlagText.Message(bits),
            StatxMask => FlagText.Join(
                bits,
                "0",
                new Word(1, "STATX_TYPE"),
                new Word(2, "STATX_MODE"),
                new Word(8, "STATX_UID"),
                new Word(16, "STATX_GID")
            ),
            WaitOptions => FlagText.Join(
                bits,
                "0",
                new Word(1, "WNOHANG"),
                new Word(2, "WUNTRACED"),
                new Word(0x40000000, "__WALL"),
                new Word(0x80000000, "__WCLONE")
            ),
            TimerFlags => FlagText.Join(bits, "0", new Word(1, "TIMER_ABSTIME")),
            UnmountFlags => FlagText.Join(bits, "0", new Word(2, "MNT_DETACH"), new Word(8, "UMOUNT_NOFOLLOW")),
            OpenTreeFlags => FlagText.Join(
                bits,
                "0",
                new Word(1, "OPEN_TREE_CLONE"),
                new Word(0x80000, "OPEN_TREE_CLOEXEC"),
                new Word(0x1000, "AT_EMPTY_PATH"),
                new Word(0x8000, "AT_RECURSIVE")
            ),
            MoveMountFlags => FlagText.Join(bits, "0", new Word(4, "MOVE_MOUNT_F_EMPTY_PATH"), new Word(0x40, "MOVE_MOUNT_T_EMPTY_PATH")),
            FsConfig => FlagText.Constant(
                value,
                new Word(0, "FSCONFIG_SET_FLAG"),
                new Word(1, "FSCONFIG_SET_STRING"),
                new Word(2, "FSCONFIG_SET_BINARY"),
                new Word(3, "FSCONFIG_SET_PATH"),
                new Word(5, "FSCONFIG_SET_FD"),
                new Word(6, "FSCONFIG_CMD_CREATE"),
                new Word(7, "FSCONFIG_CMD_RECONFIGURE")
            ),
            FsOpenFlags => FlagText.Join(bits, "0", new Word(1, "FSOPEN_CLOEXEC")),
            FsMountFlags => FlagText.Join(bits, "0", new Word(1, "FSMOUNT_CLOEXEC")),
            ArgumentKind.MountAttributes => FlagText.MountAttributes(bits),
            ArgumentKind.CloneFlags => FlagText.Clone(bits),
            Prctl => FlagText.Constant(
                value,
                new Word(1, "PR_SET_PDEATHSIG"),
                new Word(8, "PR_SET_KEEPCAPS"),
                new Word(15, "PR_SET_NAME"),
                new Word(24, "PR_CAPBSET_DROP"),
                new Word(36, "PR_SET_CHILD_SUBREAPER"),
                new Word(38, "PR_SET_NO_NEW_PRIVS"),
                new Word(47, "PR_CAP_AMBIENT")
            ),
            PrctlValue => i.A switch
            {
                15 => StructText.Text(value),
                1 => value == 0 ? "0" : Signals.Name((int)value),
                24 => Skiff.Linux.Capabilities.CapabilitySet.Name((int)value),
                _ => Decimal(value),
            },
            SeccompOperation => FlagText.Constant(value, new Word(0, "SECCOMP_SET_MODE_STRICT"), new Word(1, "SECCOMP_SET_MODE_FILTER")),
            MaskHow => FlagText.Constant(value, new Word(0, "SIG_BLOCK"), new Word(1, "SIG_UNBLOCK"), new Word(2, "SIG_SETMASK")),
            Limit => FlagText.Limit(value),
            Ioctl => FlagText.Constant(
                value,
                new Word(0x40045431, "TIOCSPTLCK"),
                new Word(0x5441, "TIOCGPTPEER"),
                new Word(0x5414, "TIOCSWINSZ"),
                new Word(0x540E, "TIOCSCTTY")
            ),
            IoctlValue => IoctlValueOf(i.B, value),
            Fcntl => FlagText.Constant(
                value,
                new Word(1, "F_GETFD"),
                new Word(2, "F_SETFD"),
                new Word(4, "F_SETFL"),
                new Word(1030, "F_DUPFD_CLOEXEC"),
                new Word(1033, "F_ADD_SEALS")
            ),
            Keyctl => FlagText.Constant(value, new Word(1, "KEYCTL_JOIN_SESSION_KEYRING")),
            CloseRangeFlags => FlagText.Join(bits, "0", new Word(2, "CLOSE_RANGE_UNSHARE"), new Word(4, "CLOSE_RANGE_CLOEXEC")),
            Domain => FlagText.Constant(value, new Word(1, "AF_UNIX"), new Word(16, "AF_NETLINK")),
            SocketType => (value & 0xF) == 3 ? "SOCK_RAW|SOCK_CLOEXEC" : FlagText.Hex(bits),
            _ => Decimal(value),
        };
    }

    private static nint Value(in Instruction i, int position) =>
        position switch
        {
            0 => i.A,
            1 => i.B,
            2 => i.C,
            3 => i.D,
            4 => i.E,
            _ => i.F,
        };

    private static string NodeModeOf(uint mode)
    {
        string type = (mode & 0xF000) switch
        {
            0x2000 => "S_IFCHR|",
            0x6000 => "S_IFBLK|",
            0x1000 => "S_IFIFO|",
            0x8000 => "S_IFREG|",
            _ => "",
        };
        return type + FlagText.Octal(mode & 0xFFF);
    }

    private static unsafe string IoctlValueOf(nint request, nint value) =>
        request switch
        {
            0x5441 => FlagText.Open((ulong)value),
            0x5414 => $"{{ws_row={((ushort*)value)[0]}, ws_col={((ushort*)value)[1]}}}",
            0x40045431 => $"[{*(int*)value}]",
            _ => Decimal(value),
        };

    private static unsafe string OffsetOf(nint offset) => $"[{*(long*)offset}]";

    private static unsafe string FilterLength(nint program) => $"{*(ushort*)program} instructions";
}
