using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Skiff.Linux.FileTree;

/// <summary>The names in an open directory, getdents64(2), as bytes; <c>.</c> and <c>..</c> are left out.</summary>
/// <remarks>It moves the file position of the descriptor, which must not be O_PATH. The order is the file system's.</remarks>
public unsafe ref struct NameReader
{
    private const int TypeOffset = 18;
    private const int NameOffset = 19;

    private readonly int _fd;
    private readonly Span<byte> _buffer;
    private int _position;
    private int _end;

    /// <summary>Reads <paramref name="fd"/> through <paramref name="buffer"/>, which should have 4 KiB or more.</summary>
    public NameReader(int fd, Span<byte> buffer)
    {
        _fd = fd;
        _buffer = buffer;
    }

    /// <summary>The name, zero-terminated; valid until the next call.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>True for a directory; a file system that does not tell types is asked by statx.</summary>
    public bool IsDirectory { get; private set; }

    /// <summary>The errno that ended the listing early, or 0.</summary>
    public int Error { get; private set; }

    /// <summary>Goes to the next name; false at the end or on an error.</summary>
    public bool Next()
    {
        while (true)
        {
            if (_position >= _end && !Fill())
            {
                return false;
            }
            Span<byte> record = _buffer[_position.._end];
            int length = BinaryPrimitives.ReadUInt16LittleEndian(record[16..]);
            byte type = record[TypeOffset];
            ReadOnlySpan<byte> name = record[NameOffset..length];
            name = name[..(name.IndexOf((byte)0) + 1)];
            _position += length;
            if (name.SequenceEqual(".\0"u8) || name.SequenceEqual("..\0"u8))
            {
                continue;
            }
            Name = name;
            const byte DT_UNKNOWN = 0;
            const byte DT_DIR = 4;
            IsDirectory =
                type == DT_DIR
                || (type == DT_UNKNOWN && At.Stat(_fd, name, out StatxBuffer stat) == 0 && (stat.Mode & At.S_IFMT) == At.S_IFDIR);
            return true;
        }
    }

    private bool Fill()
    {
        fixed (byte* p = _buffer)
        {
            nint n = Libc.syscall(SyscallNumber.getdents64, _fd, (nint)p, _buffer.Length, 0, 0, 0);
            _position = 0;
            _end = (int)Math.Max(n, 0);
            Error = n < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (Error == Errno.ENOENT)
            {
                Error = 0; // removed since it was opened: a directory that is gone was empty
            }
            return n > 0;
        }
    }
}
