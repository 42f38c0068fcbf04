using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Transfer;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff cp</c>.</summary>
internal static class CpCommand
{
    public static Command Define() =>
        new()
        {
            Name = "cp",
            Summary = "Copy files between a container and the host",
            Usage = "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n        skiff cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
            Description =
                "The container may be running, paused or stopped; its volumes and mounts are seen, memory file systems only while it runs. "
                + "A directory goes into an existing directory, or becomes a new one; with /. at the end of SRC_PATH its content goes. "
                + "Copies belong to root in the container and to the caller on the host; -a keeps users and groups by number. "
                + "With - a tar archive is written to standard output, or read from standard input and unpacked into a directory, owners as they are in it. "
                + "Links are copied as links; what they lead to is looked for in the container and nowhere else. Devices are not copied out of a container, sockets never.",
            Flags =
            [
                Flag.Bool("archive", "Archive mode (copy all uid/gid information)", 'a'),
                Flag.Bool("follow-link", "Always follow symbol link in SRC_PATH", 'L'),
                Flag.Bool("quiet", "Suppress progress output during copy; it is suppressed without a terminal", 'q'),
            ],
            MinArguments = 2,
            MaxArguments = 2,
            Completes = [Completion.File, Completion.File],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        (string? fromContainer, string from) = Split(invocation.Arguments[0]);
        (string? toContainer, string to) = Split(invocation.Arguments[1]);
        if (fromContainer is not null && toContainer is not null)
        {
            throw new SkiffException("copying between containers is not supported: pipe it, skiff cp A:PATH - | skiff cp - B:PATH");
        }
        if (fromContainer is null && toContainer is null)
        {
            throw new SkiffException("must specify at least one container source: CONTAINER:PATH");
        }
        if (from.Length == 0 || to.Length == 0)
        {
            throw new SkiffException("a path is empty: write / for the container's root directory and . for the current one");
        }
        SkiffEngine engine = ContainerAccess.Open(invocation);
        (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, (fromContainer ?? toContainer)!);
        using Interruption interruption = new();
        bool shown = invocation.Value("quiet") is { } quiet ? quiet != "true" : Tty.IsTerminal(1);
        CopyProgress progress = new(invocation.Output, shown, fromContainer is null ? "Copying to container" : "Copying from container");
        ContainerCopy copy = new(
            engine,
            record,
            state,
            new CopyWishes
            {
                KeepOwner = invocation.Is("archive"),
                FollowLink = invocation.Is("follow-link"),
                Remark = invocation.Output.Warn,
                Progress = shown ? progress.Show : null,
                Cancel = interruption.Token,
            }
        );
        CopyPath source = CopyPath.Parse(from, fromContainer is null ? Path.GetFullPath(".") : "");
        CopyPath target = CopyPath.Parse(to, toContainer is null ? Path.GetFullPath(".") : "");
        if (from == "-" && fromContainer is null)
        {
            FromInput(copy, target);
        }
        else if (to == "-" && toContainer is null)
        {
            ArchiveOutput.Write(null, stream => copy.OutArchive(source, stream));
        }
        else if (toContainer is not null)
        {
            progress.Done(copy.In(source, target), $"{toContainer}:{to}");
        }
        else
        {
            progress.Done(copy.Out(source, target), target.Path);
        }
        return 0;
    }

    private static void FromInput(ContainerCopy copy, CopyPath target)
    {
        if (Tty.IsTerminal(0))
        {
            throw new SkiffException("no archive: standard input is a terminal, redirect it");
        }
        using Stream input = StandardStreams.Input();
        _ = copy.InArchive(input, target);
    }

    /// <summary>docker's rule: CONTAINER:PATH, but a path that begins with / or . is of the host, whatever colons are in it.</summary>
    private static (string? Container, string Path) Split(string argument)
    {
        int colon = argument.IndexOf(':');
        return colon <= 0 || argument[0] is '/' or '.' ? (null, argument) : (argument[..colon], argument[(colon + 1)..]);
    }
}
