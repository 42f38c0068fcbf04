using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Store;

/// <content>Pruning, and the sweep that takes what nothing refers to.</content>
public sealed partial class ImageStore
{
    private static readonly TimeSpan s_partialKept = TimeSpan.FromDays(7);

    /// <summary>The images that a prune would take: shown before the question, and exactly these are then given to <see cref="Prune"/>.</summary>
    public IReadOnlyList<Image> PlanPrune(PruneFilter filter, Func<Digest, string?> usedBy)
    {
        List<Image> taken = [.. List().Where(i => filter.Takes(i) && usedBy(i.Id) is null)];
        return filter.Keep == 0 ? taken : [.. taken.OrderByDescending(i => i.LastUsed).Skip(filter.Keep)];
    }

    /// <summary>Removes images of a plan, except those that came into use or got another name since, and sweeps.</summary>
    public RemovedImages Prune(IReadOnlyList<Image> plan, Func<Digest, string?> usedBy)
    {
        List<string> untagged = [];
        List<Digest> deleted = [];
        if (File.Exists($"{Root}/oci-layout"))
        {
            using (FileLock.Acquire($"{Root}/gc.lock"))
            using (LockIndex())
            {
                List<IndexEntry> entries = StoreIndex.Read(Root);
                foreach (Image image in plan)
                {
                    List<IndexEntry> mine = entries.FindAll(e => e.Id == image.Id);
                    bool same = mine.TrueForAll(e => e.Reference is not Reference name || image.Names.Contains(name));
                    if (mine.Count > 0 && same && usedBy(image.Id) is null)
                    {
                        entries.RemoveAll(mine.Contains);
                        untagged.AddRange(image.Names.Select(n => n.Familiar));
                        deleted.Add(image.Id);
                    }
                }
                StoreIndex.Write(Root, entries, removing: true);
            }
        }
        return new RemovedImages(untagged, deleted, Collect());
    }

    /// <summary>Removes blobs, layers and remains that no image, pull or load refers to. Mark and sweep under <c>gc.lock</c>; the deleting itself is done without it.</summary>
    /// <returns>The bytes given back.</returns>
    public long Collect()
    {
        if (!File.Exists($"{Root}/oci-layout"))
        {
            return 0;
        }
        long bytes = 0;
        string trash = IngestPath($"trash-{RandomBytes.Hex(4)}");
        using (FileLock.Acquire($"{Root}/gc.lock"))
        {
            HashSet<string> used = Mark();
            SpaceReserve.Use(Root, () => MakeTrash(trash));
            foreach (string algorithm in Directory.EnumerateDirectories($"{Root}/blobs"))
            {
                bytes += Sweep(algorithm, used, trash, path => new FileInfo(path).Length);
            }
            bytes += Sweep($"{Root}/layers", used, trash, LayerSize);
            bytes += Sweep($"{Root}/chains", used, trash, _ => 0);
            SweepShortNames();
            bytes += SweepIngest(used, trash);
        }
        foreach (string old in Directory.EnumerateDirectories($"{Root}/ingest", "trash-*"))
        {
            Tree.Remove(old);
        }
        SpaceReserve.Keep(Root);
        return bytes;
    }

    private static void MakeTrash(string path)
    {
        int errno = Files.TryMakeDirectory(path, 0x1C0);
        if (errno is not (0 or Errno.EEXIST))
        {
            throw new LinuxException("mkdir", path, errno);
        }
    }

    internal void RemoveIngest(string hex)
    {
        _ = Files.TryRemove(IngestPath($"{hex}.pending"));
        Tree.Remove(IngestPath($"{hex}.tree"));
        _ = Files.TryRemove(IngestPath(hex));
    }

    internal void EnsureShortName(ChainId chain)
    {
        string link = $"{Root}/{ShortName(chain.Hex)}";
        int errno = At.MakeSymlink(CString.Encode($"../layers/{chain.Hex}/diff"), Files.AtCwd, CString.Encode(link));
        if (errno is not (0 or Errno.EEXIST))
        {
            throw new LinuxException("symlink", link, errno);
        }
    }

    private HashSet<string> Mark()
    {
        HashSet<string> used = [];
        Lease.Collect($"{Root}/ingest", used);
        KeptFile.Collect(Root, used);
        foreach (IndexEntry entry in StoreIndex.Read(Root))
        {
            used.Add(entry.Manifest.Digest.Hex);
            used.Add(entry.Top.Digest.Hex);
            used.Add(entry.Id.Hex);
            if (ReadBlob(entry.Manifest.Digest) is byte[] manifest)
            {
                foreach (Descriptor layer in ImageManifest.Parse(manifest).Layers)
                {
                    used.Add(layer.Digest.Hex);
                }
            }
            if (ReadBlob(entry.Id) is byte[] config)
            {
                foreach (ChainId chain in ChainId.Of(ImageConfig.Parse(config).DiffIds))
                {
                    used.Add(chain.Hex);
                }
            }
        }
        return used;
    }

    private static long Sweep(string directory, HashSet<string> used, string trash, Func<string, long> size)
    {
        long bytes = 0;
        foreach (string path in Directory.EnumerateFileSystemEntries(directory))
        {
            string name = Path.GetFileName(path);
            if (!used.Contains(name))
            {
                bytes += size(path);
                Files.Rename(path, $"{trash}/{Path.GetFileName(directory)}-{name}");
            }
        }
        return bytes;
    }

    private static long LayerSize(string path) => long.TryParse(Files.TryReadText($"{path}/size", out _), out long size) ? size : 0;

    private void SweepShortNames()
    {
        foreach (string link in Directory.EnumerateFileSystemEntries($"{Root}/l"))
        {
            if (!Directory.Exists(link))
            {
                _ = Files.TryRemove(link);
            }
        }
    }

    /// <summary>Remains of pulls and loads that ended: trees and what a load had spooled at once, partial blobs after a week, because the next pull goes on from them.</summary>
    private long SweepIngest(HashSet<string> used, string trash)
    {
        long bytes = 0;
        DateTime old = (_clock.GetUtcNow() - s_partialKept).UtcDateTime;
        foreach (string path in Directory.EnumerateFileSystemEntries($"{Root}/ingest"))
        {
            string name = Path.GetFileName(path);
            string hex = name.Split('.')[0];
            if (
                used.Contains(hex)
                || name.StartsWith("trash-", StringComparison.Ordinal)
                || name.StartsWith("lease-", StringComparison.Ordinal)
            )
            {
                continue;
            }
            bool spooled = name.StartsWith("load-", StringComparison.Ordinal); // of a living load its lease holds the name
            bool partial = name == hex && !spooled && File.GetLastWriteTimeUtc(path) > old;
            if (!partial)
            {
                bytes +=
                    spooled ? SpooledSize(path)
                    : name == hex ? new FileInfo(path).Length
                    : 0;
                Files.Rename(path, $"{trash}/ingest-{name}");
            }
        }
        return bytes;
    }

    /// <summary>An import spools one file, a load a directory of files.</summary>
    private static long SpooledSize(string path)
    {
        long bytes = 0;
        foreach (string file in Directory.Exists(path) ? Directory.GetFiles(path) : [path])
        {
            bytes += new FileInfo(file).Length;
        }
        return bytes;
    }
}
