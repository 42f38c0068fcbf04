using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Rootless;
using Skiff.Linux;

namespace Skiff.Commands.Boot;

/// <summary><c>skiff system boot</c>: containers with a restart policy come back after a reboot, without a daemon.</summary>
internal static class BootCommand
{
    public static Command Define() =>
        new()
        {
            Name = "boot",
            Summary = "Start containers after a reboot",
            Usage = "COMMAND",
            Description = "There is no daemon: a unit of systemd, written once, runs \"skiff system boot start\" when the host starts.",
            Subcommands =
            [
                new(
                    "install",
                    () => Verb("install", "Let systemd run \"start\" at every boot, or print what to put where without systemd", Install)
                ),
                new("start", () => Verb("start", "Start every container whose restart policy asks for it", Start)),
                new("status", () => Verb("status", "Show what a reboot starts", Status)),
                new("uninstall", () => Verb("uninstall", "Take back what install did", Uninstall)),
            ],
        };

    private static Command Verb(string name, string summary, Func<Invocation, int> run) =>
        new()
        {
            Name = name,
            Summary = summary,
            Usage = "",
            MaxArguments = 0,
            WorksOutside = name is "install" or "uninstall", // a user's systemd talks only to the user
            Run = run,
        };

    private static int Start(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        List<ContainerRecord> alone = [];
        List<ContainerRecord> after = [];
        foreach ((ContainerRecord record, ContainerState state) in Checked(engine))
        {
            if (BootPolicy.Starts(record, state))
            {
                (BootPolicy.NeedsOthers(record, ContainerPreparation.OptionsOf(record)) ? after : alone).Add(record);
            }
        }
        BootStarter starter = new(invocation);
        starter.Start(alone);
        starter.Start(after);
        return starter.Failures == 0 ? 0 : 1;
    }

    private static int Install(Invocation invocation)
    {
        BootUnit unit = BootUnit.Of(invocation.Globals);
        if (!BootUnit.HasSystemd)
        {
            invocation.Output.Write(unit.Instructions());
            throw new SkiffException("this host is not run by systemd: nothing was installed; what is printed above does the same");
        }
        unit.Install();
        invocation.Output.Line(unit.Path);
        if (RootlessUser.Current is not null)
        {
            invocation.Output.Warn("your systemd runs while you are logged in; loginctl enable-linger lets it run from boot on");
        }
        return 0;
    }

    private static int Uninstall(Invocation invocation)
    {
        BootUnit unit = BootUnit.Of(invocation.Globals);
        if (!unit.IsInstalled)
        {
            throw new SkiffException($"{unit.Path} does not exist: nothing is installed for this store");
        }
        unit.Uninstall();
        invocation.Output.Line(unit.Path);
        return 0;
    }

    private static int Status(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        BootUnit unit = BootUnit.Of(invocation.Globals);
        List<string> rows = ["CONTAINER\tPOLICY\tAFTER A REBOOT"];
        bool any = false;
        foreach ((ContainerRecord record, ContainerState state) in Checked(engine))
        {
            if (BootPolicy.Concerns(record.RestartPolicy))
            {
                // A container that runs is ended by the reboot and then as good as any that has ended.
                ContainerState then =
                    state.IsUp || state.Status == ContainerStatus.Restarting
                        ? state with
                        {
                            Status = ContainerStatus.Exited,
                            ExitCode = 255,
                        }
                        : state;
                bool starts = BootPolicy.Starts(record, then);
                any |= starts;
                string word =
                    starts ? "started"
                    : state.StartedAt is null ? "not started: it never ran"
                    : "not started: it was stopped by hand";
                rows.Add($"{record.Name}\t{record.RestartPolicy}\t{word}");
            }
        }
        string installed = unit.IsInstalled ? $"installed, {unit.Path}" : "not installed";
        invocation.Output.Line($"Start at boot: {installed}{(any && !unit.IsInstalled ? " (skiff system boot install)" : "")}");
        if (rows.Count > 1)
        {
            invocation.Output.Write(Columns.Align(string.Concat(rows.Select(static r => r + "\n"))));
        }
        return 0;
    }

    private static IEnumerable<(ContainerRecord Record, ContainerState State)> Checked(SkiffEngine engine)
    {
        foreach (ContainerRecord record in engine.Containers.List())
        {
            if (engine.Reconciler.Check(record) is { } state)
            {
                yield return (record, state);
            }
        }
    }
}
