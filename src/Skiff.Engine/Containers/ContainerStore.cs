using System.Buffers;
using System.Text.Json;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Containers;

/// <summary>The containers of one store: plain directories, one per container, without a common lock.</summary>
/// <remarks>A container exists when its directory and its record.json do; a directory without a record is a creation that was cut off.</remarks>
public sealed partial class ContainerStore
{
    private const uint Private = 0x1C0; // 0700: no path of the store leads other users to a setuid binary of an image (CVE-2021-41103)

    /// <summary>What overlayfs leaves of a container that has written nothing, but for the mark of <see cref="ForgetVolatile"/>.</summary>
    internal static readonly IReadOnlyList<(string Name, bool IsDirectory)> OfOverlay =
    [
        ("/work/work", true),
        ("/work", true),
        ("/upper", true),
    ];

    /// <summary>Its mark that the directories were once mounted "volatile" and may not be again; it makes it with the mount and does not look at it before the next.</summary>
    internal static readonly IReadOnlyList<(string Name, bool IsDirectory)> OfVolatileOverlay =
    [
        ("/work/work/incompat/volatile/dirty", false),
        ("/work/work/incompat/volatile", true),
        ("/work/work/incompat", true),
    ];

    /// <summary>The files of a container below the runroot.</summary>
    internal static readonly IReadOnlyList<(string Name, bool IsDirectory)> OfEtc =
    [
        ("/hosts", false),
        ("/resolv.conf", false),
        ("/hostname", false),
        ("/config.json", false),
    ];

    private static readonly SearchValues<char> s_hex = SearchValues.Create("0123456789abcdef");

    [ThreadStatic]
    private static byte[]? t_buffer;

    /// <summary>Opens the store; directories are made when the first container is.</summary>
    public ContainerStore(EnginePaths paths) => Paths = paths;

    /// <summary>Where the files are.</summary>
    public EnginePaths Paths { get; }

    /// <summary>A new random container id, 64 hexadecimal digits.</summary>
    public static string NewId() => RandomBytes.Hex(32);

    /// <summary>Makes the container's directory with record and state, and takes its name.</summary>
    /// <param name="record">What was asked; an empty <see cref="ContainerRecord.Name"/> gets a generated one.</param>
    /// <param name="state">The first state, usually Created.</param>
    /// <param name="session">The session of a container that ends with its command and leaves nothing: its record is kept there, see <see cref="Session.Append"/>.</param>
    /// <returns>The record with its name. Throws <see cref="SkiffException"/> when the name is taken.</returns>
    public ContainerRecord Create(ContainerRecord record, ContainerState state, FileLock? session = null)
    {
        string directory = Paths.Container(record.Id);
        MakeContainerDirectory(directory);
        bool named = false;
        try
        {
            record = record.Name.Length == 0 ? record with { Name = ReserveGeneratedName(record.Id) } : Reserved(record);
            named = true;
            MakeDirectory(directory + "/upper", 0x1ED); // 0755: overlayfs shows the upper directory's mode as that of the container's root
            MakeDirectory(directory + "/work", Private);
            if (session is not null)
            {
                Session.Append(session, record.ToJson());
                return record;
            }
            WriteNew(Paths.State(record.Id), state.ToJson());
            Files.Replace(Paths.Record(record.Id), record.ToJson());
            return record;
        }
        catch
        {
            if (named)
            {
                ReleaseName(record.Name, record.Id);
            }
            DirectoryTree.Remove(directory);
            throw;
        }
    }

    /// <summary>The container with this name, full id, or unique beginning of an id. Throws <see cref="SkiffException"/> if there is none or more than one.</summary>
    public ContainerRecord Find(string nameOrId, int exitCode = 1) => TryFind(nameOrId, exitCode) ?? throw Missing(nameOrId, exitCode);

    /// <summary>The error for a container that does not exist, with the name that may have been meant.</summary>
    public SkiffException Missing(string nameOrId, int exitCode = 1)
    {
        string? near = Suggestion.Nearest(nameOrId, Tree.Names(Paths.Names));
        return new SkiffException($"No such container: {nameOrId}{(near is null ? "" : $"; did you mean {near}?")}", exitCode);
    }

    /// <summary>As <see cref="Find"/>, but null when there is none; ambiguity still throws.</summary>
    public ContainerRecord? TryFind(string nameOrId, int exitCode = 1)
    {
        string key = nameOrId.StartsWith('/') ? nameOrId[1..] : nameOrId;
        if (key.Length == 0 || key.Length > 255 || key.Contains('/') || key.Contains('\0'))
        {
            return null;
        }
        if (IsId(key) && TryLoad(key) is ContainerRecord exact)
        {
            return exact;
        }
        if (NameLink.TryRead(Paths.Names + "/" + key) is { } id && TryLoad(id) is ContainerRecord named)
        {
            return named;
        }
        return IsHex(key) ? FindPrefix(key, exitCode) : null;
    }

    private ContainerRecord? FindPrefix(string prefix, int exitCode)
    {
        string? found = null;
        foreach (string id in Tree.Names(Paths.Containers))
        {
            if (!id.StartsWith(prefix, StringComparison.Ordinal))
            {
                continue;
            }
            if (found is not null)
            {
                throw new SkiffException(
                    $"multiple containers have ids that begin with {prefix}: {found[..12]} and {id[..12]}; give more digits",
                    exitCode
                );
            }
            found = id;
        }
        return found is null ? null : TryLoad(found);
    }

    /// <summary>The record of a container; null when it does not exist or its creation was cut off.</summary>
    public ContainerRecord? TryLoad(string id) => TryLoad(id, withOptions: true);

    /// <summary>As <see cref="TryLoad(string)"/>, without <see cref="ContainerRecord.Options"/>: for listings. It must not be saved.</summary>
    public ContainerRecord? TryLoadSummary(string id) => TryLoad(id, withOptions: false);

    private ContainerRecord? TryLoad(string id, bool withOptions)
    {
        ReadOnlySpan<byte> bytes = Load(Paths.Record(id), id, line: 0, out bool found);
        if (!found)
        {
            return null;
        }
        try
        {
            return ContainerRecord.Parse(bytes, withOptions);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new SkiffException($"the record of container {Short(id)} is damaged ({Paths.Record(id)}): remove it with rm -f", 1, e);
        }
    }

    /// <summary>Ids of all containers, in no order. Directories of cut-off creations are among them: <see cref="TryLoad(string)"/> gives null for those.</summary>
    public IReadOnlyList<string> ListIds() => Tree.Names(Paths.Containers);

    /// <summary>Records of all containers, newest first.</summary>
    public IReadOnlyList<ContainerRecord> List()
    {
        IReadOnlyList<string> ids = ListIds();
        List<ContainerRecord> records = new(ids.Count);
        foreach (string id in ids)
        {
            if (IsId(id) && TryLoad(id) is ContainerRecord record)
            {
                records.Add(record);
            }
        }
        records.Sort(static (a, b) => b.Created.CompareTo(a.Created));
        return records;
    }

    /// <summary>The state as it was written last, unchecked; Created when there is none. See <see cref="Liveness"/> for the truth.</summary>
    public ContainerState LoadState(string id) => TryLoadState(id) ?? new ContainerState();

    /// <summary>As <see cref="LoadState"/>, but null when there is none.</summary>
    public ContainerState? TryLoadState(string id)
    {
        ReadOnlySpan<byte> bytes = Load(Paths.State(id), id, line: 1, out bool found);
        if (!found)
        {
            return null;
        }
        try
        {
            return ContainerState.Parse(bytes);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            // Only a power cut can tear this file (it is renamed into place, not synced); after one, nothing runs.
            return new ContainerState
            {
                Status = ContainerStatus.Exited,
                ExitCode = 255,
                Reason = "its state was lost, probably in a power cut",
            };
        }
    }

    /// <summary>Replaces the state: readers see the old or the new one. Not synced: after a power cut nothing of it is true anyway.</summary>
    public void SaveState(string id, ContainerState state) => Save(Paths.State(id), state.ToJson());

    /// <summary>config.json as the container was started with; null with the errno when it never was.</summary>
    public byte[]? ReadConfig(string id, out int errno) =>
        Files.TryReadAll(Paths.Config(id), out errno)
        ?? (errno == Errno.ENOENT ? Files.TryReadAll(Paths.Etc(id) + "/config.json", out errno) : null);

    /// <summary>Replaces the record (rename, update).</summary>
    public void SaveRecord(ContainerRecord record) => Save(Paths.Record(record.Id), record.ToJson());

    /// <summary>Replaces a file. On a full disk it is written in its place, as long as it needs no further block: whoever has filled the disk must be listed, and can be removed.</summary>
    private static void Save(string path, byte[] json)
    {
        const int Block = 4096;
        try
        {
            Files.Replace(path, json);
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOSPC or Errno.EDQUOT)
        {
            int before = Files.TryReadAll(path, out _)?.Length ?? 0;
            using SafeFd? fd = Files.TryOpen(path, OpenFlags.O_WRONLY, out _);
            if (fd is null || json.Length > (before + Block - 1) / Block * Block)
            {
                throw;
            }
            // One write, padded with white space: nobody reads an end of the old text behind the new one.
            byte[] whole = new byte[Math.Max(before, json.Length)];
            whole.AsSpan().Fill((byte)' ');
            json.CopyTo(whole.AsSpan());
            if (At.WriteAt(fd.Value, whole, 0) != 0)
            {
                throw;
            }
        }
    }

    /// <summary>Removes the container's directory and its name. The caller has made sure that nothing of it runs, and holds its lock.</summary>
    public void Remove(ContainerRecord record)
    {
        // Somebody may have renamed it since its record was read.
        if (!ReleaseName(record.Name, record.Id) && TryLoad(record.Id) is { } renamed)
        {
            _ = ReleaseName(renamed.Name, record.Id);
        }
        if (record is { AutoRemove: true, Foreground: false })
        {
            ForgetVolatile(record.Id);
        }
        RemoveDirectory(record.Id);
    }

    /// <summary>Removes overlayfs's mark from a container that is removed when it ends: while it runs, when nobody waits for it. It makes no difference to the mount that is there.</summary>
    public void ForgetVolatile(string id) => _ = TryEmpty(Paths.Container(id), OfVolatileOverlay);

    /// <summary>Removes what a cut-off creation left: a directory without a record, and a name that leads to it.</summary>
    public void RemoveRemains(string id)
    {
        foreach (string name in Tree.Names(Paths.Names))
        {
            _ = ReleaseName(name, id);
        }
        RemoveDirectory(id);
    }

    private void RemoveDirectory(string id)
    {
        // The record goes first: from then on the container does not exist for anybody, and what a crash leaves is remains.
        _ = Files.TryRemove(Paths.Record(id));
        if (!TryRemove(Paths.Container(id), OfOverlay))
        {
            RemoveSecrets(Paths.SecretsOf(id));
            DirectoryTree.Remove(Paths.Container(id));
        }
        if (!TryRemove(Paths.Etc(id), OfEtc))
        {
            DirectoryTree.Remove(Paths.Etc(id));
        }
    }

    /// <summary>First of all that a container has left, so that they go even where something else cannot be removed.</summary>
    private static void RemoveSecrets(string directory)
    {
        foreach (string name in Tree.Names(directory))
        {
            _ = Files.TryRemove($"{directory}/{name}");
        }
        _ = Files.TryRemove(directory, directory: true);
    }

    /// <summary>Removes a directory with just these entries, if it has no others: nothing is opened and listed for a container that has left nothing.</summary>
    private static bool TryRemove(string directory, IReadOnlyList<(string Name, bool IsDirectory)> entries)
    {
        return TryEmpty(directory, entries) && Files.TryRemove(directory, directory: true) is 0 or Errno.ENOENT;
    }

    private static bool TryEmpty(string directory, IReadOnlyList<(string Name, bool IsDirectory)> entries)
    {
        foreach ((string name, bool isDirectory) in entries)
        {
            if (Files.TryRemove(directory + name, isDirectory) is not (0 or Errno.ENOENT))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Waits for the container's own lock: flock(2) on its directory. Null when the container has been removed meanwhile.</summary>
    public FileLock? Lock(string id) => FileLock.AcquireDirectory(Paths.Container(id));

    /// <summary>Takes the container's lock if it is free within the time; null if not, or if the container is gone.</summary>
    public FileLock? TryLock(string id, TimeSpan wait) => FileLock.AcquireDirectory(Paths.Container(id), wait);

    /// <summary>True for 64 lower-case hexadecimal digits.</summary>
    public static bool IsId(string text) => text.Length == 64 && IsHex(text);

    private static bool IsHex(string text) => !text.AsSpan().ContainsAnyExcept(s_hex);

    /// <summary>True while the container has a record, on the disk or in its session.</summary>
    public bool Exists(string id) => Files.Exists(Paths.Record(id)) || Session.Line(Paths, id, 0) is not null;

    /// <summary>A file of a container, or the line of its session that stands for it. One buffer serves all files of a listing: what is parsed keeps nothing of it.</summary>
    private ReadOnlySpan<byte> Load(string path, string id, int line, out bool found)
    {
        byte[] buffer = t_buffer ?? GC.AllocateUninitializedArray<byte>(16384);
        int length = Files.TryReadRegular(path, ref buffer, out int errno);
        t_buffer = buffer;
        if (length >= 0)
        {
            found = true;
            return buffer.AsSpan(0, length);
        }
        byte[]? bytes = errno is Errno.ENOENT or Errno.ENOTDIR
            ? Session.Line(Paths, id, line)
            : throw new LinuxException("read", path, errno);
        found = bytes is not null;
        return bytes;
    }

    private static string Short(string id) => id.Length > 12 ? id[..12] : id;

    private void MakeContainerDirectory(string directory)
    {
        int errno = Files.TryMakeDirectory(directory, Private);
        if (errno == Errno.ENOENT)
        {
            MakeParents(Paths.Root);
            MakeShared(Paths.Containers);
            MakeShared(Paths.Names);
            errno = Files.TryMakeDirectory(directory, Private);
        }
        if (errno != 0)
        {
            throw new LinuxException("mkdir", directory, errno);
        }
    }

    private static void MakeParents(string path)
    {
        int errno = Files.TryMakeDirectory(path, Private);
        if (errno == Errno.ENOENT && Path.GetDirectoryName(path) is string parent)
        {
            MakeParents(parent);
            errno = Files.TryMakeDirectory(path, Private);
        }
        if (errno is not (0 or Errno.EEXIST))
        {
            throw new LinuxException("mkdir", path, errno);
        }
    }

    private static void MakeShared(string path)
    {
        int errno = Files.TryMakeDirectory(path, Private);
        if (errno is not (0 or Errno.EEXIST))
        {
            throw new LinuxException("mkdir", path, errno);
        }
    }

    private static void MakeDirectory(string path, uint mode)
    {
        int errno = Files.TryMakeDirectory(path, mode);
        if (errno != 0)
        {
            throw new LinuxException("mkdir", path, errno);
        }
    }

    private static void WriteNew(string path, ReadOnlySpan<byte> bytes)
    {
        using SafeFd fd = Files.Open(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, 0x180);
        Files.WriteAll(fd, bytes, path);
    }
}
