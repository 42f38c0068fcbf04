using Skiff.CommandLine;
using Skiff.Commands.Run;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Monitoring;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff create</c>, and the way of <c>run -d</c>.</summary>
internal static class CreateCommand
{
    public static Command Define() =>
        new()
        {
            Name = "create",
            Summary = "Create a container without starting it",
            Usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
            Flags = RunFlags.All(create: true),
            StopAtFirstPositional = true,
            Completes = [Completion.Image],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        RunOptions options = RootlessOptions.Adapt(RunFlags.Options(invocation, HostContext.Make()), invocation.Output.Warn);
        SkiffEngine engine = ContainerAccess.Open(invocation);
        using FileLock? hold = options.Image is null ? null : RunCommand.Hold(engine);
        Image? image = options.Image is { } name
            ? PullImage.Ensure(engine.Images, name, options.Pull, PullRequest.From(invocation), invocation.Output)
            : null;
        string id = ContainerStore.NewId();
        using FileLock session = Session.Begin(engine.Paths, id);
        try
        {
            PreparedContainer container = Make(engine, id, options, image, invocation);
            invocation.Output.Line(container.Record.Id);
            return 0;
        }
        catch (SkiffException e) when (e is { ExitCode: 125, IsUsage: false })
        {
            // What docker's client reads ends with 125, what its daemon refuses with 1: for run both are the same.
            throw new SkiffException(e.Message, 1, e);
        }
        finally
        {
            Session.Remove(engine.Paths, id);
        }
    }

    /// <summary><c>run -d</c>.</summary>
    internal static int Detached(
        SkiffEngine engine,
        string id,
        RunOptions options,
        Image? image,
        FileLock? hold,
        WaitingMonitor monitor,
        Invocation invocation
    )
    {
        PreparedContainer container = Make(engine, id, options, image, invocation, monitor);
        hold?.Dispose();
        StartCommand.Detached(engine, container.Record, invocation.Output, monitor, container);
        if (options.PidFile is { } path)
        {
            ForegroundRun.WriteIdFile(path, engine.Containers.LoadState(container.Record.Id).Process.Pid.ToString());
        }
        invocation.Output.Line(container.Record.Id);
        return 0;
    }

    /// <summary>A recorded container, its warnings shown, its id in the file that was asked for. The caller holds its session until it is made, or started: if the command is killed before,
    /// the next one finds the free lock and removes what there is of it.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="id">Its id.</param>
    /// <param name="options">What is asked.</param>
    /// <param name="image">The image; null with a plain root directory.</param>
    /// <param name="invocation">The command.</param>
    /// <param name="monitor">Its monitor, which waits; null when it is not started now.</param>
    internal static PreparedContainer Make(
        SkiffEngine engine,
        string id,
        RunOptions options,
        Image? image,
        Invocation invocation,
        WaitingMonitor? monitor = null
    )
    {
        PreparedContainer container = ContainerPreparation.Create(
            engine,
            options,
            image,
            id,
            session: null,
            monitor is null ? null : planned => monitor.Begin(engine, planned)
        );
        foreach (string warning in container.Result.Warnings)
        {
            invocation.Output.Warn(warning);
        }
        ForegroundRun.WriteIdFile(options.CidFile, id);
        Boot.BootHint.Show(engine, options.Restart, invocation);
        return container;
    }
}
