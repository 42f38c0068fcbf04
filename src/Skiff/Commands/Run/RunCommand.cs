using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Monitoring;
using Skiff.Engine.Spec;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Commands.Run;

/// <summary><c>skiff run</c>.</summary>
internal static class RunCommand
{
    public static Command Define() =>
        new()
        {
            Name = "run",
            Summary = "Run a command in a new container",
            Usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
            Flags = [.. RunFlags.All(), Flag.Bool("trace", "Print every step with the time it took")],
            StopAtFirstPositional = true,
            FailureExitCode = 125,
            Completes = [Completion.Image],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        RunOptions options = RunFlags.Options(invocation, HostContext.Make());
        SkiffEngine.RequireRoot("run");
        if (PeerLookup.SharesPids(options))
        {
            ReadOnlySelf.Ensure();
        }
        SkiffEngine engine = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        string id = ContainerStore.NewId();
        using FileLock session = Session.Begin(engine.Paths, id);
        try
        {
            return Run(engine, id, options, session, invocation);
        }
        finally
        {
            Session.Remove(engine.Paths, id);
        }
    }

    private static int Run(SkiffEngine engine, string id, RunOptions options, FileLock session, Invocation invocation)
    {
        bool traced = invocation.Has("trace");
        bool watched = options.Detach || (AttachedRun.IsNeeded(options) && !traced);
        using WaitingMonitor? monitor = watched ? WaitingMonitor.Start(engine, id, options) : null;
        ForegroundStart? start = watched ? null : ForegroundStart.Make(id, options, traced);
        try
        {
            // A concurrent prune must not take the image between its lookup and the container's record.
            using FileLock? hold = options.Image is null ? null : Hold(engine);
            Image? image = options.Image is { } name
                ? PullImage.Ensure(engine.Images, name, options.Pull, PullRequest.From(invocation), invocation.Output, GiveUp)
                : null;
            if (options.Detach)
            {
                engine.Reconciler.Sessions();
                return Containers.CreateCommand.Detached(engine, id, options, image, hold, monitor!, invocation);
            }
            if (AttachedRun.IsNeeded(options, image) && !traced)
            {
                GiveUp();
                engine.Reconciler.Sessions();
                return AttachedRun.Run(engine, id, options, image, hold, session, monitor, invocation);
            }
            start ??= ForegroundStart.Make(id, options, traced);
            return ForegroundRun.Run(engine, id, options, image, hold, session, start, invocation);
        }
        finally
        {
            start?.Dispose();
        }

        void GiveUp()
        {
            start?.Dispose();
            start = null;
        }
    }

    internal static FileLock? Hold(SkiffEngine engine) =>
        Files.Exists(engine.Paths.Root + "/oci-layout") ? engine.Images.HoldForUse() : null;
}
