using System.Text;
using Skiff.Images.Layers;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Archives;

/// <summary><c>commit</c>: an image from another and the writable layer of a container made from it.</summary>
/// <remarks>
/// In two steps. <see cref="Snapshot"/> copies the writable layer into the store, sharing blocks where the file system can: only so long must the container stand still.
/// <see cref="Commit"/> then packs the copy, which nobody changes, and the same copy becomes the unpacked layer: nothing is unpacked again, and archive and directory cannot differ.
/// gzip, because every registry and engine reads it; zstd layers need docker 23 or containerd 1.5. Nothing is visible before the name is written last; what a crash leaves lies in <c>ingest/</c>, held by nobody.
/// </remarks>
public sealed class ImageCommitter : IDisposable
{
    private readonly ImageStore _store;
    private readonly IngestSession _session;
    private readonly string _name = $"commit-{RandomBytes.Hex(8)}";
    private bool _changed;
    private bool _rootChanged;

    /// <summary>Begins; nothing is copied yet.</summary>
    public ImageCommitter(ImageStore store)
    {
        _store = store;
        _session = store.BeginIngest();
        _session.Hold(_name);
    }

    private string Tree => _store.IngestPath(_name + ".tree");

    private string Blob => _store.IngestPath(_name + ".blob"); // a name with a dot is no partial download, so a sweep takes it

    /// <summary>Copies what the container changed.</summary>
    /// <param name="upper">Its writable layer.</param>
    /// <param name="lower">The image's layers, bottom first.</param>
    /// <param name="mountPoints">Paths without leading slash that the engine may have made to mount on, see <see cref="LayerChanges"/>.</param>
    /// <param name="remark">Takes a sentence for what is left out.</param>
    /// <param name="owner">Who in the image an owner of a file is; null for the same.</param>
    public void Snapshot(
        string upper,
        IReadOnlyList<string> lower,
        IReadOnlySet<string> mountPoints,
        Action<string> remark,
        Func<(uint Uid, uint Gid), (uint Uid, uint Gid)>? owner = null
    ) =>
        SpaceGuard.Run(
            _store,
            "commit",
            () =>
            {
                LayerChanges changes = LayerChanges.Read(upper, lower, mountPoints);
                using SafeFd source = Files.Open(upper, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
                _rootChanged = lower.Count > 0 && !LayerPack.SameRoot(source, lower[^1]);
                _changed = changes.List.Count > 0 || _rootChanged;
                if (_changed)
                {
                    Make(Tree);
                    Make(Tree + "/diff");
                    using SafeFd target = Files.Open(Tree + "/diff", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
                    TreeCopier copier = new(
                        new CopyRules
                        {
                            Xattrs = XattrChoice.Layer,
                            LeaveOut = path => changes.IsLeftOut(path),
                            Remark = remark,
                            Owner = owner,
                        }
                    );
                    copier.Content(source.Value, target.Value);
                    copier.Attributes(source.Value, target.Value);
                }
                return true;
            }
        );

    /// <summary>Packs the copy and makes the image.</summary>
    public Image Commit(CommitOptions options, CancellationToken cancel) =>
        SpaceGuard.Run(
            _store,
            "commit",
            () =>
            {
                List<Descriptor> layers =
                [
                    .. options.Base.Manifest.Layers.Select(static l =>
                        MediaTypes.Compression(l.MediaType) is { } kind ? l with { MediaType = ImageLoader.MediaTypeOf(kind) } : l
                    ),
                ];
                List<Digest> diffIds = [.. options.Base.Config.DiffIds];
                if (_changed)
                {
                    (Descriptor layer, Digest diffId, long size) = LayerPack.Write(
                        Tree + "/diff",
                        Blob,
                        _rootChanged,
                        compress: true,
                        cancel
                    );
                    layers.Add(layer);
                    diffIds.Add(diffId);
                    TakeLayer(layer, diffIds, size);
                }
                HistoryEntry step = new(options.Created, options.CreatedBy, options.Author, options.Message, EmptyLayer: !_changed);
                ImageConfig config = options.Config with
                {
                    Created = options.Created,
                    Author = options.Author,
                    DiffIds = diffIds,
                    History = [.. options.Base.Config.History, step],
                };
                byte[] bytes = ImageConfigWriter.Write(config);
                Descriptor id = new(MediaTypes.OciConfig, Digest.Of(bytes), bytes.Length);
                _session.WriteBlob(id.Digest, bytes);
                (Descriptor descriptor, ImageManifest manifest) = ManifestWriter.Write(_session, id, layers);
                return _session.Commit(descriptor, manifest, descriptor, options.Name is null ? [] : [options.Name]);
            }
        );

    /// <summary>Removes what is not part of an image, and ends the session.</summary>
    public void Dispose()
    {
        _ = Files.TryRemove(Blob);
        _ = Skiff.Linux.FileTree.Tree.RemoveAll(Tree);
        _session.Dispose();
    }

    /// <summary>Blob and tree take the names under which an unpacked layer waits for its place (<see cref="LayerIngest"/>).</summary>
    private void TakeLayer(Descriptor layer, List<Digest> diffIds, long size)
    {
        using IDisposable mine = _session.LockBlob(layer.Digest);
        if (_session.HasLayer(layer, diffIds))
        {
            return;
        }
        _store.RemoveIngest(layer.Digest.Hex);
        if (!_store.HasBlob(layer.Digest))
        {
            Files.Rename(Blob, _store.BlobPath(layer.Digest));
        }
        Files.Replace(Tree + "/size", Encoding.ASCII.GetBytes($"{size}"));
        Files.Replace(Tree + "/boot", Encoding.ASCII.GetBytes(BootId.Read()));
        Files.Rename(Tree, _store.IngestPath(layer.Digest.Hex + ".tree"));
        new PendingWork().Save(_store.IngestPath(layer.Digest.Hex + ".pending"), BootId.Read());
    }

    private static void Make(string path)
    {
        int errno = Files.TryMakeDirectory(path, 0x1C0);
        if (errno != 0)
        {
            throw new LinuxException("mkdir", path, errno);
        }
    }
}
