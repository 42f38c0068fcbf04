using System.Text;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Store;

/// <summary>Says what a pull or load is about to use, so that no sweep takes it: a file in <c>ingest/</c>, locked while the process lives.</summary>
internal sealed class Lease : IDisposable
{
    private const string Prefix = "lease-";
    private readonly ImageStore _store;
    private readonly FileLock _file;
    private readonly string _path;
    private readonly HashSet<string> _held = [];
    private readonly Lock _lock = new();

    internal Lease(ImageStore store)
    {
        _store = store;
        _path = store.IngestPath($"{Prefix}{RandomBytes.Hex(8)}");
        using FileLock sweep = store.HoldForUse();
        _file = FileLock.Acquire(_path);
        while (!Files.IsLinked(_file.Fd))
        {
            _file.Dispose(); // another pull took it for a dead one's before it was locked
            _file = FileLock.Acquire(_path);
        }
    }

    /// <summary>Holds content or a ChainID by its hexadecimal digits. What exists afterwards stays.</summary>
    internal void Hold(string hex)
    {
        lock (_lock)
        {
            if (!_held.Add(hex))
            {
                return;
            }
            // a sweep that has looked already finishes first; the next one reads this line
            using FileLock sweep = _store.HoldForUse();
            Files.WriteAll(_file.Fd, Encoding.ASCII.GetBytes(hex + "\n"), _path);
        }
    }

    public void Dispose()
    {
        _ = Files.TryRemove(_path);
        _file.Dispose();
        RemoveDead(_store.IngestPath(""));
    }

    /// <summary>A pull that was killed holds nothing any more; what it has fetched stays for the next one.</summary>
    private static void RemoveDead(string ingest)
    {
        foreach (string name in Tree.Names(ingest))
        {
            if (name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                using FileLock? dead = FileLock.TryAcquireExisting(ingest + name);
                if (dead is not null)
                {
                    _ = Files.TryRemove(ingest + name);
                }
            }
        }
    }

    /// <summary>Adds what living leases hold to a set and removes the files of dead ones. Called by a sweep.</summary>
    internal static void Collect(string ingest, HashSet<string> held)
    {
        foreach (string path in Directory.EnumerateFiles(ingest, Prefix + "*"))
        {
            using FileLock? dead = FileLock.TryAcquire(path);
            if (dead is not null)
            {
                _ = Files.TryRemove(path);
                continue;
            }
            foreach (string line in (Files.TryReadText(path, out _) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                held.Add(line);
            }
        }
    }
}
