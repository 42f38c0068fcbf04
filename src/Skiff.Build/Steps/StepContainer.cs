using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Build.Steps;

/// <summary>How a command ended.</summary>
/// <param name="Code">Its exit code, as a shell has it.</param>
/// <param name="Reason">Why, where that is known.</param>
internal readonly record struct ExitReport(int Code, string Reason);

/// <summary>The container of one RUN: started as <c>run --rm</c> starts one, by this process, which reads what it writes; then its writable layer is taken.</summary>
internal static class StepContainer
{
    /// <summary>Runs it to its end.</summary>
    /// <param name="session">The build.</param>
    /// <param name="imageOf">Makes an image of the stage so far.</param>
    /// <param name="options">What to run.</param>
    /// <param name="tree">Takes what was written, in <c>diff</c>.</param>
    /// <param name="output">Takes what the command says.</param>
    /// <param name="cancel">Kills it.</param>
    internal static ExitReport Run(
        BuildSession session,
        Func<Image> imageOf,
        RunOptions options,
        string tree,
        OutputTail.Sink output,
        CancellationToken cancel
    )
    {
        Engine.SkiffEngine engine = session.Engine;
        string id = ContainerStore.NewId();
        using FileLock lease = Session.Begin(engine.Paths, id);
        Newborn? newborn = null;
        ContainerLaunch? launch = null;
        PreparedContainer? container = null;
        try
        {
            using SafeFd nothing = Files.Open("/dev/null", OpenFlags.O_RDONLY);
            (SafeFd reading, SafeFd writing) = Engine.Monitoring.Pipe.Open();
            using SafeFd source = reading;
            using SafeFd target = writing;
            LaunchWishes wishes = new()
            {
                DiesWithParent = true,
                Standard = (nothing.Value, target.Value, target.Value),
                Session = lease,
            };
            newborn = Newborn.TryBear(id, options, wishes);
            // until it has its root, no layer changes its place
            _ = session.Works.Still(() =>
            {
                container = ContainerPreparation.Create(
                    engine,
                    options,
                    imageOf(),
                    id,
                    lease,
                    planned => launch = ContainerLaunch.Begin(engine, planned, wishes, newborn)
                );
                launch!.Start(container);
                return true;
            });
            target.Dispose();
            Pump(launch!, source, output, cancel);
            ContainerState end = launch!.Finish();
            if (end.ExitCode == 0)
            {
                _ = Files.TryRemove(tree + "/diff", directory: true);
                Files.Rename(engine.Paths.Upper(id), tree + "/diff");
            }
            return new ExitReport(end.ExitCode, end.Reason);
        }
        finally
        {
            launch?.Dispose();
            newborn?.Dispose();
            if (container is not null)
            {
                ContainerRemoval.RemoveEnded(engine, container.Record);
            }
            Session.Remove(engine.Paths, id);
        }
    }

    /// <summary>Reads until the command has ended and nothing of it is left in the pipe. With its first process all others of the container end, so nobody else writes there.</summary>
    private static void Pump(ContainerLaunch launch, SafeFd source, OutputTail.Sink output, CancellationToken cancel)
    {
        byte[] buffer = new byte[64 << 10];
        using CancellationTokenRegistration killed = cancel.Register(() => _ = launch.Process.Pidfd.Signal(Signals.SIGKILL));
        Span<PollFd> entries = stackalloc PollFd[2];
        while (true)
        {
            entries[0] = new PollFd(launch.Process.Pidfd.Fd.Value, Poll.POLLIN);
            entries[1] = new PollFd(source.Value, Poll.POLLIN);
            _ = Poll.Wait(entries, -1);
            if (entries[1].ReturnedEvents != 0)
            {
                int count = Files.Read(source, buffer, "the output of a step");
                if (count <= 0)
                {
                    return; // closed by all
                }
                output(buffer.AsSpan(0, count));
                continue;
            }
            if (entries[0].ReturnedEvents != 0)
            {
                while (
                    Poll.Wait(source.Value, Poll.POLLIN, 0) != 0 && Files.Read(source, buffer, "the output of a step") is int rest and > 0
                )
                {
                    output(buffer.AsSpan(0, rest));
                }
                return;
            }
        }
    }
}
