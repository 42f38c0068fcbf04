using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Containers;

/// <content>Names: names/&lt;name&gt; is a symbolic link that leads to the id (<see cref="NameLink"/>). symlink(2) is atomic and fails when the name is taken, so no lock is needed.</content>
public sealed partial class ContainerStore
{
    /// <summary>docker's rule: <c>[a-zA-Z0-9][a-zA-Z0-9_.-]+</c>. Throws <see cref="SkiffException"/>.</summary>
    public static void CheckName(string name, int exitCode = 125)
    {
        bool good = name.Length is > 1 and <= 255 && char.IsAsciiLetterOrDigit(name[0]);
        foreach (char c in name)
        {
            good &= char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-';
        }
        if (!good)
        {
            throw new SkiffException(
                $"invalid container name \"{name}\": use two or more of a-z A-Z 0-9 _ . -, beginning with a letter or digit",
                exitCode
            );
        }
    }

    /// <summary>Takes a name for an id. Throws <see cref="SkiffException"/> when it is taken by a container that exists.</summary>
    public void ReserveName(string name, string id) => ReserveName(name, id, 125, "; remove or rename it, or use --replace");

    private void ReserveName(string name, string id, int exitCode, string hint)
    {
        CheckName(name, exitCode);
        string? owner = TryReserve(name, id);
        if (owner is not null)
        {
            throw new SkiffException($"the name \"{name}\" is in use by container {Short(owner)}{hint}", exitCode);
        }
    }

    /// <summary>Gives a name back if it leads to this id; false for a name that leads elsewhere, which is left alone.</summary>
    public bool ReleaseName(string name, string id)
    {
        string path = $"{Paths.Names}/{name}";
        return name.Length > 0 && NameLink.TryRead(path) == id && Files.TryRemove(path) == 0;
    }

    /// <summary>The names of all containers, in no order.</summary>
    public IReadOnlyList<string> Names() => [.. Tree.Names(Paths.Names).Where(static n => n[0] != '.')];

    /// <summary>The id that a name leads to; null if it is free.</summary>
    public string? IdOfName(string name) => NameLink.TryRead($"{Paths.Names}/{name}");

    /// <summary>Takes the new name, rewrites the record, gives the old name back. The caller holds the container's lock.</summary>
    public ContainerRecord Rename(ContainerRecord record, string name)
    {
        ReserveName(name, record.Id, 1, "");
        ContainerRecord renamed = record with { Name = name };
        try
        {
            SaveRecord(renamed);
        }
        catch
        {
            _ = ReleaseName(name, record.Id);
            throw;
        }
        _ = ReleaseName(record.Name, record.Id);
        return renamed;
    }

    private ContainerRecord Reserved(ContainerRecord record)
    {
        ReserveName(record.Name, record.Id);
        return record;
    }

    private string ReserveGeneratedName(string id)
    {
        for (int attempt = 0; ; attempt++)
        {
            string name = GeneratedName.Next(attempt);
            if (TryReserve(name, id) is null)
            {
                return name;
            }
        }
    }

    /// <summary>Null when the name is ours now, else the id of its owner.</summary>
    private string? TryReserve(string name, string id)
    {
        string path = $"{Paths.Names}/{name}";
        int errno = NameLink.TryMake(path, id);
        if (errno == Errno.ENOENT)
        {
            // The command that made the store was killed before it made this directory (LIFE-07).
            _ = Files.TryMakeDirectory(Paths.Names, Private);
            errno = NameLink.TryMake(path, id);
        }
        if (errno == 0)
        {
            return null;
        }
        if (errno != Errno.EEXIST)
        {
            throw new LinuxException("symlink", path, errno);
        }
        string? owner = NameLink.TryRead(path);
        if (owner is not null && Files.Exists(Paths.Container(owner)))
        {
            return owner;
        }
        // The name outlived its container: a crash between the two steps of a removal. Who takes it over holds a lock, so that of two the second sees the first's link.
        using FileLock cleaning = FileLock.Acquire(Paths.Names + "/.lock");
        owner = NameLink.TryRead(path);
        if (owner is not null && !Files.Exists(Paths.Container(owner)))
        {
            _ = Files.TryRemove(path);
        }
        errno = NameLink.TryMake(path, id);
        return errno switch
        {
            0 => null,
            Errno.EEXIST => NameLink.TryRead(path) ?? "",
            _ => throw new LinuxException("symlink", path, errno),
        };
    }
}
