using Skiff.Engine.Containers;
using Skiff.Engine.Events;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Secrets;

/// <summary>The secrets of one store: a file each, 0600 in a directory of mode 0700, which appears and is replaced by rename.</summary>
/// <remarks>Nobody locks: a file is never changed once it has its name, so whoever has opened or linked it keeps a whole one.</remarks>
public sealed class SecretStore
{
    private const uint Private = 0x1C0; // 0700
    private const string Growing = ",new-"; // a comma is in no secret's name
    private readonly EnginePaths _paths;
    private readonly EventLog _events;

    /// <summary>Opens the store; its directory is made with the first secret.</summary>
    public SecretStore(EnginePaths paths, EventLog events)
    {
        _paths = paths;
        _events = events;
    }

    /// <summary>The directory.</summary>
    public string Place => _paths.Secrets;

    /// <summary>Makes a secret.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="content">What it holds.</param>
    /// <param name="labels">Labels.</param>
    /// <param name="replace">Replace one of the same name; containers that have that one keep it.</param>
    public Secret Create(string name, ReadOnlySpan<byte> content, IReadOnlyDictionary<string, string> labels, bool replace)
    {
        SecretName.Check(name);
        if (content.Length is 0 or >= Secret.ContentLimit)
        {
            throw new SkiffException(
                $"the secret {name} would have {content.Length} bytes: a secret has at least one and less than {Secret.ContentLimit}"
            );
        }
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Secret secret = new()
        {
            Id = RandomBytes.Hex(13)[..25],
            Name = name,
            Labels = labels,
            Created = replace && TryFind(name) is { } old ? old.Created : now,
            Updated = now,
        };
        byte[] line = secret.ToLine();
        if (line.Length >= SecretFile.HeadLimit)
        {
            throw new SkiffException($"the labels of the secret {name} are too long: at most {SecretFile.HeadLimit} bytes together");
        }
        if (!Write(name, [.. line, (byte)'\n', .. content], replace))
        {
            throw new SkiffException(
                $"there is a secret {name} already: --replace takes its place, --ignore leaves it, or remove it with 'skiff secret rm {name}'"
            );
        }
        _events.Write(EventType.Secret, "create", secret.Id, ("name", name));
        return secret;
    }

    /// <summary>The secret of that name, full id or unique beginning of an id.</summary>
    public Secret Find(string nameOrId) => TryFindAny(nameOrId) ?? throw Missing(nameOrId);

    /// <summary>As <see cref="Find"/>, but null when there is none; an ambiguous beginning still throws.</summary>
    public Secret? TryFindAny(string nameOrId)
    {
        if (nameOrId.Length == 0)
        {
            return null;
        }
        if (TryFind(nameOrId) is { } named)
        {
            return named;
        }
        List<Secret> found = [.. List().Where(s => s.Id.StartsWith(nameOrId, StringComparison.Ordinal))];
        return found.Count < 2
            ? found.FirstOrDefault()
            : throw new SkiffException($"several secrets have ids that begin with {nameOrId}: give more digits");
    }

    /// <summary>The error for a secret that does not exist, with the name that may have been meant.</summary>
    public SkiffException Missing(string name, int exitCode = 1)
    {
        string? near = Suggestion.Nearest(name, [.. List().Select(static s => s.Name)]);
        return new SkiffException($"No such secret: {name}{(near is null ? "" : $"; did you mean {near}?")}", exitCode);
    }

    /// <summary>The secret of that name, or null.</summary>
    public Secret? TryFind(string name) => SecretName.IsValid(name) ? SecretFile.TryHead(PathOf(name))?.Secret : null;

    /// <summary>All secrets, by name.</summary>
    public IReadOnlyList<Secret> List()
    {
        List<Secret> secrets = [];
        foreach (string name in Tree.Names(Place))
        {
            if (TryFind(name) is { } secret)
            {
                secrets.Add(secret);
            }
        }
        secrets.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return secrets;
    }

    /// <summary>What a secret holds.</summary>
    public byte[] Content(Secret secret) => SecretFile.TryContent(PathOf(secret.Name)) ?? throw Missing(secret.Name);

    /// <summary>Removes a secret. Containers that were made with it keep what they have.</summary>
    public void Remove(Secret secret)
    {
        int errno = Files.TryRemove(PathOf(secret.Name));
        if (errno != 0)
        {
            throw errno == Errno.ENOENT ? Missing(secret.Name) : new LinuxException("unlink", PathOf(secret.Name), errno);
        }
        Sync();
        _events.Write(EventType.Secret, "remove", secret.Id, ("name", secret.Name));
    }

    /// <summary>Removes what commands that were killed left half-written.</summary>
    public void Sweep()
    {
        foreach (string name in Tree.Names(Place))
        {
            string path = PathOf(name);
            if (
                name.StartsWith(Growing, StringComparison.Ordinal)
                && TimeProvider.System.GetUtcNow() - new DateTimeOffset(File.GetLastWriteTimeUtc(path)) > TimeSpan.FromMinutes(1)
            )
            {
                _ = Files.TryRemove(path);
            }
        }
    }

    internal string PathOf(string name) => $"{Place}/{name}";

    /// <summary>False when there is one of that name, which is not to be replaced.</summary>
    private bool Write(string name, byte[] bytes, bool replace)
    {
        MakeDirectories();
        string growing = PathOf(Growing + RandomBytes.Hex(8));
        try
        {
            using (SafeFd fd = Files.Open(growing, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, 0x180))
            {
                Files.WriteAll(fd, bytes, growing);
                _ = At.Sync(fd.Value); // it is meant to last, whatever happens to the power
            }
            int errno = At.Rename(Files.AtCwd, CString.Encode(growing), Files.AtCwd, CString.Encode(PathOf(name)), noReplace: !replace);
            if (errno == Errno.EEXIST)
            {
                return false;
            }
            if (errno != 0)
            {
                throw new LinuxException("make the secret", PathOf(name), errno);
            }
            Sync();
            return true;
        }
        finally
        {
            _ = Files.TryRemove(growing);
        }
    }

    private void MakeDirectories()
    {
        if (Files.TryMakeDirectory(Place, Private) == Errno.ENOENT)
        {
            Directory.CreateDirectory(_paths.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            _ = Files.TryMakeDirectory(Place, Private);
        }
    }

    private void Sync()
    {
        using SafeFd directory = Files.Open(Place, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        _ = At.Sync(directory.Value);
    }
}
