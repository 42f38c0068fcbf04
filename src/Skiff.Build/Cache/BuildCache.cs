using Skiff.Engine;
using Skiff.Images;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Build.Cache;

/// <summary>All that builds keep: results of steps and cache mounts. For <c>builder prune</c>, <c>system prune</c> and <c>system df</c>.</summary>
public static class BuildCache
{
    /// <summary>What there is, the longest unused first.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="sizeOf">Counts the bytes of a tree.</param>
    public static IReadOnlyList<BuildCacheEntry> List(SkiffEngine engine, Func<string, long> sizeOf)
    {
        string root = engine.Paths.Root;
        HashSet<string> ofImages = [];
        foreach (Image image in engine.Images.List())
        {
            foreach (string directory in image.LayerDirectories)
            {
                ofImages.Add(directory);
            }
        }
        List<BuildCacheEntry> entries = [];
        HashSet<Digest> counted = [];
        foreach (string path in Names(KeptFile.Directory(root), CacheRecord.Prefix + "*", directories: false))
        {
            string key = Path.GetFileName(path)[CacheRecord.Prefix.Length..];
            if (CacheRecord.Load(root, key) is { } record)
            {
                bool shared = record.Chain is { } chain && ofImages.Contains(engine.Images.LayerDirectory(new ChainId(chain)));
                bool counts = !shared && record.Chain is { } own && counted.Add(own);
                entries.Add(
                    new BuildCacheEntry(key, IsMount: false, counts ? record.Bytes : 0, record.Made, record.Used, shared, record.Text)
                );
            }
        }
        foreach (string path in Names(CacheDirectory.All(root), "*", directories: true))
        {
            string name = Path.GetFileName(path);
            if (name[0] != '.')
            {
                DateTimeOffset used = new(Directory.GetLastWriteTimeUtc(path));
                DateTimeOffset made = File.Exists(path + "/id") ? new DateTimeOffset(File.GetLastWriteTimeUtc(path + "/id")) : used;
                string text = Files.TryReadText(path + "/id", out _) ?? name;
                entries.Add(new BuildCacheEntry(name, IsMount: true, sizeOf(path + "/data"), made, used, IsShared: false, text));
            }
        }
        entries.Sort(static (a, b) => a.Used.CompareTo(b.Used));
        return entries;
    }

    /// <summary>Removes part of it.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="all">Also results that an image shares.</param>
    /// <param name="until">Only what was not used since; null for any.</param>
    /// <param name="keep">Bytes to leave, of what was used last; 0 for none.</param>
    /// <param name="sizeOf">Counts the bytes of a tree.</param>
    /// <returns>The names of what was removed, and the bytes given back.</returns>
    public static (IReadOnlyList<string> Removed, long Bytes) Prune(
        SkiffEngine engine,
        bool all,
        DateTimeOffset? until,
        long keep,
        Func<string, long> sizeOf
    )
    {
        string root = engine.Paths.Root;
        IReadOnlyList<BuildCacheEntry> entries = List(engine, sizeOf);
        long left = entries.Sum(static e => e.Size);
        long bytes = 0;
        List<string> removed = [];
        foreach (BuildCacheEntry entry in entries)
        {
            if ((entry.IsShared && !all) || entry.Used > until || (keep > 0 && left <= keep))
            {
                continue;
            }
            if (entry.IsMount)
            {
                if (!CacheDirectory.Remove($"{CacheDirectory.All(root)}/{entry.Id}"))
                {
                    continue; // a step has it now
                }
                bytes += entry.Size;
            }
            else
            {
                _ = Files.TryRemove($"{KeptFile.Directory(root)}/{CacheRecord.Prefix}{entry.Id}");
            }
            left -= entry.Size;
            removed.Add(entry.Id);
        }
        RemoveLoose(root, all && until is null && keep == 0);
        return (removed, bytes + engine.Images.Collect());
    }

    /// <summary>Aliases whose result is gone, and with everything else what steps ran with.</summary>
    private static void RemoveLoose(string root, bool everything)
    {
        foreach (string path in Names(KeptFile.Directory(root), "alias-*", directories: false))
        {
            string to = Files.TryReadText(path, out _)?.Split('\n') is [_, ['t', 'o', ' ', .. var key], ..] ? key : "";
            if (!File.Exists($"{KeptFile.Directory(root)}/{CacheRecord.Prefix}{to}"))
            {
                _ = Files.TryRemove(path);
            }
        }
        if (everything)
        {
            _ = Linux.FileTree.Tree.RemoveAll(StepNotes.Directory(root));
        }
    }

    private static IEnumerable<string> Names(string directory, string pattern, bool directories) =>
        !Directory.Exists(directory) ? []
        : directories ? Directory.EnumerateDirectories(directory, pattern)
        : Directory.EnumerateFiles(directory, pattern);
}
