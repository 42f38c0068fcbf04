using Skiff.CommandLine;
using Skiff.Commands.Run;
using Skiff.Engine;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff update</c>.</summary>
internal static class UpdateCommand
{
    private static readonly string[] s_flags =
    [
        "blkio-weight",
        "blkio-weight-device",
        "cpu-period",
        "cpu-quota",
        "cpu-rt-period",
        "cpu-rt-runtime",
        "cpu-shares",
        "cpus",
        "cpuset-cpus",
        "cpuset-mems",
        "device-read-bps",
        "device-read-iops",
        "device-write-bps",
        "device-write-iops",
        "memory",
        "memory-reservation",
        "memory-swap",
        "memory-swappiness",
        "pids-limit",
        "restart",
    ];

    public static Command Define() =>
        new()
        {
            Name = "update",
            Summary = "Change the limits and the restart policy of containers",
            Usage = "[OPTIONS] CONTAINER [CONTAINER...]",
            Description = "What runs has the new limits at once; what does not run has them at its next start. 0 leaves a limit as it is, except where it is a value: --pids-limit, --cpuset-cpus, --cpuset-mems, --memory-swappiness.",
            Flags = [.. RunFlags.All().Where(static f => s_flags.Contains(f.Name)).Select(static f => f with { Default = null })],
            MinArguments = 1,
            Completes = [Completion.Container],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        if (invocation.Given.Count == 0)
        {
            throw invocation.Usage("name at least one limit, or --restart", 1);
        }
        List<NameValue> changes = [.. invocation.Given.Select(static g => new NameValue(g.Flag.Name, g.Value))];
        SkiffEngine engine = ContainerAccess.Open(invocation);
        int code = Each.Argument(
            invocation,
            name =>
            {
                ContainerUpdate.Apply(engine, ContainerAccess.Find(engine, name).Record.Id, changes);
                invocation.Output.Line(name);
            }
        );
        if (code == 0 && invocation.Value("restart") is { } policy)
        {
            Boot.BootHint.Show(engine, OptionGrammar.ParseRestart(policy), invocation);
        }
        return code;
    }
}
