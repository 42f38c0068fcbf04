using System.Text;
using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Transfer;
using Skiff.Images;
using Skiff.Images.Layers;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff diff</c>.</summary>
internal static class DiffCommand
{
    public static Command Define() =>
        new()
        {
            Name = "diff",
            Summary = "Show what a container changed in its file system",
            Usage = "CONTAINER",
            Description = "A: added, C: changed, D: deleted, compared with its image. Volumes and other mounts are no part of it.",
            MinArguments = 1,
            MaxArguments = 1,
            Completes = [Completion.Container],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        (ContainerRecord record, _) = ContainerAccess.Find(engine, invocation.Arguments[0]);
        StringBuilder text = new();
        foreach (LayerChange change in ContainerDiff.Read(engine, record))
        {
            text.Append(change.Kind).Append(" /").Append(Printable.Of(Encoding.UTF8.GetString(change.Path), int.MaxValue - 1)).Append('\n');
        }
        invocation.Output.Write(text.ToString());
        return 0;
    }
}
