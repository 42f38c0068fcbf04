using System.Globalization;

namespace Skiff.Linux.Netlink;

/// <summary>Which process of this host holds a port: proc_net_tcp in proc(5) names the socket's inode, /proc/PID/fd whose it is. Only for messages; it reads much.</summary>
public static class PortHolder
{
    /// <summary>State TCP_LISTEN of the kernel's table; UDP has no states worth asking for.</summary>
    private const string Listening = "0A";

    /// <summary><c>nginx (pid 4711)</c>, or null where it cannot be seen: another network namespace, no rights, or gone meanwhile.</summary>
    /// <param name="port">The port.</param>
    /// <param name="udp">UDP instead of TCP.</param>
    public static string? Find(int port, bool udp)
    {
        foreach (string table in udp ? (string[])["udp", "udp6"] : ["tcp", "tcp6"])
        {
            string? text = Files.TryReadText("/proc/self/net/" + table, out _);
            if (text is not null && Inode(text, port, udp) is { } inode && Owner($"socket:[{inode}]") is { } owner)
            {
                return owner;
            }
        }
        return null;
    }

    /// <summary>The inode of the socket that is bound to the port, from the text of one table; null for none.</summary>
    internal static string? Inode(string table, int port, bool udp)
    {
        string wanted = ":" + port.ToString("X4", CultureInfo.InvariantCulture);
        foreach (string line in table.Split('\n'))
        {
            // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 9 && fields[1].EndsWith(wanted, StringComparison.Ordinal) && (udp || fields[3] == Listening))
            {
                return fields[9];
            }
        }
        return null;
    }

    private static string? Owner(string socket)
    {
        foreach (string pid in FileTree.Tree.Names("/proc"))
        {
            if (!char.IsAsciiDigit(pid[0]))
            {
                continue;
            }
            foreach (string fd in Descriptors(pid))
            {
                if (Files.TryReadLink($"/proc/{pid}/fd/{fd}", out _) == socket)
                {
                    string name = Files.TryReadText($"/proc/{pid}/comm", out _)?.TrimEnd('\n') ?? "";
                    return name.Length > 0 ? $"{name} (pid {pid})" : $"pid {pid}";
                }
            }
        }
        return null;
    }

    private static IReadOnlyList<string> Descriptors(string pid)
    {
        try
        {
            return FileTree.Tree.Names($"/proc/{pid}/fd");
        }
        catch (LinuxException)
        {
            return []; // it has ended, or is another user's
        }
    }
}
