using System.Text;
using Skiff.Linux;
using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

/// <summary>Finds firewalls of the host that drop what a bridge network forwards (NET-14).</summary>
internal static class ForwardPolicy
{
    /// <summary>One sentence per table that drops by default and does not mention the bridge: our own accept cannot overrule it, only its owner can. What was said before is not said again while it stays so.</summary>
    internal static IReadOnlyList<string> Warnings(NetworkPaths paths, NetworkDefinition network, NetlinkSocket firewall)
    {
        List<string> found = [];
        try
        {
            foreach (DroppingChain chain in NftQuery.ForwardDrops(firewall))
            {
                if ((chain.Family != "ip6" || network.IPv6 is not null) && !NftQuery.Mentions(firewall, chain, network.Bridge))
                {
                    found.Add(Sentence(chain, network.Bridge));
                }
            }
            foreach (bool v6 in (ReadOnlySpan<bool>)[false, true])
            {
                if ((!v6 || network.IPv6 is not null) && LegacyFilter.DropsForwarded(v6, network.Bridge))
                {
                    string tool = v6 ? "ip6tables-legacy" : "iptables-legacy";
                    found.Add(
                        Sentence(
                            $"{tool}, table filter, chain FORWARD",
                            network.Bridge,
                            $"{tool} -I FORWARD -i {network.Bridge} -j ACCEPT; {tool} -I FORWARD -o {network.Bridge} -j ACCEPT"
                        )
                    );
                }
            }
        }
        catch (LinuxException)
        {
            // A hint only: whoever cannot list chains is told by the transaction that follows.
        }
        string text = string.Join('\n', found);
        string before = Files.TryReadText(paths.Warned, out _) ?? "";
        if (text != before)
        {
            Files.Replace(paths.Warned, Encoding.UTF8.GetBytes(text));
        }
        return text == before ? [] : found;
    }

    private static string Sentence(DroppingChain chain, string bridge)
    {
        bool iptables = chain is { Family: "ip" or "ip6", Table: "filter", Chain: "FORWARD" };
        string tool = chain.Family == "ip6" ? "ip6tables" : "iptables";
        return Sentence(
            $"table {chain.Family} {chain.Table}, chain {chain.Chain}",
            bridge,
            iptables
                ? $"{tool} -I FORWARD -i {bridge} -j ACCEPT; {tool} -I FORWARD -o {bridge} -j ACCEPT"
                : $"nft insert rule {chain.Family} {chain.Table} {chain.Chain} iifname {bridge} accept; nft insert rule {chain.Family} {chain.Table} {chain.Chain} oifname {bridge} accept"
        );
    }

    private static string Sentence(string where, string bridge, string remedy) =>
        $"the host's firewall drops forwarded packets ({where}, policy drop): containers reach nothing outside {bridge}, and nobody but this host reaches their published ports, until it accepts the bridge, for example with: {remedy}";
}
