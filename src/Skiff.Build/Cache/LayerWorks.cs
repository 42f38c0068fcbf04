using System.Text;
using Skiff.Images;
using Skiff.Images.Archives;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Build.Cache;

/// <summary>The layers that a build makes: each is written in a directory of its own, packed by another thread while the next step runs, and renamed to its ChainID once that is known.</summary>
/// <remarks>What a build that is killed leaves lies in <c>ingest/</c>, held by nobody, and the next sweep takes it. Of layers that are whole the cache's records were written as they were taken to their places.</remarks>
internal sealed class LayerWorks : IDisposable
{
    private readonly ImageStore _store;
    private readonly IngestSession _session;
    private readonly string _name = $"build-{RandomBytes.Hex(6)}";
    private readonly Queue<(BuiltLayer Layer, string Blob)> _queue = new();
    private readonly Lock _settling = new();
    private readonly List<string> _trees = [];
    private readonly CancellationTokenSource _cancel = new();
    private Thread? _packer;
    private bool _closed;
    private int _count;

    internal LayerWorks(ImageStore store)
    {
        _store = store;
        _session = store.BeginIngest();
        RemoveRemains();
    }

    /// <summary>Called on the packing thread when a layer is packed.</summary>
    internal Action? Ready { get; set; }

    /// <summary>What the build brings into the store.</summary>
    internal IngestSession Session => _session;

    /// <summary>Makes a directory for a layer, with <c>diff</c>, <c>work</c> and <c>mnt</c> in it.</summary>
    internal string NewTree()
    {
        string name = $"{_name}-{Interlocked.Increment(ref _count)}";
        _session.Hold(name);
        string tree = _store.IngestPath(name + ".tree");
        foreach (string directory in (string[])[tree, tree + "/diff", tree + "/work", tree + "/mnt"])
        {
            int errno = Files.TryMakeDirectory(directory, 0x1C0u);
            if (errno != 0)
            {
                throw new LinuxException("mkdir", directory, errno);
            }
        }
        _ = At.ChangeMode(Files.AtCwd, CString.Encode(tree + "/diff"), 0x1ED); // whatever the caller's umask is
        lock (_trees)
        {
            _trees.Add(tree);
        }
        return tree;
    }

    /// <summary>A directory of another kind that goes with the build: <c>ingest/NAME.tree</c>.</summary>
    internal string NewDirectory()
    {
        string tree = NewTree();
        return tree + "/diff";
    }

    /// <summary>Takes a finished tree as a layer; null where nothing is in it and its root is that of the layer below.</summary>
    /// <param name="tree">From <see cref="NewTree"/>.</param>
    /// <param name="below">The layers below.</param>
    internal BuiltLayer? Take(string tree, IReadOnlyList<BuiltLayer> below)
    {
        bool hasRoot = false;
        bool empty;
        using (SafeFd root = Files.Open(tree + "/diff", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY))
        {
            hasRoot = below.Count > 0 && !Still(() => LayerPack.SameRoot(root, below[^1].Directory));
            empty = !new NameReader(root.Value, new byte[4096]).Next();
        }
        if (empty && !hasRoot)
        {
            return null;
        }
        BuiltLayer layer = new(tree, $"ingest/{Path.GetFileName(tree)}/diff", hasRoot);
        lock (_queue)
        {
            _queue.Enqueue((layer, tree[..^".tree".Length] + ".blob"));
            if (_packer is null)
            {
                _packer = new Thread(Pack) { IsBackground = true, Name = "layers" };
                _packer.Start();
            }
            Monitor.Pulse(_queue);
        }
        return layer;
    }

    /// <summary>Does something while no layer changes its place: reads names of layers and opens or mounts what they name.</summary>
    internal T Still<T>(Func<T> work)
    {
        lock (_settling)
        {
            return work();
        }
    }

    /// <summary>Takes layers that are packed to their places, bottom first, as far as that can be done without waiting.</summary>
    /// <param name="layers">The layers.</param>
    /// <param name="wait">Waits until all are packed; no lock is held meanwhile, as the packing thread comes here, too.</param>
    internal void Settle(IReadOnlyList<BuiltLayer> layers, bool wait)
    {
        if (wait)
        {
            foreach (BuiltLayer layer in layers)
            {
                layer.Wait();
            }
        }
        lock (_settling)
        {
            for (int i = 0; i < layers.Count; i++)
            {
                BuiltLayer layer = layers[i];
                if (layer.Chain is not null)
                {
                    continue;
                }
                if (!layer.IsPacked)
                {
                    return;
                }
                layer.Wait();
                Place(layer, i == 0 ? null : layers[i - 1].Chain);
            }
        }
    }

    /// <summary>The ChainID of a layer on top of another.</summary>
    internal static Digest ChainOf(Digest? below, Digest diffId) =>
        below is { } chain ? Digest.Of(Encoding.ASCII.GetBytes($"{chain} {diffId}"))
        : diffId.Algorithm == "sha256" ? diffId
        : Digest.Of(Encoding.ASCII.GetBytes(diffId.ToString()));

    /// <summary>Ends the packing and removes what did not become a layer.</summary>
    public void Dispose()
    {
        _cancel.Cancel();
        lock (_queue)
        {
            _closed = true;
            Monitor.PulseAll(_queue);
        }
        _packer?.Join();
        foreach (string tree in _trees)
        {
            _ = Files.TryRemove(tree[..^".tree".Length] + ".blob");
            _ = Tree.RemoveAll(tree);
        }
        _session.Dispose();
        _cancel.Dispose();
    }

    private void Place(BuiltLayer layer, Digest? below)
    {
        Digest chain = ChainOf(below, layer.DiffId);
        string tree = layer.Tree!;
        string blob = tree[..^".tree".Length] + ".blob";
        _session.Hold(chain.Hex);
        _session.Hold(layer.Blob!.Digest.Hex);
        using (_session.LockBlob(layer.Blob.Digest))
        {
            if (!_store.HasBlob(layer.Blob.Digest))
            {
                Files.Rename(blob, _store.BlobPath(layer.Blob.Digest));
            }
            ChainId id = new(chain);
            if (!_store.HasLayer(id))
            {
                _store.RemoveStale(id);
                Files.Replace(tree + "/size", Encoding.ASCII.GetBytes($"{layer.Size}"));
                Files.Replace(tree + "/boot", Encoding.ASCII.GetBytes(BootId.Read()));
                int errno = At.Rename(
                    Files.AtCwd,
                    CString.Encode(tree),
                    Files.AtCwd,
                    CString.Encode($"{_store.Root}/layers/{chain.Hex}"),
                    noReplace: true
                );
                if (errno is not (0 or Errno.EEXIST))
                {
                    throw new LinuxException("rename", $"{tree} to layers/{chain.Hex}", errno);
                }
                foreach (string rest in errno == 0 ? (string[])["/work/work", "/work", "/mnt"] : [])
                {
                    // empty by now: what overlayfs leaves is a directory, or the mark of a volatile mount
                    _ = Tree.RemoveAll($"{_store.Root}/layers/{chain.Hex}{rest}");
                }
            }
            _store.EnsureShortName(id);
        }
        layer.Settled(_store.Root, chain);
    }

    /// <summary>What builds that were killed have left: nobody holds it.</summary>
    private void RemoveRemains()
    {
        string[] left = [.. Directory.EnumerateFileSystemEntries(_store.IngestPath("")).Where(static p => IsOurs(Path.GetFileName(p)))];
        if (left.Length == 0)
        {
            return;
        }
        HashSet<string> held = [];
        Lease.Collect(_store.IngestPath(""), held);
        foreach (string path in left)
        {
            if (!held.Contains(Path.GetFileName(path).Split('.')[0]))
            {
                _ = Tree.RemoveAll(path);
            }
        }
    }

    private static bool IsOurs(string name) =>
        name.StartsWith("build-", StringComparison.Ordinal) || name.StartsWith("context-", StringComparison.Ordinal);

    private void Pack()
    {
        while (true)
        {
            (BuiltLayer Layer, string Blob) next;
            lock (_queue)
            {
                while (!_queue.TryDequeue(out next))
                {
                    if (_closed)
                    {
                        return;
                    }
                    Monitor.Wait(_queue);
                }
            }
            try
            {
                (Descriptor blob, Digest diffId, long size) = LayerPack.Write(
                    next.Layer.Directory,
                    next.Blob,
                    next.Layer.HasRoot,
                    compress: false,
                    _cancel.Token
                );
                next.Layer.Packed(blob, diffId, size);
                Ready?.Invoke();
            }
            catch (Exception e)
            {
                next.Layer.Failed(e);
            }
        }
    }
}
