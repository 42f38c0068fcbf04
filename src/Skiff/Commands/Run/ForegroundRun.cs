using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Run;

/// <summary>A container in the foreground: this process is its parent, its standard streams are ours, and it ends with us.</summary>
internal static class ForegroundRun
{
    internal static int Run(
        SkiffEngine engine,
        string id,
        RunOptions options,
        Image? image,
        FileLock? hold,
        FileLock session,
        ForegroundStart start,
        SignalPipe signals,
        Invocation invocation
    )
    {
        LaunchWishes wishes = start.Wishes with { Meanwhile = () => Tidy(engine, image, id) };
        PreparedContainer? container = null;
        ContainerLaunch? launch = null;
        try
        {
            container = ContainerPreparation.Create(
                engine,
                options,
                image,
                id,
                session,
                planned => launch = ContainerLaunch.Begin(engine, planned, wishes, start.Newborn)
            );
            hold?.Dispose();
            foreach (string warning in container.Result.Warnings)
            {
                invocation.Output.ErrorLine($"skiff: warning: {warning}");
            }
            WriteIdFile(options.CidFile, id);
            return Execute(engine, container, launch!, signals, invocation).ExitCode;
        }
        finally
        {
            launch?.Dispose();
            if (container is not null && options.Remove)
            {
                ContainerRemoval.RemoveEnded(engine, container.Record);
            }
        }
    }

    /// <summary>What every command does once, while the container comes to life: what others left behind must not keep this one from running.</summary>
    private static void Tidy(SkiffEngine engine, Image? image, string id)
    {
        try
        {
            if (image is not null)
            {
                engine.Images.MarkUsed(image.Id);
            }
            engine.Reconciler.Sessions(own: id);
        }
        catch (Exception e) when (e is LinuxException or SkiffException)
        {
            // the next command tries again
        }
    }

    private static ContainerState Execute(
        SkiffEngine engine,
        PreparedContainer container,
        ContainerLaunch launch,
        SignalPipe signals,
        Invocation invocation
    )
    {
        RunOptions options = container.Options;
        engine.Events.Container(container.Record, "attach");
        try
        {
            launch.Start(container);
        }
        catch (SkiffException e) when (!options.Remove)
        {
            engine.Containers.SaveState(
                container.Record.Id,
                new ContainerState
                {
                    Status = ContainerStatus.Created,
                    ExitCode = e.ExitCode,
                    Error = e.Message,
                    Reason = e.Message,
                }
            );
            throw;
        }
        foreach (string warning in launch.Warnings)
        {
            invocation.Output.ErrorLine($"skiff: warning: {warning}");
        }
        WriteIdFile(options.PidFile, launch.Process.Pid.ToString());
        if (options.Remove)
        {
            engine.Containers.ForgetVolatile(container.Record.Id);
        }
        ForegroundLoop.Serve(launch, options, signals);
        ContainerState end = launch.Finish();
        if (invocation.Has("trace"))
        {
            invocation.Output.Error(TraceReport.Text(launch));
        }
        if (!options.Remove)
        {
            // Whoever removes it has killed it and waits for us to be done.
            ContainerState? written = Containers.ContainerAccess.Change(
                engine,
                container.Record.Id,
                s => s.Status == ContainerStatus.Removing ? end with { Status = ContainerStatus.Removing } : end.EndOf(s)
            );
            end = written ?? end;
        }
        if (end.OomKilled)
        {
            invocation.Output.ErrorLine($"skiff: {end.Reason}");
        }
        return end;
    }

    internal static void WriteIdFile(string? path, string text)
    {
        if (path is null)
        {
            return;
        }
        using SafeFd fd =
            Files.TryOpen(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, out int errno, 0x1A4)
            ?? throw new SkiffException(
                errno == Errno.EEXIST
                    ? $"the file {path} exists: remove it, or give another name"
                    : $"cannot write {path}: {Errno.Describe(errno)}",
                125
            );
        Files.WriteAll(fd, System.Text.Encoding.UTF8.GetBytes(text), path);
    }
}
