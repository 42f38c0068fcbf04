using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Commands.Containers;

/// <summary>Bytes in the files of a directory tree, as docker counts them: lengths, a file with several links once.</summary>
internal sealed class DiskUse
{
    private const int MaximumDepth = 512;
    private readonly HashSet<(uint, uint, ulong)> _linked = [];
    private long _sum;

    private DiskUse() { }

    /// <summary>The sum of their lengths; symbolic links are not followed, what cannot be read (any more) is left out.</summary>
    public static long Of(string directory)
    {
        DiskUse use = new();
        if (Files.TryOpen(directory, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out _) is { } top)
        {
            using (top)
            {
                use.Add(top.Value, 0);
            }
        }
        return use._sum;
    }

    private void Add(int directory, int depth)
    {
        NameReader reader = new(directory, new byte[16384]);
        while (reader.Next())
        {
            if (!reader.IsDirectory)
            {
                File(directory, reader.Name);
            }
            else if (
                depth < MaximumDepth
                && At.Open(directory, reader.Name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int fd) == 0
            )
            {
                using SafeFd inner = new(fd);
                Add(fd, depth + 1);
            }
        }
    }

    private void File(int directory, ReadOnlySpan<byte> name)
    {
        if (At.Stat(directory, name, out StatxBuffer stat) != 0 || (stat.Mode & At.S_IFMT) is not (At.S_IFREG or At.S_IFLNK))
        {
            return;
        }
        if (stat.Links == 1 || _linked.Add((stat.DevMajor, stat.DevMinor, stat.Inode)))
        {
            _sum += (long)stat.Size;
        }
    }
}
