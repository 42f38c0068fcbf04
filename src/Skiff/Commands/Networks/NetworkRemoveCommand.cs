using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Engine;
using Skiff.Linux;

namespace Skiff.Commands.Networks;

/// <summary><c>skiff network rm</c>.</summary>
internal static class NetworkRemoveCommand
{
    public static Command Define() =>
        new()
        {
            Name = "rm",
            Summary = "Remove networks that no running container is connected with",
            Usage = "[OPTIONS] NETWORK [NETWORK...]",
            Flags = [Flag.Bool("force", "It is no error if there is none", 'f')],
            MinArguments = 1,
            Completes = [Completion.Network],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        return Each.Argument(
            invocation,
            name =>
            {
                bool missing = !Engine.Network.NetworkStore.BuiltIn.Contains(name) && engine.Networks.TryFindAny(name) is null;
                if (!(missing && invocation.Is("force")))
                {
                    Remove(engine, NetworkAccess.Find(engine, name));
                }
                invocation.Output.Line(name);
            }
        );
    }

    /// <summary>Removes one.</summary>
    internal static void Remove(SkiffEngine engine, ShownNetwork network)
    {
        if (network.IsBuiltIn)
        {
            throw NetworkAccess.Refusal(network, "removed");
        }
        engine.Networks.Remove(network.Definition!, id => engine.Containers.TryLoad(id)?.Name, () => NetworkAccess.Settle(engine, network));
    }
}
