using System.Net;
using System.Text;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Engine.Network;

/// <summary>The texts of a container's resolv.conf, hosts and hostname. Pure functions.</summary>
public static class NetworkFiles
{
    /// <summary>Where systemd-resolved keeps the servers behind its 127.0.0.53.</summary>
    public const string ResolvedUpstream = "/run/systemd/resolve/resolv.conf";

    /// <summary>Servers used when the host names none that a container could reach.</summary>
    public static IReadOnlyList<string> DefaultServers { get; } = ["8.8.8.8", "8.8.4.4"];

    /// <summary>resolv.conf(5) of a container with its own network namespace.</summary>
    /// <param name="host">The host's /etc/resolv.conf; null when there is none.</param>
    /// <param name="upstream">The host's <see cref="ResolvedUpstream"/>; used when the host names only systemd-resolved's 127.0.0.53.</param>
    /// <param name="servers"><c>--dns</c>; replaces the host's.</param>
    /// <param name="options"><c>--dns-option</c>; replaces the host's.</param>
    /// <param name="search"><c>--dns-search</c>; replaces the host's, and a single <c>.</c> means none.</param>
    public static string ResolvConf(
        string? host,
        string? upstream,
        IReadOnlyList<string> servers,
        IReadOnlyList<string> options,
        IReadOnlyList<string> search
    )
    {
        Parsed parsed = Parse(host ?? "");
        if (parsed.Servers.Count == 1 && parsed.Servers[0] == "127.0.0.53" && upstream is not null)
        {
            parsed = Parse(upstream);
        }
        List<string> reachable = [.. servers];
        if (servers.Count == 0)
        {
            foreach (string server in parsed.Servers)
            {
                // A zone names an interface of the host (RFC 4007), a loopback address the container itself.
                if (
                    !server.Contains('%', StringComparison.Ordinal)
                    && IPAddress.TryParse(server, out IPAddress? address)
                    && !IPAddress.IsLoopback(address)
                    && !reachable.Contains(server)
                )
                {
                    reachable.Add(server);
                }
            }
            if (reachable.Count == 0)
            {
                reachable.AddRange(DefaultServers);
            }
        }
        var text = new StringBuilder();
        foreach (string server in reachable)
        {
            text.Append("nameserver ").Append(server).Append('\n');
        }
        Line(
            text,
            "search",
            search.Count == 0 ? parsed.Search
                : search is ["."] ? []
                : search
        );
        Line(text, "options", options.Count == 0 ? parsed.Options : options);
        return text.ToString();
    }

    /// <summary>What a container of a user's network is told to ask: the server that answers for the network, on the container's own loopback.</summary>
    public const string OwnServer = "127.0.0.11";

    /// <summary>resolv.conf(5) of a container in a user's network: all questions go to <see cref="OwnServer"/>; search domains and options are those that the container would have otherwise.</summary>
    /// <param name="host">The host's /etc/resolv.conf; null when there is none.</param>
    /// <param name="upstream">The host's <see cref="ResolvedUpstream"/>.</param>
    /// <param name="options"><c>--dns-option</c>; replaces the host's.</param>
    /// <param name="search"><c>--dns-search</c>; replaces the host's, and a single <c>.</c> means none.</param>
    public static string ResolvConfOfNetwork(string? host, string? upstream, IReadOnlyList<string> options, IReadOnlyList<string> search)
    {
        string text = ResolvConf(host, upstream, [OwnServer], options, search);
        if (text.Contains("ndots:", StringComparison.Ordinal))
        {
            return text;
        }
        // A name without a dot is a container's before it is tried with the search domains.
        int line = text.IndexOf("\noptions ", StringComparison.Ordinal);
        return line < 0 ? text + "options ndots:0\n" : text.TrimEnd('\n') + " ndots:0\n";
    }

    /// <summary>The servers that a resolv.conf(5) names, in its order.</summary>
    public static IReadOnlyList<string> Servers(string resolvConf) => Parse(resolvConf).Servers;

    /// <summary>hosts(5).</summary>
    /// <param name="hostname">The container's host name; may contain a domain.</param>
    /// <param name="addresses">The container's own addresses; none for <c>--network none</c>, which gets 127.0.0.1.</param>
    /// <param name="extra"><c>--add-host</c>; the address <c>host-gateway</c> stands for the host.</param>
    /// <param name="gateways">Addresses at which the host answers, for <c>host-gateway</c>.</param>
    public static string Hosts(
        string hostname,
        IReadOnlyList<string> addresses,
        IReadOnlyList<HostEntry> extra,
        IReadOnlyList<string> gateways
    )
    {
        var text = new StringBuilder();
        text.Append(
            "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"
        );
        foreach (HostEntry entry in extra)
        {
            if (entry.Address == "host-gateway")
            {
                if (gateways.Count == 0)
                {
                    throw new SkiffException(
                        $"--add-host {entry.Name}:host-gateway: the container's network has no gateway to the host",
                        125
                    );
                }
                foreach (string gateway in gateways)
                {
                    text.Append(gateway).Append('\t').Append(entry.Name).Append('\n');
                }
            }
            else
            {
                text.Append(entry.Address).Append('\t').Append(entry.Name).Append('\n');
            }
        }
        int dot = hostname.IndexOf('.', StringComparison.Ordinal);
        string names = dot > 0 ? $"{hostname} {hostname[..dot]}" : hostname;
        if (hostname.Length > 0)
        {
            foreach (string address in addresses.Count == 0 ? (IReadOnlyList<string>)["127.0.0.1"] : addresses)
            {
                text.Append(address).Append('\t').Append(names).Append('\n');
            }
        }
        return text.ToString();
    }

    /// <summary>hostname(5).</summary>
    public static string Hostname(string hostname) => hostname + "\n";

    private static void Line(StringBuilder text, string word, IReadOnlyList<string> values)
    {
        if (values.Count > 0)
        {
            text.Append(word).Append(' ').AppendJoin(' ', values).Append('\n');
        }
    }

    private static Parsed Parse(string text)
    {
        var parsed = new Parsed();
        foreach (string raw in text.Split('\n'))
        {
            string[] words = raw.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2)
            {
                continue;
            }
            switch (words[0])
            {
                case "nameserver":
                    parsed.Servers.Add(words[1]);
                    break;
                case "search" or "domain":
                    // The last one wins, resolv.conf(5).
                    parsed.Search = words[1..];
                    break;
                case "options":
                    parsed.Options.AddRange(words[1..]);
                    break;
            }
        }
        return parsed;
    }

    private sealed class Parsed
    {
        internal List<string> Servers { get; } = [];
        internal IReadOnlyList<string> Search { get; set; } = [];
        internal List<string> Options { get; } = [];
    }
}
