using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Transfer;
using Skiff.Images;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff commit</c>.</summary>
internal static class CommitCommand
{
    public static Command Define() =>
        new()
        {
            Name = "commit",
            Summary = "Make an image from what a container changed",
            Usage = "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
            Description =
                "The image is run as the container was: its command, environment, user and so on, and what --change says "
                + "(CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR). "
                + "What is in volumes is not part of it. A running container stands still while its changes are copied.",
            Flags =
            [
                Flag.Text("author", "Author, such as \"Ann <ann@example.org>\"", 'a'),
                Flag.List("change", "Apply a Dockerfile instruction to the image", 'c'),
                Flag.Text("message", "Set the remark of the history", 'm'),
                Flag.Bool("pause", "Freeze the container while its changes are copied", 'p') with
                {
                    Default = "true",
                },
                Flag.Bool("no-pause", "Do not freeze the container"),
            ],
            MinArguments = 1,
            MaxArguments = 2,
            Completes = [Completion.Container, Completion.Image],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        Reference? name = invocation.Arguments.Count > 1 ? Reference.Parse(invocation.Arguments[1]) : null;
        SkiffEngine engine = ContainerAccess.Open(invocation);
        (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, invocation.Arguments[0]);
        using Interruption interruption = new();
        CommitWishes wishes = new()
        {
            Name = name,
            Author = invocation.Value("author") ?? "",
            Message = invocation.Value("message") ?? "",
            Changes = invocation.Values("change"),
            Pause = invocation.Is("pause", otherwise: true) && !invocation.Is("no-pause"),
            Remark = invocation.Output.Warn,
            Cancel = interruption.Token,
        };
        invocation.Output.Line(ContainerCommit.Run(engine, record, state, wishes).Id.ToString());
        return 0;
    }
}
