using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Volumes;
using Skiff.Linux;

namespace Skiff.Commands.Volumes;

/// <summary><c>skiff volume rm</c>.</summary>
internal static class VolumeRemoveCommand
{
    public static Command Define() =>
        new()
        {
            Name = "rm",
            Summary = "Remove volumes that no container uses",
            Usage = "[OPTIONS] VOLUME [VOLUME...]",
            Flags = [Flag.Bool("force", "It is no error if there is none", 'f')],
            MinArguments = 1,
            Completes = [Completion.Volume],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = VolumeAccess.Open(invocation);
        return Each.Argument(
            invocation,
            name =>
            {
                // Under the volume's lock: a container that comes meanwhile is recorded before it takes its volumes.
                if (!engine.Volumes.Remove(name, () => VolumeUsers.Read(engine.Containers).Refusal(name)) && !invocation.Is("force"))
                {
                    throw new SkiffException($"No such volume: {name}");
                }
                invocation.Output.Line(name);
            }
        );
    }
}
