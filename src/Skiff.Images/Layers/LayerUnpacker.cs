using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Layers;

/// <summary>Unpacks one layer into an empty directory of its own, in overlayfs' form (image-spec layer.md; Documentation/filesystems/overlayfs.rst).</summary>
/// <remarks>
/// <para>Nothing is ever written outside the directory: names are cleaned lexically, parents are opened with openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS),
/// and what is made below them is one component that is not followed. A parent that is a symbolic link of the same layer is resolved by
/// reading the link, inside the root, as engines that unpack in a chroot do.</para>
/// <para>The descriptor of the last parent is kept: archives list a directory's files together, so most entries cost no lookup.</para>
/// <para>Policy for what cannot be kept is in README.md of this folder.</para>
/// </remarks>
public sealed partial class LayerUnpacker : IDisposable
{
    private const int MaxNotes = 20;

    private readonly SafeFd _root;
    private readonly string _rootName;
    private readonly bool _privileged;
    private readonly bool _plain;
    private readonly uint _umask;
    private readonly PathTable _directories = new();
    private readonly List<(byte[] Path, byte[] Target)> _links = [];
    private readonly List<byte[]> _whiteouts = [];
    private readonly Dictionary<string, (string First, int Count)> _notes = [];
    private readonly byte[] _path = new byte[LayerPath.MaxLength + 2];
    private readonly byte[] _target = new byte[LayerPath.MaxLength + 2];
    private int _length;

    /// <summary>Unpacks below <paramref name="root"/>, which stays the caller's and must be empty.</summary>
    /// <param name="root">The directory, open for reading.</param>
    /// <param name="rootName">Its path, for messages.</param>
    /// <param name="plain">An ordinary archive: whiteouts are files like any other.</param>
    public LayerUnpacker(SafeFd root, string rootName, bool plain = false)
    {
        _root = root;
        _plain = plain;
        _rootName = rootName;
        _privileged = At.IsRoot;
        _umask = ReadUmask();
        ref DirectoryRecord record = ref _directories.Get([]);
        record.Implied = true;
        record.Mode = 0x1ED;
    }

    /// <summary>The number of entries seen.</summary>
    public long Entries { get; private set; }

    /// <summary>The bytes of all files seen, holes included.</summary>
    public long Bytes { get; private set; }

    /// <summary>What was left out and why: a sentence for each kind, at most twenty.</summary>
    public IReadOnlyList<string> Notes =>
        [
            .. _notes.Select(n =>
                n.Value.Count == 1 ? $"{n.Value.First}: {n.Key}" : $"{n.Value.First} and {n.Value.Count - 1} more: {n.Key}"
            ),
        ];

    /// <summary>Unpacks every entry and sets the directories' attributes.</summary>
    /// <returns>What must be done once the layers below are in place.</returns>
    /// <exception cref="TarException">The archive is invalid.</exception>
    /// <exception cref="LinuxException">The file system refuses something.</exception>
    internal PendingWork Unpack(TarReader reader, CancellationToken cancel)
    {
        while (reader.Next())
        {
            cancel.ThrowIfCancellationRequested();
            Entries++;
            Bytes += reader.Entry.Size;
            UnpackEntry(reader);
        }
        return FinishDirectories();
    }

    /// <summary>Unpacks an archive that stands for itself, gzip, zstd or plain.</summary>
    /// <param name="root">An empty directory, open for reading; stays the caller's.</param>
    /// <param name="rootName">Its path, for messages.</param>
    /// <param name="source">The archive; stays the caller's.</param>
    /// <param name="implied">Told the directories that were made and that the archive has no entry for; an empty path is the root.</param>
    /// <param name="cancel">Ends it between two entries.</param>
    /// <returns>What was left out and why.</returns>
    /// <exception cref="TarException">The archive is invalid, or a hardlink leads to nothing in it.</exception>
    public static IReadOnlyList<string> UnpackPlain(
        SafeFd root,
        string rootName,
        Stream source,
        Action<byte[]> implied,
        CancellationToken cancel
    )
    {
        using LayerUnpacker unpacker = new(root, rootName, plain: true);
        TarReader reader = new(Decompress.Open(source, null));
        PendingWork work = unpacker.Unpack(reader, cancel);
        work.Implied.ForEach(implied);
        return work.Links.Count == 0
            ? unpacker.Notes
            : throw new TarException(
                $"the hardlink {unpacker.Display(work.Links[0].Path)} leads to {unpacker.Display(work.Links[0].Target)}, which the archive has not",
                reader.Position
            );
    }

    /// <inheritdoc/>
    public void Dispose() => ForgetParent();

    private void UnpackEntry(TarReader reader)
    {
        TarEntry entry = reader.Entry;
        if (!LayerPath.TryClean(entry.Name, _path, out _length))
        {
            throw new TarException($"the name {entry.DisplayName[..64]}… is longer than {LayerPath.MaxLength} bytes", entry.Offset);
        }
        _path[_length] = 0;
        if (_length == 0)
        {
            UnpackRoot(entry);
            return;
        }
        int slash = _path.AsSpan(0, _length).LastIndexOf((byte)'/');
        ReadOnlySpan<byte> name = _path.AsSpan(slash + 1, _length - slash); // with its final zero
        if (!_plain && IsMetadata(slash, entry))
        {
            return;
        }
        int parent = Parent(_path.AsSpan(0, Math.Max(slash, 0)), entry.ModificationTime);
        if (!_plain && name.StartsWith(".wh."u8) && !IsAufsRoot(_path))
        {
            Whiteout(parent, name, entry);
            return;
        }
        switch (entry.Type)
        {
            case TarEntryType.File:
                MakeFile(parent, name, reader);
                break;
            case TarEntryType.Directory:
                MakeDirectory(parent, name, entry);
                break;
            case TarEntryType.Symlink:
                MakeSymlink(parent, name, entry);
                break;
            case TarEntryType.HardLink:
                MakeLink(parent, name, entry);
                break;
            case TarEntryType.CharacterDevice or TarEntryType.BlockDevice or TarEntryType.Fifo:
                MakeNode(parent, name, entry);
                break;
            default:
                Note(entry, $"left out, its type '{(char)Math.Max(entry.TypeFlag, (byte)32)}' has no meaning in an image");
                break;
        }
    }

    private void UnpackRoot(TarEntry entry)
    {
        if (entry.Type != TarEntryType.Directory)
        {
            throw new TarException("an entry for the root that is not a directory", entry.Offset);
        }
        SetDirectory(ref _directories.Get([]), entry);
    }

    /// <summary>Removes what is at a name so that a later entry can take its place: the last one wins (LAY-23).</summary>
    /// <returns>True if it hid what lies below, as all but directories do: a directory in its place goes on hiding it.</returns>
    private bool MakeRoom(int parent, ReadOnlySpan<byte> name, TarEntry entry)
    {
        int errno = At.Stat(parent, name, out StatxBuffer stat);
        if (errno == Errno.ENOENT)
        {
            return false;
        }
        Check(errno, "stat", entry);
        if ((stat.Mode & At.S_IFMT) != At.S_IFDIR)
        {
            Check(At.Unlink(parent, name), "unlink", entry);
            return true;
        }
        Check(Tree.TryRemove(parent, name), "remove", entry);
        return false;
    }

    internal static bool IsWhiteout(in StatxBuffer stat) =>
        (stat.Mode & At.S_IFMT) == At.S_IFCHR && stat.RdevMajor == 0 && stat.RdevMinor == 0;

    /// <summary>Counts something that is left out; a kind is one sentence in the end, whatever the number.</summary>
    private void Note(TarEntry entry, string kind)
    {
        if (_notes.TryGetValue(kind, out (string First, int Count) noted))
        {
            _notes[kind] = (noted.First, noted.Count + 1);
        }
        else if (_notes.Count < MaxNotes)
        {
            _notes[kind] = (entry.DisplayName, 1);
        }
    }

    private void Check(int errno, string call, TarEntry entry)
    {
        if (errno != 0)
        {
            throw new LinuxException(call, $"{_rootName}/{entry.DisplayName}", errno);
        }
    }

    private static uint ReadUmask()
    {
        // umask(2) can only be read by setting it, which other threads would notice
        string status = Files.TryReadText("/proc/self/status", out _) ?? "";
        int at = status.IndexOf("\nUmask:\t", StringComparison.Ordinal);
        uint mask = 0;
        for (int i = at + 8; at >= 0 && i < status.Length && status[i] is >= '0' and <= '7'; i++)
        {
            mask = (mask << 3) | (uint)(status[i] - '0');
        }
        return at < 0 ? 0x1FF : mask;
    }
}
