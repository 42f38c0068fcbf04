using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>Names in a directory by getdents64(2): as bytes, in the file system's order, without "." and "..".</summary>
public unsafe ref struct DirectoryReader
{
    /// <summary>DT_DIR of readdir(3).</summary>
    public const byte DT_DIR = 4;

    private static readonly nint s_number = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 61 : 217;

    private readonly int _fd;
    private readonly Span<byte> _buffer;
    private int _length;
    private int _next;
    private ReadOnlySpan<byte> _name;

    /// <summary>Reads the directory open as <paramref name="fd"/>, from its present position.</summary>
    /// <param name="fd">A directory, open for reading; stays the caller's.</param>
    /// <param name="buffer">At least 1 KiB; names are valid until the next <see cref="Read"/>.</param>
    public DirectoryReader(SafeFd fd, Span<byte> buffer)
    {
        _fd = fd.Value;
        _buffer = buffer;
        _length = 0;
        _next = 0;
        _name = default;
        Type = 0;
    }

    /// <summary>The name, without a terminating zero.</summary>
    public readonly ReadOnlySpan<byte> Name => _name;

    /// <summary>The name followed by its terminating zero, as system calls want it.</summary>
    public readonly ReadOnlySpan<byte> NameWithZero => MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetReference(_name), _name.Length + 1);

    /// <summary>DT_* of readdir(3); 0 when the file system does not say.</summary>
    public byte Type { get; private set; }

    /// <summary>Goes to the next entry; false at the end. Throws <see cref="LinuxException"/>.</summary>
    public bool Read()
    {
        while (true)
        {
            if (_next >= _length)
            {
                fixed (byte* p = _buffer)
                {
                    _length = (int)Libc.syscall(s_number, _fd, (nint)p, _buffer.Length, 0, 0, 0);
                }
                if (_length < 0)
                {
                    throw LinuxException.Last("getdents64", "");
                }
                if (_length == 0)
                {
                    return false;
                }
                _next = 0;
            }
            // struct linux_dirent64: u64 ino, s64 off, u16 reclen, u8 type, name…\0
            Span<byte> entry = _buffer[_next.._length];
            int size = MemoryMarshal.Read<ushort>(entry[16..]);
            Type = entry[18];
            _next += size;
            ReadOnlySpan<byte> name = entry[19..size];
            _name = name[..name.IndexOf((byte)0)];
            if (!_name.SequenceEqual("."u8) && !_name.SequenceEqual(".."u8))
            {
                return true;
            }
        }
    }

    /// <summary>All names of a directory of the engine's own store as text; empty when it does not exist.</summary>
    public static IReadOnlyList<string> List(string path)
    {
        List<string> names = [];
        using SafeFd? fd = Files.TryOpen(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out int errno);
        if (fd is null)
        {
            return errno == Errno.ENOENT ? names : throw new LinuxException("open", path, errno);
        }
        DirectoryReader reader = new(fd, new byte[16384]);
        while (reader.Read())
        {
            names.Add(System.Text.Encoding.UTF8.GetString(reader.Name));
        }
        return names;
    }
}
