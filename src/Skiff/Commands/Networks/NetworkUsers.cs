using Skiff.Engine;
using Skiff.Engine.Containers;

namespace Skiff.Commands.Networks;

/// <summary>Which networks containers name, whether they run or not.</summary>
internal sealed class NetworkUsers
{
    private readonly HashSet<string> _named = new(StringComparer.Ordinal);

    private NetworkUsers() { }

    /// <summary>Reads the records of all containers.</summary>
    public static NetworkUsers Read(SkiffEngine engine)
    {
        NetworkUsers users = new();
        foreach (ContainerRecord record in engine.Containers.List())
        {
            users._named.Add(record.NetworkMode);
            users._named.UnionWith(record.MoreNetworks);
        }
        return users;
    }

    /// <summary>True when a container names it, by its name or its id.</summary>
    public bool Uses(ShownNetwork network)
    {
        foreach (string named in _named)
        {
            if (named == network.Name || (named.Length >= 4 && network.Id.StartsWith(named, StringComparison.Ordinal)))
            {
                return true;
            }
        }
        return false;
    }
}
