using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Monitoring;
using Skiff.Engine.Rootless;
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
        RunOptions options = RootlessOptions.Adapt(RunFlags.Options(invocation, HostContext.Make()), invocation.Output.Warn);
        if (PeerLookup.SharesPids(options))
        {
            ReadOnlySelf.Ensure();
        }
        SkiffEngine engine = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        string id = ContainerStore.NewId();
        bool traced = invocation.Has("trace");
        bool watched = options.Detach || (AttachedRun.IsNeeded(options) && !traced);
        RunStart? start = Begin(watched);
        try
        {
            // A concurrent prune must not take the image between its lookup and the container's record.
            using FileLock? hold = options.Image is null ? null : Hold(engine);
            Image? image = options.Image is { } name
                ? PullImage.Ensure(engine.Images, name, options.Pull, PullRequest.From(invocation), invocation.Output, GiveUp)
                : null;
            if (!watched && !traced && AttachedRun.IsNeeded(options, image))
            {
                GiveUp();
                watched = true;
            }
            start ??= Begin(watched);
            if (!watched)
            {
                return ForegroundRun.Run(
                    engine,
                    id,
                    options,
                    image,
                    hold,
                    start.Session,
                    start.Foreground!,
                    start.Signals!.Use(),
                    invocation
                );
            }
            engine.Reconciler.Sessions(own: id);
            return options.Detach
                ? Containers.CreateCommand.Detached(engine, id, options, image, hold, start.Monitor!, invocation)
                : AttachedRun.Run(engine, id, options, image, hold, start, invocation);
        }
        finally
        {
            GiveUp();
        }

        RunStart Begin(bool watched) => RunStart.Make(engine, id, options, watched, traced);

        // Whoever ends a download ends it at once: nothing may be left then.
        void GiveUp()
        {
            start?.Dispose();
            start = null;
        }
    }

    internal static FileLock? Hold(SkiffEngine engine) =>
        Files.Exists(engine.Paths.Root + "/oci-layout") ? engine.Images.HoldForUse() : null;
}
