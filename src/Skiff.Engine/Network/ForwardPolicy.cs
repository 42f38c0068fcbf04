using Skiff.Linux;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

/// <summary>Finds firewalls of the host that drop what a bridge network forwards (NET-14).</summary>
public static class ForwardPolicy
{
    /// <summary>One sentence per table that drops by default; our own accept cannot overrule it, only its owner can.</summary>
    public static IReadOnlyList<string> Warnings(string bridge)
    {
        List<string> result = [];
        try
        {
            foreach (DroppingChain chain in NftQuery.ForwardDrops())
            {
                result.Add(
                    $"the firewall drops forwarded packets by default (table {chain.Family} {chain.Table}, chain {chain.Chain}, policy drop): unless its rules accept interface {bridge}, containers reach nothing outside their network and published ports do not answer"
                );
            }
        }
        catch (LinuxException)
        {
            // A hint only: whoever cannot list chains is told by the transaction that follows.
        }
        return result;
    }
}
