using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Health;
using Skiff.Engine.Launch;
using Skiff.Engine.Monitoring;
using Skiff.Engine.Spec;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Commands.Run;

/// <summary>A container that is served by a monitor, and to which <c>run</c> is attached: one with a terminal, and one that must outlive this command or whose output is kept.</summary>
internal static class AttachedRun
{
    /// <summary>Whether the options ask for what only a monitor can give. Without, <see cref="ForegroundRun"/> is faster: docs/decisions/004.</summary>
    internal static bool IsNeeded(RunOptions options, Image? image) =>
        IsNeeded(options) || HealthConfig.Of(options, image?.Config) is not null;

    /// <summary>The same as far as it is known before the image is.</summary>
    internal static bool IsNeeded(RunOptions options) =>
        options.Tty
        || options.Attach != StandardStreams.None
        || !options.SigProxy
        || options.Restart.Mode != RestartMode.No
        || options.LogDriver is not (null or "none")
        || !options.LogOptions.IsEmpty;

    internal static int Run(
        SkiffEngine engine,
        string id,
        RunOptions options,
        Image? image,
        FileLock? hold,
        RunStart start,
        Invocation invocation
    )
    {
        WaitingMonitor monitor = start.Monitor!;
        bool all = options.Attach == StandardStreams.None;
        bool input = options.Interactive || options.Attach.HasFlag(StandardStreams.Stdin);
        bool output = all || options.Attach.HasFlag(StandardStreams.Stdout);
        bool error = all || options.Attach.HasFlag(StandardStreams.Stderr);
        Attachment.RequireTerminal(options.Tty, input);
        PreparedContainer container = CreateCommand.Make(engine, id, options, image, invocation, monitor);
        hold?.Dispose();
        if (!output && !error)
        {
            invocation.Output.Line(id);
        }
        bool keys = options.Tty && options.Interactive;
        AttachWishes wishes = new(
            input && options.Interactive,
            output,
            error,
            options.Tty,
            options.SigProxy,
            keys ? DetachKeys.Choose(options.DetachKeys) : null
        );
        return Attachment.Start(
            engine,
            container.Record,
            wishes,
            invocation,
            monitor,
            container,
            start.Signals!.Use(),
            () =>
            {
                // From now on it is its monitor's.
                Session.Remove(engine.Paths, id);
                start.Session.Dispose();
                if (options.PidFile is { } path)
                {
                    ForegroundRun.WriteIdFile(path, engine.Containers.LoadState(id).Process.Pid.ToString());
                }
            }
        );
    }
}
