using System.Net;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Network;

/// <summary>The leases of one network as files. All but reading needs the lock of the networks.</summary>
internal sealed class LeaseStore(NetworkPaths paths)
{
    /// <summary>The lease of an address, or null.</summary>
    internal LeaseFile? Read(IPAddress address) => LeaseFile.TryRead($"{paths.Leases}/{address}");

    /// <summary>The lease of a container, or null: one open, however many there are.</summary>
    internal LeaseFile? Of(string containerId) =>
        LeaseFile.TryRead($"{paths.Owners}/{containerId}") is { } lease && Read(lease.IPv4)?.ContainerId == containerId ? lease : null;

    /// <summary>All leases; only for a network that is made again, or full.</summary>
    internal IReadOnlyList<LeaseFile> All()
    {
        List<LeaseFile> result = [];
        foreach (string name in Tree.Names(paths.Leases))
        {
            if (LeaseFile.TryRead($"{paths.Leases}/{name}") is { } lease)
            {
                result.Add(lease);
            }
        }
        return result;
    }

    /// <summary>True while anything is leased; null when the network is not up.</summary>
    internal bool? Any()
    {
        using SafeFd? fd = Files.TryOpen(paths.Leases, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out _);
        return fd is null ? null : new NameReader(fd.Value, stackalloc byte[1024]).Next();
    }

    /// <summary>The file that will be a container's lease, locked as long as the process that runs the container lives: a free lock means that it died.</summary>
    internal FileLock Begin(string containerId) => FileLock.Acquire($"{paths.Owners}/{containerId}");

    /// <summary>Makes the file of <see cref="Begin"/> the lease of its address; false when the address is taken. The content is whole before the name appears.</summary>
    /// <param name="file">The file.</param>
    /// <param name="lease">Its content.</param>
    /// <param name="asked6">True when the IPv6 address does not follow from the IPv4 address.</param>
    internal bool TryTake(FileLock file, LeaseFile lease, bool asked6)
    {
        string six = $"{paths.Asked6}/{lease.IPv6}";
        if (!asked6 && lease.IPv6 is not null && Files.Exists(six))
        {
            return false;
        }
        _ = At.Truncate(file.Fd.Value, 0);
        string own = $"{paths.Owners}/{lease.ContainerId}";
        int errno = At.WriteAt(file.Fd.Value, lease.Write(), 0);
        if (errno != 0)
        {
            throw new LinuxException("write", own, errno);
        }
        if (asked6)
        {
            _ = Files.TryMakeDirectory(paths.Asked6, 0x1C0);
            _ = Files.TryRemove(six);
            _ = Link(own, six);
        }
        string path = $"{paths.Leases}/{lease.IPv4}";
        errno = Link(own, path);
        return errno switch
        {
            0 => true,
            Errno.EEXIST => false,
            _ => throw new LinuxException("link", path, errno),
        };
    }

    /// <summary>True while the process that runs the lease's container lives.</summary>
    internal bool IsHeld(LeaseFile lease)
    {
        string path = $"{paths.Leases}/{lease.IPv4}";
        using FileLock? taken = FileLock.TryAcquireExisting(path);
        return taken is null && Files.Exists(path);
    }

    /// <summary>Makes a container's names known in the network, each as one more name of its lease. What is left of them by a crash leads to no lease, and means nothing.</summary>
    internal void AddNames(LeaseFile lease)
    {
        string own = $"{paths.Owners}/{lease.ContainerId}";
        foreach (string name in lease.Names)
        {
            string path = $"{paths.Names}/{name}/{lease.ContainerId}";
            int errno = Link(own, path);
            if (errno == Errno.ENOENT)
            {
                _ = Files.TryMakeDirectory(paths.Names, 0x1C0);
                _ = Files.TryMakeDirectory($"{paths.Names}/{name}", 0x1C0);
                errno = Link(own, path);
            }
            if (errno == Errno.EEXIST)
            {
                _ = Files.TryRemove(path);
                errno = Link(own, path);
            }
            if (errno != 0)
            {
                throw new LinuxException("link", path, errno);
            }
        }
    }

    /// <summary>Gives a lease other names: in its own file, because that is the one that whoever runs the container has locked, and never a shorter one, so that nobody reads a half of it.</summary>
    internal void Rename(LeaseFile lease, IReadOnlyList<string> names)
    {
        LeaseFile renamed = lease with { Names = names };
        AddNames(renamed with { Names = [.. names.Where(n => !lease.Names.Contains(n))] });
        using (SafeFd fd = Files.Open($"{paths.Owners}/{lease.ContainerId}", OpenFlags.O_WRONLY))
        {
            byte[] text = renamed.Write();
            int written = text.Length;
            _ = At.Stat(fd.Value, out StatxBuffer stat);
            Array.Resize(ref text, Math.Max(written, (int)stat.Size));
            text.AsSpan(written).Fill((byte)'\n');
            Files.WriteAll(fd, text, "lease");
        }
        RemoveNames(lease with { Names = [.. lease.Names.Where(n => !names.Contains(n))] });
    }

    /// <summary>Takes a container's names out again.</summary>
    internal void RemoveNames(LeaseFile lease)
    {
        foreach (string name in lease.Names)
        {
            _ = Files.TryRemove($"{paths.Names}/{name}/{lease.ContainerId}");
            _ = Files.TryRemove($"{paths.Names}/{name}", directory: true); // fails while another container has it
        }
    }

    /// <summary>Forgets a lease; the address is free.</summary>
    internal void Remove(LeaseFile lease)
    {
        RemoveNames(lease);
        _ = Files.TryRemove($"{paths.Leases}/{lease.IPv4}");
        RemoveOwner(lease);
    }

    /// <summary>Removes what a container has of a lease that was never complete, or is no longer: a command was killed while it took or gave it.</summary>
    internal void RemoveRest(string containerId)
    {
        if (LeaseFile.TryRead($"{paths.Owners}/{containerId}") is { } lease)
        {
            RemoveNames(lease);
            RemoveOwner(lease);
        }
        _ = Files.TryRemove($"{paths.Owners}/{containerId}");
    }

    /// <summary>The owner's file goes last: it leads to all else.</summary>
    private void RemoveOwner(LeaseFile lease)
    {
        if (LeaseFile.TryRead($"{paths.Asked6}/{lease.IPv6}")?.ContainerId == lease.ContainerId)
        {
            _ = Files.TryRemove($"{paths.Asked6}/{lease.IPv6}");
        }
        _ = Files.TryRemove($"{paths.Owners}/{lease.ContainerId}");
    }

    private static int Link(string existing, string path) =>
        At.Link(Files.AtCwd, CString.Encode(existing), Files.AtCwd, CString.Encode(path));
}
