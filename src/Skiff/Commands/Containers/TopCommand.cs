using System.Text;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff top</c>: the processes of a container, read from /proc; no ps(1) is needed, neither on the host nor in the image.</summary>
internal static class TopCommand
{
    public static Command Define() =>
        new()
        {
            Name = "top",
            Summary = "Show the processes of a container",
            Usage = "CONTAINER [ps OPTIONS]",
            Description =
                "The options are those of ps(1): -ef (the default), -eF, -l, -j, aux, -o COLUMN[=TITLE],..., --sort [-]COLUMN,..., --no-headers. Names of columns as arguments work too, as podman has it. "
                + "Which processes are shown is given by the container, so -e, -A, a and x change nothing. Numbers and names are the host's; nspid is the number inside.\n\n"
                + $"Columns: {string.Join(", ", TopColumns.Names)}.",
            StopAtFirstPositional = true,
            MinArguments = 1,
            Completes = [Completion.RunningContainer, Completion.None],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        TopFormat format = TopFormat.Parse(invocation.Arguments, 1);
        SkiffEngine engine = ContainerAccess.Open(invocation);
        (ContainerRecord record, ContainerState state) = ContainerAccess.FindRunning(engine, invocation.Arguments[0]);
        StringBuilder text = new();
        if (format.Titles)
        {
            text.AppendJoin('\t', format.Columns.Select(static c => c.Title)).Append('\n');
        }
        foreach (TopProcess process in Processes(record, state, format))
        {
            text.Append(Line(format, process));
        }
        invocation.Output.Write(Columns.Align(text.ToString()));
        engine.Events.Container(record, "top");
        return 0;
    }

    /// <summary>The processes of a container in the order that is asked for.</summary>
    internal static List<TopProcess> Processes(ContainerRecord record, ContainerState state, TopFormat format)
    {
        TopHost host = TopHost.Read();
        List<TopProcess> processes = [];
        foreach (int pid in ContainerProcesses.Of(record, state))
        {
            if (TopProcess.TryRead(pid, host) is { } process)
            {
                processes.Add(process);
            }
        }
        format.Sort(processes);
        return processes;
    }

    /// <summary>The cells of a process, separated by tabs.</summary>
    internal static string Line(TopFormat format, TopProcess process) =>
        string.Join('\t', format.Columns.Select(c => c.Cell(process).Replace('\t', ' '))) + "\n";
}
