using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Store;

/// <content>
/// What a power cut may do. Blobs and layers are written without a sync, because the kernel would write everything of a pull at once while the user waits. Instead an image and its
/// layers carry the boot in which they were written. In the same boot they are whole; a later command finds them old enough and makes them durable with one syncfs, which costs little then;
/// in another boot they are checked by digest and unpacked again before first use.
/// </content>
public sealed partial class ImageStore
{
    private static readonly TimeSpan s_settleAfter = TimeSpan.FromMinutes(1);

    /// <summary>Makes images durable that were written a while ago in this boot. Called where time does not matter: at the start of a pull, by prune.</summary>
    /// <param name="now">True to do it for every image at once, whatever it costs.</param>
    public void Settle(bool now = false)
    {
        string chains = $"{Root}/chains";
        if (!Directory.Exists(chains))
        {
            return;
        }
        string boot = BootId.Read();
        DateTime limit = (_clock.GetUtcNow() - s_settleAfter).UtcDateTime;
        List<(string Path, ChainFile File)> due = [];
        foreach (string path in Directory.EnumerateFiles(chains))
        {
            if (ChainFile.Load(path) is { BootId: not null } file && file.BootId == boot && (now || File.GetLastWriteTimeUtc(path) < limit))
            {
                due.Add((path, file));
            }
        }
        if (due.Count == 0)
        {
            return;
        }
        using (SafeFd root = Files.Open(Root, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY))
        {
            int errno = At.SyncFileSystem(root.Value);
            if (errno != 0)
            {
                throw new LinuxException("syncfs", Root, errno);
            }
        }
        foreach ((string path, ChainFile file) in due)
        {
            foreach ((string hex, _) in file.Layers)
            {
                _ = Files.TryRemove($"{Root}/layers/{hex}/boot");
            }
            DateTime used = File.GetLastWriteTimeUtc(path);
            (file with { BootId = null }).Save(path);
            File.SetLastWriteTimeUtc(path, used);
        }
    }

    /// <summary>Makes an image whole again after a reboot or where its chains are not known: layers that are not surely on the disk are unpacked again from verified blobs.</summary>
    private ChainFile Recover(IndexEntry entry, ImageManifest manifest, ImageConfig config)
    {
        if (manifest.Layers.Count != config.DiffIds.Count)
        {
            throw Damaged(entry, manifest.Config.Digest);
        }
        using Lease lease = new(this);
        string boot = BootId.Read();
        IReadOnlyList<ChainId> chain = ChainId.Of(config.DiffIds);
        for (int i = 0; i < chain.Count; i++)
        {
            lease.Hold(chain[i].Hex);
            lease.Hold(manifest.Layers[i].Digest.Hex);
        }
        try
        {
            List<(string, long)> layers = new LayerFinishing(this).Run(manifest.Layers, config.DiffIds, CancellationToken.None);
            ChainFile file = new(layers, boot);
            file.Save($"{Root}/chains/{entry.Id.Hex}");
            return file;
        }
        catch (Exception e) when (e is WrongContentException or SkiffException)
        {
            throw new SkiffException(
                $"the image {entry.Name ?? entry.Id.Short} was damaged when the machine went down: pull it again ({e.Message})",
                inner: e
            );
        }
    }

    /// <summary>Takes away a layer of an earlier boot that was never synced. No container uses it: starting one would have gone through <see cref="Recover"/>.</summary>
    internal void RemoveStale(ChainId chain)
    {
        if (!Directory.Exists($"{Root}/layers/{chain.Hex}"))
        {
            return;
        }
        string trash = IngestPath($"trash-{RandomBytes.Hex(4)}");
        Files.Rename($"{Root}/layers/{chain.Hex}", trash);
        Tree.Remove(trash);
    }
}
