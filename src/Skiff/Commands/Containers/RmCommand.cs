using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Launch;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff rm</c>.</summary>
internal static class RmCommand
{
    public static Command Define() =>
        new()
        {
            Name = "rm",
            Summary = "Remove containers",
            Usage = "[OPTIONS] CONTAINER [CONTAINER...]",
            Flags =
            [
                Flag.Bool("force", "Kill a running container first; it is no error if there is none", 'f'),
                Flag.Bool("volumes", "Remove the container's anonymous volumes too", 'v'),
            ],
            MinArguments = 1,
            Completes = [Completion.Container],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        bool force = invocation.Is("force");
        return Each.ArgumentAtOnce(
            invocation,
            engine,
            (engine, name) =>
            {
                if (force && engine.Containers.TryFind(name) is null)
                {
                    invocation.Output.ErrorLine($"skiff: {engine.Containers.Missing(name).Message}");
                    return false;
                }
                ContainerRemoval.Remove(engine, engine.Containers.Find(name), force, invocation.Is("volumes"));
                return true;
            }
        );
    }
}
