using Skiff.Linux;

namespace Skiff.Images.Store;

/// <summary>The images on this machine: an OCI image layout with unpacked layers beside it (README.md of this folder tells the files).</summary>
/// <remarks>
/// Nothing is cached in memory and every change is one rename, so any number of processes may work on one store. Locks: <c>index.lock</c> while the index is
/// read and replaced; <c>gc.lock</c> exclusive while a sweep looks and moves things away, shared while somebody says what it is about to use;
/// <c>ingest/DIGEST.lock</c> while a blob is fetched or its tree is used. None is held while another container's is waited for.
/// </remarks>
public sealed partial class ImageStore
{
    private readonly TimeProvider _clock;

    private ImageStore(string root, TimeProvider clock)
    {
        Root = root;
        _clock = clock;
    }

    /// <summary>The directory of the store.</summary>
    public string Root { get; }

    /// <summary>Opens the store at a directory, which is made when something is first put in. Costs nothing.</summary>
    public static ImageStore Open(string root, TimeProvider? clock = null) => new(Path.GetFullPath(root), clock ?? TimeProvider.System);

    /// <summary>True if the blob is in the store, whole.</summary>
    public bool HasBlob(Digest digest) => File.Exists(BlobPath(Root, digest));

    /// <summary>The path of a blob.</summary>
    public string BlobPath(Digest digest) => BlobPath(Root, digest);

    /// <summary>The content of a small blob (manifest, index, config); null if it is not there.</summary>
    public byte[]? ReadBlob(Digest digest) => Files.TryReadAll(BlobPath(digest), out _, ImageConfig.MaxBytes + 1);

    /// <summary>The root of an unpacked layer, a lower directory for overlayfs.</summary>
    public string LayerDirectory(ChainId chain) => $"{Root}/layers/{chain.Hex}/diff";

    /// <summary>True if the layer is unpacked, and surely whole: written in this boot or known to be on the disk.</summary>
    public bool HasLayer(ChainId chain) =>
        Directory.Exists(LayerDirectory(chain))
        && (
            Files.TryReadText($"{Root}/layers/{chain.Hex}/boot", out int errno) is string boot
                ? boot == BootId.Read()
                : errno == Errno.ENOENT
        );

    /// <summary>Holds off removal of images until disposed: taken for the moment between finding an image and recording that a container uses it.</summary>
    public FileLock HoldForUse() => FileLock.Acquire($"{Root}/gc.lock", shared: true);

    internal static string BlobPath(string root, Digest digest) => $"{root}/blobs/{digest.Algorithm}/{digest.Hex}";

    internal static string ShortName(string chainHex) => $"l/{chainHex[..20]}";

    internal string IngestPath(string name) => $"{Root}/ingest/{name}";

    internal FileLock LockIndex() => FileLock.Acquire($"{Root}/index.lock");

    internal FileLock LockBlob(Digest digest) => FileLock.Acquire(IngestPath($"{digest.Hex}.lock"));

    /// <summary>Makes the layout. The root is closed to others: a setuid file of an image must not be reachable (SEC-19, CVE-2021-41091).</summary>
    internal void EnsureLayout()
    {
        if (File.Exists($"{Root}/oci-layout"))
        {
            return;
        }
        string? parent = Path.GetDirectoryName(Root);
        if (parent is not null)
        {
            Directory.CreateDirectory(parent);
        }
        foreach (string directory in (string[])["", "/blobs", "/blobs/sha256", "/ingest", "/layers", "/chains", "/l"])
        {
            int errno = Files.TryMakeDirectory(Root + directory, 0x1C0);
            if (errno is not (0 or Errno.EEXIST))
            {
                throw new LinuxException("mkdir", Root + directory, errno);
            }
        }
        Files.Replace($"{Root}/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}\n"u8, 0x1A4);
        if (!File.Exists($"{Root}/index.json"))
        {
            StoreIndex.Write(Root, []);
        }
    }

    /// <summary>Keeps a small blob whose digest the caller has verified.</summary>
    internal void WriteBlob(Digest digest, ReadOnlySpan<byte> bytes)
    {
        string path = BlobPath(digest);
        // the content counts, not the name: after a power cut a file may be empty
        if (!bytes.SequenceEqual(ReadBlob(digest)))
        {
            if (digest.Algorithm != "sha256")
            {
                _ = Files.TryMakeDirectory($"{Root}/blobs/{digest.Algorithm}", 0x1C0);
            }
            Files.Replace(path, bytes, 0x1A4);
        }
    }
}
