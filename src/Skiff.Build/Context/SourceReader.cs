using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Skiff.Build.Cache;
using Skiff.Images;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Build.Context;

/// <summary>Reads what an instruction copies: which files there are, and a hash of their content, modes, owners and links. Times do not count.</summary>
/// <param name="root">The root that bounds every lookup.</param>
/// <param name="leftOut">True for a path, relative to the root, that is not copied.</param>
/// <param name="mayHold">True where something in a directory that is left out may be copied all the same.</param>
/// <param name="keepsOwner">Owners are kept (copies out of stages and images); otherwise everything belongs to root.</param>
/// <param name="cancel">Ends it.</param>
internal sealed class SourceReader(int root, Func<string, bool> leftOut, bool mayHold, bool keepsOwner, CancellationToken cancel)
{
    private const int MaxDepth = 1000;

    /// <summary>Hashes of files that are known; null to read every one.</summary>
    internal StatCache? Known { get; init; }

    private readonly byte[] _buffer = new byte[256 << 10];
    private readonly SourceListing _listing = new();

    /// <summary>Every file with its hash, for "why did this step run again".</summary>
    internal SourceListing Listing => _listing;

    /// <summary>Reads one file or tree.</summary>
    /// <param name="path">Path in the root, links resolved, no slashes at its ends.</param>
    /// <param name="file">What is there, O_PATH.</param>
    /// <returns>Null where it is left out.</returns>
    internal SourceNode? Read(string path, int file) => Node(file, [], path, 0);

    private SourceNode? Node(int fd, byte[] name, string path, int depth)
    {
        cancel.ThrowIfCancellationRequested();
        if (depth > MaxDepth)
        {
            throw new SkiffException($"/{path}: directories are nested too deeply");
        }
        Check(At.Stat(fd, out StatxBuffer stat), "statx", path);
        bool isOut = path.Length > 0 && leftOut(path);
        uint type = stat.Mode & At.S_IFMT;
        if (isOut && !(mayHold && type == At.S_IFDIR))
        {
            return null;
        }
        SourceNode node = new()
        {
            Name = name,
            Stat = stat,
            Owner = keepsOwner ? (stat.Uid, stat.Gid) : (0, 0),
            Link = type == At.S_IFLNK ? Target(fd, path) : [],
        };
        using IncrementalHash hash = Hashing.BeginSha256();
        Head(hash, node);
        switch (type)
        {
            case At.S_IFDIR:
                Directory(fd, node, path, depth, hash);
                if (isOut && node.Children.Count == 0)
                {
                    return null;
                }
                break;
            case At.S_IFREG:
                File(fd, path, stat, hash);
                break;
            case At.S_IFLNK:
                hash.AppendData(node.Link);
                break;
            case At.S_IFSOCK:
                return null; // a layer cannot hold one
            default:
                hash.AppendData(Encoding.ASCII.GetBytes($"{stat.RdevMajor}:{stat.RdevMinor}"));
                break;
        }
        node.Hash = hash.GetHashAndReset();
        if (type != At.S_IFDIR)
        {
            _listing.Add(path, node.Hash);
        }
        return node;
    }

    private static void Head(IncrementalHash hash, SourceNode node)
    {
        Span<byte> head = stackalloc byte[12];
        // the mode of a link means nothing
        BinaryPrimitives.WriteUInt32LittleEndian(head, node.Type == At.S_IFLNK ? node.Type : node.Stat.Mode);
        BinaryPrimitives.WriteUInt32LittleEndian(head[4..], node.Owner.Uid);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], node.Owner.Gid);
        hash.AppendData(head);
    }

    private void Directory(int fd, SourceNode node, string path, int depth, IncrementalHash hash)
    {
        Check(At.Open(fd, ".\0"u8, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int list), "open", path);
        List<byte[]> names = [];
        try
        {
            NameReader reader = new(list, new byte[32 << 10]);
            while (reader.Next())
            {
                names.Add(reader.Name.ToArray());
            }
            Check(reader.Error, "read", path);
        }
        finally
        {
            At.Close(list);
        }
        names.Sort(static (a, b) => a.AsSpan().SequenceCompareTo(b));
        foreach (byte[] name in names)
        {
            string own = path.Length == 0 ? CString.Decode(name) : path + "/" + CString.Decode(name);
            int errno = At.Open(fd, name, OpenFlags.O_PATH, 0, out int child);
            if (errno == Errno.ENOENT)
            {
                continue; // removed while we were on the way
            }
            Check(errno, "open", own);
            try
            {
                if (Node(child, name, own, depth + 1) is { } found)
                {
                    node.Children.Add(found);
                    hash.AppendData(name);
                    hash.AppendData(found.Hash);
                }
            }
            finally
            {
                At.Close(child);
            }
        }
    }

    private void File(int fd, string path, in StatxBuffer stat, IncrementalHash hash)
    {
        Span<byte> digest = stackalloc byte[32];
        if (Known?.TryGet(stat, digest) != true)
        {
            Content(fd, path, digest);
            Known?.Add(stat, digest);
        }
        hash.AppendData(digest);
    }

    private void Content(int fd, string path, Span<byte> digest)
    {
        Check(At.Reopen(fd, OpenFlags.O_RDONLY, out int source), "open", path);
        try
        {
            using IncrementalHash hash = Hashing.BeginSha256();
            foreach (byte[] name in Xattrs.List(source))
            {
                if (XattrChoice.Archive.Takes(name) && Xattrs.Get(source, name) is { } value)
                {
                    hash.AppendData(name);
                    hash.AppendData(value);
                }
            }
            int count;
            while ((count = At.Read(source, _buffer)) > 0)
            {
                hash.AppendData(_buffer, 0, count);
                cancel.ThrowIfCancellationRequested();
            }
            Check(-count, "read", path);
            _ = hash.GetHashAndReset(digest);
        }
        finally
        {
            At.Close(source);
        }
    }

    private static byte[] Target(int fd, string path)
    {
        byte[] target = new byte[4097];
        int length = At.ReadLink(fd, "\0"u8, target.AsSpan(0, 4096));
        Check(length < 0 ? -length : 0, "readlink", path);
        return target[..(length + 1)];
    }

    private static void Check(int errno, string call, string path)
    {
        if (errno != 0)
        {
            throw new LinuxException(call, "/" + path, errno);
        }
    }

    /// <summary>The root itself is needed to resolve names.</summary>
    internal int Root => root;
}
