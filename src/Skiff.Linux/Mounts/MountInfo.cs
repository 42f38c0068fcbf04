using System.Buffers.Text;

namespace Skiff.Linux.Mounts;

/// <summary>One line of /proc/PID/mountinfo, proc_pid_mountinfo(5), as slices of the file: nothing is decoded until it is asked for.</summary>
public readonly ref struct MountInfoLine
{
    /// <summary>Mount id.</summary>
    public int Id { get; init; }

    /// <summary>Id of the mount it is mounted on.</summary>
    public int ParentId { get; init; }

    /// <summary>Device, <c>major:minor</c>.</summary>
    public ReadOnlySpan<byte> Device { get; init; }

    /// <summary>Root of the mount within its file system, still escaped.</summary>
    public ReadOnlySpan<byte> RawRoot { get; init; }

    /// <summary>Mount point, still escaped.</summary>
    public ReadOnlySpan<byte> RawMountPoint { get; init; }

    /// <summary>Per-mount options: <c>rw,nosuid</c>.</summary>
    public ReadOnlySpan<byte> Options { get; init; }

    /// <summary>Propagation and other optional fields: <c>shared:1 master:2</c>; empty for a private mount.</summary>
    public ReadOnlySpan<byte> OptionalFields { get; init; }

    /// <summary>File system type: <c>overlay</c>, <c>fuse.sshfs</c>.</summary>
    public ReadOnlySpan<byte> FileSystem { get; init; }

    /// <summary>Source, still escaped.</summary>
    public ReadOnlySpan<byte> RawSource { get; init; }

    /// <summary>Options of the file system: <c>rw,memory</c>.</summary>
    public ReadOnlySpan<byte> SuperOptions { get; init; }

    /// <summary>The mount point's bytes.</summary>
    public byte[] MountPoint() => MountInfo.Unescape(RawMountPoint);

    /// <summary>The bytes of the root within the file system.</summary>
    public byte[] Root() => MountInfo.Unescape(RawRoot);

    /// <summary>The source's bytes.</summary>
    public byte[] Source() => MountInfo.Unescape(RawSource);
}

/// <summary>Reader of /proc/PID/mountinfo.</summary>
public static class MountInfo
{
    /// <summary>The lines of the file; a line that is not in the documented form is left out.</summary>
    public static Enumerator Lines(ReadOnlySpan<byte> text) => new(text);

    /// <summary>Undoes the kernel's octal escapes of space, tab, newline, backslash and '#' (<c>\040</c>).</summary>
    public static byte[] Unescape(ReadOnlySpan<byte> escaped)
    {
        if (!escaped.Contains((byte)'\\'))
        {
            return escaped.ToArray();
        }
        byte[] result = new byte[escaped.Length];
        int length = 0;
        for (int i = 0; i < escaped.Length; i++)
        {
            if (
                escaped[i] == '\\'
                && i + 3 < escaped.Length
                && IsOctal(escaped[i + 1])
                && IsOctal(escaped[i + 2])
                && IsOctal(escaped[i + 3])
            )
            {
                result[length++] = (byte)(((escaped[i + 1] - '0') << 6) | ((escaped[i + 2] - '0') << 3) | (escaped[i + 3] - '0'));
                i += 3;
            }
            else
            {
                result[length++] = escaped[i];
            }
        }
        return result.AsSpan(0, length).ToArray();
    }

    private static bool IsOctal(byte b) => b is >= (byte)'0' and <= (byte)'7';

    /// <summary>Walks the lines; made for <c>foreach</c>.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> _rest;
        private MountInfoLine _current;

        internal Enumerator(ReadOnlySpan<byte> text)
        {
            _rest = text;
            _current = default;
        }

        /// <summary>The line at hand.</summary>
        public readonly MountInfoLine Current => _current;

        /// <summary>This enumerator.</summary>
        public readonly Enumerator GetEnumerator() => this;

        /// <summary>Goes to the next well-formed line.</summary>
        public bool MoveNext()
        {
            while (!_rest.IsEmpty)
            {
                int end = _rest.IndexOf((byte)'\n');
                ReadOnlySpan<byte> line = end < 0 ? _rest : _rest[..end];
                _rest = end < 0 ? default : _rest[(end + 1)..];
                if (TryParse(line, out _current))
                {
                    return true;
                }
            }
            return false;
        }

        // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
        private static bool TryParse(ReadOnlySpan<byte> line, out MountInfoLine result)
        {
            result = default;
            bool numbers =
                Utf8Parser.TryParse(Word(ref line), out int id, out _) & Utf8Parser.TryParse(Word(ref line), out int parent, out _);
            ReadOnlySpan<byte> device = Word(ref line);
            ReadOnlySpan<byte> root = Word(ref line);
            ReadOnlySpan<byte> mountPoint = Word(ref line);
            ReadOnlySpan<byte> options = Word(ref line);
            int separator = line.StartsWith("- "u8) ? 0 : line.IndexOf(" - "u8);
            if (!numbers || separator < 0 || mountPoint.IsEmpty)
            {
                return false;
            }
            ReadOnlySpan<byte> optional = line[..separator];
            line = line[(separator + (separator == 0 ? 2 : 3))..];
            result = new MountInfoLine
            {
                Id = id,
                ParentId = parent,
                Device = device,
                RawRoot = root,
                RawMountPoint = mountPoint,
                Options = options,
                OptionalFields = optional,
                FileSystem = Word(ref line),
                RawSource = Word(ref line),
                SuperOptions = line,
            };
            return true;
        }

        private static ReadOnlySpan<byte> Word(scoped ref ReadOnlySpan<byte> line)
        {
            int end = line.IndexOf((byte)' ');
            ReadOnlySpan<byte> word = end < 0 ? line : line[..end];
            line = end < 0 ? default : line[(end + 1)..];
            return word;
        }
    }
}
