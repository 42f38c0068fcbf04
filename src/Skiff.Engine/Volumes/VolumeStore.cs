using Skiff.Engine.Containers;
using Skiff.Engine.Events;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Volumes;

/// <summary>The volumes of one store: a directory each, with <c>_data</c> and volume.json, locked by flock(2) on the directory itself.</summary>
/// <remarks>
/// A volume is built under a hidden name and renamed, and renamed to a hidden name before it is removed: whenever the engine is killed, a volume is there
/// with everything or not at all. What such a death leaves under a hidden name nobody holds a lock of, and <see cref="Sweep"/> removes it.
/// </remarks>
public sealed class VolumeStore
{
    private const uint Private = 0x1C0; // 0700, as the whole store (CVE-2021-41103)
    private const string Growing = ".new-";
    private const string Going = ".old-";
    private readonly EnginePaths _paths;
    private readonly EventLog _events;

    /// <summary>Opens the store; directories are made when the first volume is.</summary>
    public VolumeStore(EnginePaths paths, EventLog events)
    {
        _paths = paths;
        _events = events;
    }

    /// <summary>The directory of a volume.</summary>
    public string Place(string name) => $"{_paths.Volumes}/{name}";

    /// <summary>Where a volume's content is.</summary>
    public string Data(string name) => _paths.VolumeData(name);

    /// <summary>Makes a volume, or finds the one of that name.</summary>
    /// <param name="asked">Name, options and labels.</param>
    /// <param name="made">True when it is new.</param>
    public Volume Create(Volume asked, out bool made)
    {
        VolumeName.Check(asked.Name);
        CheckDriver(asked);
        _ = LocalDriver.Of(asked.Options);
        while (true)
        {
            made = false;
            if (TryFind(asked.Name) is { } existing)
            {
                return existing;
            }
            made = TryMake(asked);
            if (made)
            {
                _events.Write(EventType.Volume, "create", asked.Name, ("driver", "local"));
                return asked;
            }
        }
    }

    /// <summary>Makes or finds a volume and takes its lock: while it is held nobody removes or fills it.</summary>
    public (Volume Volume, FileLock Gate, bool Made) Take(Volume asked)
    {
        while (true)
        {
            Volume volume = Create(asked, out bool made);
            if (Lock(asked.Name) is { } gate)
            {
                return (volume, gate, made);
            }
        }
    }

    /// <summary>Waits for a volume's lock; null when there is none of that name (any more).</summary>
    public FileLock? Lock(string name)
    {
        while (FileLock.AcquireDirectory(Place(name)) is { } gate)
        {
            // Whoever waited may hold what has been renamed away meanwhile.
            bool same =
                At.Stat(gate.Fd.Value, out StatxBuffer held) == 0
                && At.Stat(Files.AtCwd, CString.Encode(Place(name)), out StatxBuffer named) == 0
                && held.Inode == named.Inode;
            if (same)
            {
                return gate;
            }
            gate.Dispose();
        }
        return null;
    }

    /// <summary>The volume of that name.</summary>
    public Volume Find(string name, int exitCode = 1) => TryFind(name) ?? throw new SkiffException($"No such volume: {name}", exitCode);

    /// <summary>The volume of that name, or null.</summary>
    public Volume? TryFind(string name)
    {
        if (!Spec.MountGrammar.IsVolumeName(name) || !Files.Exists(Place(name)))
        {
            return null;
        }
        byte[]? json = Files.TryReadAll(Place(name) + "/volume.json", out _);
        // Without its description a volume is still somebody's data.
        return (json is null ? null : Volume.TryParse(name, json))
            ?? new Volume { Name = name, Created = new DateTimeOffset(Directory.GetLastWriteTimeUtc(Place(name))) };
    }

    /// <summary>All volumes, by name.</summary>
    public IReadOnlyList<Volume> List()
    {
        List<Volume> volumes = [];
        foreach (string name in Tree.Names(_paths.Volumes))
        {
            if (TryFind(name) is { } volume)
            {
                volumes.Add(volume);
            }
        }
        volumes.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return volumes;
    }

    /// <summary>Removes a volume.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="refusal">Asked under the lock: why it must not be removed, or null.</param>
    /// <returns>False when there is none.</returns>
    public bool Remove(string name, Func<string?> refusal)
    {
        if (!Spec.MountGrammar.IsVolumeName(name))
        {
            return false;
        }
        using FileLock? gate = Lock(name);
        if (gate is null)
        {
            return false;
        }
        if (refusal() is { } reason)
        {
            throw new SkiffException(reason);
        }
        string going = $"{_paths.Volumes}/{Going}{RandomBytes.Hex(8)}";
        Files.Rename(Place(name), going);
        DirectoryTree.Remove(going);
        _events.Write(EventType.Volume, "destroy", name, ("driver", "local"));
        return true;
    }

    /// <summary>Removes what commands that were killed left half-made or half-removed.</summary>
    public void Sweep()
    {
        foreach (string name in Tree.Names(_paths.Volumes))
        {
            string path = Place(name);
            if (name.StartsWith(Going, StringComparison.Ordinal) || name.StartsWith(Growing, StringComparison.Ordinal))
            {
                using FileLock? gate = FileLock.AcquireDirectory(path, TimeSpan.Zero);
                if (gate is not null)
                {
                    DirectoryTree.Remove(path);
                }
            }
        }
    }

    private static void CheckDriver(Volume asked)
    {
        if (asked.Driver is not ("local" or ""))
        {
            throw new SkiffException(
                $"there is no volume driver {asked.Driver}: only local exists, which mounts directories, memory, disks and NFS by --opt type=, device= and o="
            );
        }
    }

    /// <summary>False when somebody else was quicker.</summary>
    private bool TryMake(Volume asked)
    {
        using FileLock gate = Grow(out string growing);
        int errno = Files.TryMakeDirectory(growing + "/_data", 0x1ED);
        if (errno == 0)
        {
            // A volume with a name is meant to last: what it is must survive a power cut as its content does.
            try
            {
                Files.Replace(growing + "/volume.json", asked.ToJson(), durable: !asked.IsAnonymous);
            }
            catch
            {
                DirectoryTree.Remove(growing);
                throw;
            }
            errno = At.Rename(Files.AtCwd, CString.Encode(growing), Files.AtCwd, CString.Encode(Place(asked.Name)), noReplace: true);
        }
        if (errno == 0)
        {
            return true;
        }
        DirectoryTree.Remove(growing);
        return errno == Errno.EEXIST ? false : throw new LinuxException("make the volume", Place(asked.Name), errno);
    }

    /// <summary>A new directory, locked: <see cref="Sweep"/> removes what nobody has locked, so it may be quicker.</summary>
    private FileLock Grow(out string growing)
    {
        while (true)
        {
            growing = $"{_paths.Volumes}/{Growing}{RandomBytes.Hex(8)}";
            if (Files.TryMakeDirectory(growing, Private) == Errno.ENOENT)
            {
                Directory.CreateDirectory(_paths.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                _ = Files.TryMakeDirectory(_paths.Volumes, Private);
                _ = Files.TryMakeDirectory(growing, Private);
            }
            if (FileLock.AcquireDirectory(growing) is { } gate)
            {
                return gate;
            }
        }
    }
}
