using Skiff.Linux;

namespace Skiff.Engine.Network;

/// <summary>Files of the networks under the run directory, which a reboot empties together with the kernel's state.</summary>
/// <param name="Runroot"><c>--runroot</c>.</param>
/// <param name="Key">What the network's own files are named by: <see cref="NetworkDefinition.Key"/>.</param>
public sealed record NetworkPaths(string Runroot, string Key)
{
    /// <summary>All networks.</summary>
    public string All => Runroot + "/networks";

    /// <summary>The lock of all networks: host ports are shared between them. What they share begins with a dot, as no network's key does.</summary>
    public string Lock => All + "/.lock";

    /// <summary>One file per network that is up, which says in which network namespace; the directory is there while any is.</summary>
    public string Active => All + "/.active";

    /// <summary>Kernel parameters to write back when the last network goes: lines of path, space, value.</summary>
    public string Restore => All + "/.restore";

    /// <summary>A second name of <see cref="Restore"/> while they are written back.</summary>
    public string Restoring => All + "/.restoring";

    /// <summary>One file per host port in use, which leads to the leases that hold it.</summary>
    public string Ports => All + "/.ports";

    /// <summary>A file that is about to be renamed to one of those below; the lock is held, so one name is enough, and a crash leaves at most this one.</summary>
    public string Draft => All + "/.draft";

    /// <summary>Leases that were given back and whose elements are still in the table.</summary>
    public string Released => All + "/.released";

    /// <summary>One empty file per container that was connected with a network while it ran: who watches it knows only of the leases it began with.</summary>
    public string Connected => All + "/.connected";

    /// <summary>This network.</summary>
    public string Directory => $"{All}/{Key}";

    /// <summary>The definition.</summary>
    public string Definition => Directory + "/network.json";

    /// <summary>One file per leased IPv4 address. rmdir(2) of it succeeds only when nothing is leased.</summary>
    public string Leases => Directory + "/leases";

    /// <summary>One file per container that holds a lease: a second name of its file in <see cref="Leases"/>.</summary>
    public string Owners => Directory + "/owners";

    /// <summary>One more name of a lease whose IPv6 address was asked for, and so does not follow from its IPv4 address.</summary>
    public string Asked6 => Directory + "/asked6";

    /// <summary>Names that the containers of a user's network find one another by: a directory each, with a further name of the lease of every container that has it.</summary>
    public string Names => Directory + "/names";

    /// <summary>There while the network has its table of family netdev.</summary>
    public string Ingress => Directory + "/ingress";

    /// <summary>What was said about the host's firewall, so that it is said once.</summary>
    public string Warned => Directory + "/warned";

    /// <summary>The number of the IPv4 address leased last.</summary>
    public string LastAddress => Directory + "/last";

    /// <summary>Held by the cleaner that waits.</summary>
    public string Cleaner => Directory + "/cleaner";

    /// <summary>Replaces a file of a directory that may be missing.</summary>
    internal void Replace(string path, ReadOnlySpan<byte> bytes)
    {
        using (SafeFd fd = Files.Open(Draft, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC, 0x180))
        {
            Files.WriteAll(fd, bytes, Draft);
        }
        Rename(Draft, path);
    }

    /// <summary>Renames a file into a directory that may be missing.</summary>
    internal static void Rename(string from, string to)
    {
        try
        {
            Files.Rename(from, to);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            _ = Files.TryMakeDirectory(Path.GetDirectoryName(to)!, 0x1C0);
            Files.Rename(from, to);
        }
    }

    internal void Make()
    {
        foreach (string path in (ReadOnlySpan<string>)[Runroot, All, Directory])
        {
            int errno = Files.TryMakeDirectory(path, 0x1C0);
            if (errno is not (0 or Errno.EEXIST))
            {
                throw new LinuxException("mkdir", path, errno);
            }
        }
    }
}
