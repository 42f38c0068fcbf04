using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Transfer;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff export</c>.</summary>
internal static class ExportCommand
{
    public static Command Define() =>
        new()
        {
            Name = "export",
            Summary = "Write a container's file system as a tar archive",
            Usage = "[OPTIONS] CONTAINER",
            Description =
                "The container may be running or stopped. What is in volumes and other mounts is not exported. `skiff import` makes an image of the archive.",
            Flags =
            [
                Flag.Text("output", "Write to this file instead of standard output", 'o', "file") with
                {
                    Completes = Completion.File,
                },
            ],
            MinArguments = 1,
            MaxArguments = 1,
            Completes = [Completion.Container],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, invocation.Arguments[0]);
        using Interruption interruption = new();
        ArchiveOutput.Write(
            invocation.Value("output"),
            target => ContainerExport.Write(engine, record, state, target, invocation.Output.Warn, interruption.Token)
        );
        return 0;
    }
}
