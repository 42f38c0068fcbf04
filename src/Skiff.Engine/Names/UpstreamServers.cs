using System.Net;
using Skiff.Engine.Network;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Names;

/// <summary>The servers that know what is not a container's name: <c>--dns</c>, or the host's as they are now. The host's resolv.conf is read again when it has changed.</summary>
internal sealed class UpstreamServers
{
    private const string HostFile = "/etc/resolv.conf";
    private const int Port = 53;
    private readonly IReadOnlyList<IPEndPoint>? _asked;
    private IReadOnlyList<IPEndPoint> _host = [];
    private (ulong Inode, long Seconds, uint Nanoseconds) _seen;

    /// <summary>For one container.</summary>
    /// <param name="asked"><c>--dns</c>; empty for the host's.</param>
    internal UpstreamServers(IReadOnlyList<string> asked) => _asked = asked.Count == 0 ? null : Parse(asked);

    /// <summary>The servers were asked for, and are reached as the container reaches them: from its own network namespace.</summary>
    internal bool AreTheContainers => _asked is not null;

    /// <summary>In the order in which they are asked.</summary>
    internal IReadOnlyList<IPEndPoint> Current
    {
        get
        {
            if (_asked is not null)
            {
                return _asked;
            }
            using SafeFd? file = Files.TryOpen(HostFile, OpenFlags.O_RDONLY, out _);
            (ulong, long, uint) now =
                file is not null && At.Stat(file.Value, out StatxBuffer stat) == 0
                    ? (stat.Inode, stat.ModifyTime.Seconds, stat.ModifyTime.Nanoseconds)
                    : default;
            if (_host.Count == 0 || now != _seen)
            {
                _seen = now;
                _host = Parse(NetworkFiles.Servers(Files.TryReadText(HostFile, out _) ?? ""));
                _host = _host.Count > 0 ? _host : Parse(NetworkFiles.DefaultServers);
            }
            return _host;
        }
    }

    /// <summary>Three are as many as resolv.conf(5) knows. A zone is the name or the number of a link of the host.</summary>
    private static List<IPEndPoint> Parse(IReadOnlyList<string> texts)
    {
        List<IPEndPoint> servers = [];
        foreach (string text in texts)
        {
            int zone = text.IndexOf('%', StringComparison.Ordinal);
            if (servers.Count < 3 && IPAddress.TryParse(zone < 0 ? text : text[..zone], out IPAddress? address))
            {
                if (zone >= 0 && address.IsIPv6LinkLocal)
                {
                    address.ScopeId = uint.TryParse(text.AsSpan(zone + 1), out uint number)
                        ? number
                        : Skiff.Linux.Netlink.RouteDump.IndexOf(text[(zone + 1)..]);
                }
                servers.Add(new IPEndPoint(address, Port));
            }
        }
        return servers;
    }
}
