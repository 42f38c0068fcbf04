using System.Security.Cryptography;
using System.Text;
using Skiff.Images.Layers;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Images.Archives;

/// <summary>The files of an image archive, spooled into the store's <c>ingest/</c> as they come: the list of contents may be the last of them (stdin cannot be read twice), and layers then only change their name.</summary>
internal sealed class ArchiveFiles : IDisposable
{
    private const int MaxFiles = 20_000;

    private readonly string _directory;
    private readonly Dictionary<string, (string Path, Digest Digest, long Size)> _files = [];
    private readonly Dictionary<string, string> _aliases = [];

    private ArchiveFiles(string directory) => _directory = directory;

    /// <summary>Reads the whole archive, gzip, zstd or plain.</summary>
    internal static ArchiveFiles Read(ImageStore store, IngestSession session, Stream source, CancellationToken cancel)
    {
        string name = $"load-{RandomBytes.Hex(4)}";
        session.Hold(name);
        ArchiveFiles files = new(store.IngestPath(name));
        int errno = Files.TryMakeDirectory(files._directory, 0x1C0);
        if (errno != 0)
        {
            throw new LinuxException("mkdir", files._directory, errno);
        }
        try
        {
            using Stream plain = Decompress.Open(source, null);
            TarReader reader = new(plain);
            while (reader.Next())
            {
                cancel.ThrowIfCancellationRequested();
                files.Add(reader);
            }
            return files;
        }
        catch (Exception e) when (e is TarException or InvalidDataException)
        {
            files.Dispose();
            throw new SkiffException($"the archive cannot be read: {e.Message}", 1, e);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    internal bool Has(string name) => _files.ContainsKey(Follow(name));

    /// <summary>The digest and size of a file.</summary>
    internal (Digest Digest, long Size) Describe(string name) =>
        _files.TryGetValue(Follow(name), out (string Path, Digest Digest, long Size) file)
            ? (file.Digest, file.Size)
            : throw new SkiffException($"the archive has no {Printable.Of(name)}, which it refers to");

    /// <summary>A small file's content.</summary>
    internal byte[] ReadAll(string name, int limit)
    {
        _ = Describe(name);
        string path = _files[Follow(name)].Path;
        return Files.TryReadAll(path, out int errno, limit)
            ?? throw (
                errno == Errno.EFBIG
                    ? new SkiffException($"{Printable.Of(name)} in the archive has more than {limit} bytes")
                    : new LinuxException("read", path, errno)
            );
    }

    /// <summary>The first bytes of a file.</summary>
    internal LayerCompression Compression(string name)
    {
        using SafeFd fd = Files.Open(_files[Follow(name)].Path, OpenFlags.O_RDONLY);
        byte[] head = new byte[6];
        int count = Files.Read(fd, head, name);
        return Decompress.Detect(head.AsSpan(0, count));
    }

    /// <summary>Moves a file into the store's blobs. What it was stays known, for a second image that refers to it.</summary>
    internal void MoveToBlobs(string name, ImageStore store)
    {
        (string path, Digest digest, _) = _files[Follow(name)];
        if (!store.HasBlob(digest))
        {
            Files.Rename(path, store.BlobPath(digest));
            _files[Follow(name)] = (store.BlobPath(digest), digest, _files[Follow(name)].Size);
        }
    }

    public void Dispose() => Skiff.Linux.FileTree.Tree.Remove(_directory);

    private void Add(TarReader reader)
    {
        TarEntry entry = reader.Entry;
        byte[] cleaned = LayerPath.Clean(entry.Name) ?? throw new TarException("a name is too long", entry.Offset);
        string name = Encoding.UTF8.GetString(cleaned);
        if (entry.Type is TarEntryType.Symlink or TarEntryType.HardLink)
        {
            // old docker archives link layers that several images share
            byte[] target =
                entry.Type == TarEntryType.HardLink ? entry.LinkName.ToArray() : LayerPath.Join(LayerPath.Parent(cleaned), entry.LinkName);
            _aliases[name] = Encoding.UTF8.GetString(LayerPath.Clean(target) ?? []);
            return;
        }
        if (entry.Type != TarEntryType.File)
        {
            return;
        }
        if (_files.Count == MaxFiles)
        {
            throw new SkiffException(
                $"the archive has more than {MaxFiles} files: it is no image archive; `skiff import` takes a root file system"
            );
        }
        string path = $"{_directory}/{_files.Count}";
        using SafeFd fd = Files.Open(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, 0x1A4);
        using IncrementalHash hash = Hashing.BeginSha256();
        while (reader.ReadData(out _, out ReadOnlySpan<byte> data))
        {
            hash.AppendData(data);
            Files.WriteAll(fd, data, path);
        }
        _files[name] = (path, Digest.FromSha256(hash.GetHashAndReset()), entry.Size);
    }

    private string Follow(string name)
    {
        for (int i = 0; i < 8 && _aliases.TryGetValue(name, out string? target); i++)
        {
            name = target;
        }
        return name;
    }
}
