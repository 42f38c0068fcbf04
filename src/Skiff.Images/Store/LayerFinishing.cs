using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Store;

/// <summary>Takes unpacked trees to their place under their ChainID, bottom first.</summary>
internal sealed class LayerFinishing(ImageStore store)
{
    private static readonly Func<long, CancellationToken, Stream> s_none = (_, _) =>
        throw new SkiffException("a layer's blob is gone from the store: pull the image again");

    private readonly LayerIngest _ingest = new(store);

    /// <summary>Finishes the layers of an image that are not there yet.</summary>
    /// <returns>ChainID and size of each, bottom first.</returns>
    internal List<(string Hex, long Size)> Run(IReadOnlyList<Descriptor> layers, IReadOnlyList<Digest> diffIds, CancellationToken cancel)
    {
        IReadOnlyList<ChainId> chain = ChainId.Of(diffIds);
        List<string> lower = [];
        List<(string, long)> result = [];
        for (int i = 0; i < chain.Count; i++)
        {
            if (!store.HasLayer(chain[i]))
            {
                Finish(layers[i], diffIds[i], chain[i], lower, cancel);
            }
            store.EnsureShortName(chain[i]);
            lower.Add(store.LayerDirectory(chain[i]));
            _ = long.TryParse(Files.TryReadText($"{store.Root}/layers/{chain[i].Hex}/size", out _), out long size);
            result.Add((chain[i].Hex, size));
        }
        return result;
    }

    private void Finish(Descriptor layer, Digest diffId, ChainId chain, List<string> lower, CancellationToken cancel)
    {
        using FileLock mine = store.LockBlob(layer.Digest);
        if (store.HasLayer(chain))
        {
            return;
        }
        PendingWork? work = _ingest.Pending(layer);
        if (work is null)
        {
            // its tree went under another ChainID (the same layer twice in one image, LAY-25), or the machine went down
            _ingest.Run(layer, diffId, needTree: true, s_none, null, cancel);
            work = _ingest.Pending(layer) ?? throw new SkiffException($"the unpacked layer {layer.Digest} is gone");
        }
        store.RemoveStale(chain);
        // from here on the tree is no longer what was unpacked: cut off, it is unpacked again
        _ = Files.TryRemove(store.IngestPath($"{layer.Digest.Hex}.pending"));
        string tree = store.IngestPath($"{layer.Digest.Hex}.tree");
        using (SafeFd root = Files.Open($"{tree}/diff", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY))
        using (LowerStack below = new(lower))
        {
            new LayerFinisher(root, $"layer {layer.Digest.Short}", work, below).Run();
        }
        int errno = At.Rename(
            Files.AtCwd,
            CString.Encode(tree),
            Files.AtCwd,
            CString.Encode($"{store.Root}/layers/{chain.Hex}"),
            noReplace: true
        );
        if (errno == Errno.EEXIST)
        {
            Tree.Remove(tree); // the same layer in another compression was finished meanwhile
        }
        else if (errno != 0)
        {
            throw new LinuxException("rename", $"{tree} to layers/{chain.Hex}", errno);
        }
    }
}
