namespace Skiff.Linux.FileTree;

/// <summary>The bytes of one file into another: blocks are shared where the file system can (copy_file_range(2)), and holes stay holes.</summary>
public static class FileContent
{
    private const int SEEK_DATA = 3;
    private const int SEEK_HOLE = 4;
    private const long Piece = 16 << 20;

    /// <summary>Copies a file's content.</summary>
    /// <param name="from">Descriptor of a regular file, open for reading.</param>
    /// <param name="to">Descriptor of an empty file, open for writing.</param>
    /// <param name="size">The size in bytes; 0 also for files of the kernel, which have content and do not say so.</param>
    /// <param name="progress">Told the bytes of each piece.</param>
    /// <returns>0 or the errno.</returns>
    public static int Copy(int from, int to, long size, Action<long>? progress = null)
    {
        if (size == 0)
        {
            return ReadAndWrite(from, to, 0, long.MaxValue, progress);
        }
        long at = 0;
        while (at < size)
        {
            long data = At.Seek(from, at, SEEK_DATA);
            if (data == -Errno.ENXIO)
            {
                break; // a hole up to the end
            }
            data = data < 0 ? at : data; // a file system that knows no holes
            long hole = data >= size ? size : At.Seek(from, data, SEEK_HOLE);
            hole = hole < 0 ? size : Math.Min(hole, size);
            int errno = data >= hole ? 0 : Range(from, to, data, hole, progress);
            if (errno != 0)
            {
                return errno;
            }
            at = Math.Max(hole, at + 1);
        }
        return At.Truncate(to, size);
    }

    private static int Range(int from, int to, long at, long end, Action<long>? progress)
    {
        long target = at;
        while (at < end)
        {
            long count = At.CopyRange(from, ref at, to, ref target, Math.Min(end - at, Piece));
            if (count is -Errno.EXDEV or -Errno.EINVAL or -Errno.EOPNOTSUPP or -Errno.ENOSYS or -Errno.EBADF)
            {
                return ReadAndWrite(from, to, at, end, progress);
            }
            if (count <= 0)
            {
                return (int)-count; // 0: it has become shorter meanwhile
            }
            progress?.Invoke(count);
        }
        return 0;
    }

    private static int ReadAndWrite(int from, int to, long at, long end, Action<long>? progress)
    {
        byte[] buffer = new byte[128 << 10];
        while (at < end)
        {
            int count = At.ReadAt(from, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
            if (count <= 0)
            {
                return -count;
            }
            int errno = At.WriteAt(to, buffer.AsSpan(0, count), at);
            if (errno != 0)
            {
                return errno;
            }
            at += count;
            progress?.Invoke(count);
        }
        return 0;
    }
}
