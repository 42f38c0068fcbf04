using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Layers;

/// <content>Finding and making the directory that an entry goes into.</content>
public sealed partial class LayerUnpacker
{
    private byte[] _parentKey = new byte[256];
    private int _parentKeyLength = -1;
    private int _parentFd = -1;
    private byte[] _parentPath = [];
    private bool _parentIsKey;

    /// <summary>The path of the current parent without links; differs from the name's only where a link of this layer was on the way.</summary>
    private ReadOnlySpan<byte> ParentPath => _parentIsKey ? _parentKey.AsSpan(0, _parentKeyLength) : _parentPath;

    /// <summary>The path of the current entry without links.</summary>
    private ReadOnlySpan<byte> RealPath(ReadOnlySpan<byte> name)
    {
        if (_parentIsKey || _parentKeyLength == 0)
        {
            return _path.AsSpan(0, _length);
        }
        return LayerPath.Join(_parentPath, name[..^1]);
    }

    /// <summary>A descriptor (O_PATH) of the directory <paramref name="path"/>, made with its parents where it is missing.</summary>
    private int Parent(ReadOnlySpan<byte> path, TimeSpec time)
    {
        if (_parentKeyLength == path.Length && path.SequenceEqual(_parentKey.AsSpan(0, _parentKeyLength)))
        {
            return path.IsEmpty ? _root.Value : _parentFd;
        }
        ForgetParent();
        if (path.IsEmpty)
        {
            Remember(path, -1, null);
            return _root.Value;
        }
        // the path is followed by a slash in _path: a zero there makes it a string for the kernel
        _path[path.Length] = 0;
        int errno = At.OpenBeneath(_root.Value, _path.AsSpan(0, path.Length + 1), OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out int fd);
        _path[path.Length] = (byte)'/';
        byte[]? real = null;
        if (errno != 0)
        {
            if (errno is not (Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP))
            {
                throw new LinuxException("openat2", Display(path), errno);
            }
            real = Resolve(path, time);
            errno = At.OpenBeneath(_root.Value, LayerPath.ForKernel(real), OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out fd);
            if (errno != 0)
            {
                throw new LinuxException("openat2", Display(real), errno);
            }
        }
        Remember(path, fd, real is null || path.SequenceEqual(real) ? null : real);
        return fd;
    }

    private void Remember(ReadOnlySpan<byte> key, int fd, byte[]? real)
    {
        if (key.Length > _parentKey.Length)
        {
            _parentKey = new byte[LayerPath.MaxLength];
        }
        key.CopyTo(_parentKey);
        _parentKeyLength = key.Length;
        _parentFd = fd;
        _parentIsKey = real is null;
        _parentPath = real ?? [];
    }

    private void ForgetParent()
    {
        if (_parentFd >= 0)
        {
            At.Close(_parentFd);
        }
        _parentFd = -1;
        _parentKeyLength = -1;
        _parentIsKey = true;
        _parentPath = [];
    }

    /// <summary>Walks to a directory component by component: makes what is missing, reads links of this layer and goes on inside the root.</summary>
    private byte[] Resolve(ReadOnlySpan<byte> path, TimeSpec time) =>
        LinkResolver.Follow(path, (candidate, buffer) => Step(candidate, buffer, time))
        ?? throw new LinuxException("resolve", Display(path), Errno.ELOOP);

    /// <summary>Makes sure that a path is a directory, and gives 0; or gives the length of a link's target.</summary>
    private int Step(ReadOnlySpan<byte> path, Span<byte> target, TimeSpec time)
    {
        ReadOnlySpan<byte> parent = LayerPath.Parent(path);
        int errno = At.OpenBeneath(_root.Value, LayerPath.ForKernel(parent), OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out int fd);
        if (errno != 0)
        {
            throw new LinuxException("openat2", Display(parent), errno);
        }
        try
        {
            byte[] name = LayerPath.ForKernel(LayerPath.Base(path));
            errno = At.Stat(fd, name, out StatxBuffer stat);
            bool hid = errno == 0; // whatever is taken away here hid what lies below
            if (errno == 0)
            {
                switch (stat.Mode & At.S_IFMT)
                {
                    case At.S_IFDIR:
                        return 0;
                    case At.S_IFLNK:
                        int length = At.ReadLink(fd, name, target);
                        return length > 0 ? length : throw new LinuxException("readlink", Display(path), -length);
                    default:
                        errno = At.Unlink(fd, name); // an entry below it says that it is a directory, and the last one wins
                        break;
                }
            }
            if (errno is 0 or Errno.ENOENT)
            {
                errno = At.MakeDirectory(fd, name, 0x1ED);
            }
            if (errno != 0)
            {
                throw new LinuxException("mkdir", Display(path), errno);
            }
            SetImplied(path, time, hid);
            return 0;
        }
        finally
        {
            At.Close(fd);
        }
    }

    /// <summary>0755 root:root until the layer below says otherwise (LAY-13), and the time of the entry that needed it. Where the layer below is hidden it has no say.</summary>
    private void SetImplied(ReadOnlySpan<byte> path, TimeSpec time, bool opaque)
    {
        ref DirectoryRecord record = ref _directories.Get(path);
        record.Implied = !opaque;
        record.Mode = 0x1ED;
        record.Uid = 0;
        record.Gid = 0;
        record.Time = time;
        record.Xattrs = null;
        record.Opaque = opaque;
        record.ModeIsSet = (0x1ED & _umask) == 0;
    }

    private string Display(ReadOnlySpan<byte> path) => $"{_rootName}/{Printable.Of(CString.Decode(path))}";
}
