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
        return Each.Argument(
            invocation,
            name =>
            {
                if (force && engine.Containers.TryFind(name) is null)
                {
                    return;
                }
                ContainerRemoval.Remove(engine, engine.Containers.Find(name), force, invocation.Is("volumes"));
                invocation.Output.Line(name);
            }
        );
    }
}
