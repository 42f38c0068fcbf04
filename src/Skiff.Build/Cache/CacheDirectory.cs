using System.Text;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Build.Cache;

/// <summary>What <c>RUN --mount=type=cache</c> keeps between builds: a directory of <c>buildcache/</c> with its content, its name and a lock.</summary>
public sealed class CacheDirectory : IDisposable
{
    private readonly FileLock _lock;

    private CacheDirectory(string path, FileLock gate, bool isNew)
    {
        Location = path;
        _lock = gate;
        IsNew = isNew;
    }

    /// <summary>Where the directories are.</summary>
    public static string All(string root) => $"{root}/buildcache";

    /// <summary>The directory with <c>data</c> and <c>id</c>.</summary>
    internal string Location { get; }

    /// <summary>Its content.</summary>
    internal string Data => Location + "/data";

    /// <summary>It was made now and is empty.</summary>
    internal bool IsNew { get; }

    /// <summary>Takes a cache for a step.</summary>
    /// <param name="root">The store.</param>
    /// <param name="id">Which.</param>
    /// <param name="sharing">locked: waits until nobody else has it; private: takes another one then; shared: has it with others.</param>
    /// <param name="mode">Mode of a new one.</param>
    /// <param name="owner">Owner of a new one.</param>
    internal static CacheDirectory Take(string root, string id, string sharing, uint mode, (uint Uid, uint Gid) owner)
    {
        Make(All(root));
        for (int number = 0; ; number++)
        {
            string name = Name(id) + (number == 0 ? "" : $"-{number}");
            string path = $"{All(root)}/{name}";
            Make(path);
            FileLock? gate = Lock(path + "/lock", sharing);
            if (gate is null)
            {
                continue; // private, and somebody has it
            }
            if (!Files.IsLinked(gate.Fd))
            {
                gate.Dispose(); // pruned while we waited
                number--;
                continue;
            }
            bool isNew = !Directory.Exists(path + "/data");
            if (isNew)
            {
                Fill(path, id, mode, owner);
            }
            Directory.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime);
            return new CacheDirectory(path, gate, isNew);
        }
    }

    /// <summary>Removes one, unless a step has it.</summary>
    /// <returns>True if it is gone.</returns>
    public static bool Remove(string path)
    {
        using FileLock? gate = FileLock.TryAcquireExisting(path + "/lock");
        if (gate is null && Files.Exists(path + "/lock"))
        {
            return false;
        }
        return Tree.RemoveAll(path) is null;
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private static string Name(string id) => new KeyBuilder("cache").Add("id", id).Key()[..20];

    private static FileLock? Lock(string path, string sharing)
    {
        try
        {
            return sharing switch
            {
                "locked" => FileLock.Acquire(path),
                "private" => FileLock.TryAcquire(path),
                _ => FileLock.Acquire(path, shared: true),
            };
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            Make(Path.GetDirectoryName(path)!); // pruned between
            return Lock(path, sharing);
        }
    }

    private static void Fill(string path, string id, uint mode, (uint Uid, uint Gid) owner)
    {
        string temporary = $"{path}/data.{RandomBytes.Hex(4)}";
        Files.Replace(path + "/id", Encoding.UTF8.GetBytes(id));
        Make(temporary);
        using (SafeFd fd = Files.Open(temporary, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY))
        {
            _ = At.ChangeOwner(fd.Value, owner.Uid, owner.Gid);
            _ = At.ChangeMode(fd.Value, mode);
        }
        try
        {
            Files.Rename(temporary, path + "/data");
        }
        catch (LinuxException) when (Directory.Exists(path + "/data"))
        {
            _ = Tree.RemoveAll(temporary); // another step with the same cache was quicker
        }
    }

    private static void Make(string path)
    {
        int errno = Files.TryMakeDirectory(path, 0x1C0);
        if (errno is not (0 or Errno.EEXIST))
        {
            throw new LinuxException("mkdir", path, errno);
        }
    }
}
