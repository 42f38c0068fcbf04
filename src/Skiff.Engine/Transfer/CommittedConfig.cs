using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using Skiff.Images;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Transfer;

/// <summary>How an image made from a container is run: as the container was, that is its image's config with what <c>run</c> changed (docker: the container's <c>Config</c>).</summary>
internal static class CommittedConfig
{
    internal static ImageConfig Of(ImageConfig image, RunOptions options, ContainerRecord record)
    {
        IReadOnlyList<string> entrypoint = options.Entrypoint is { } own ? [.. own.AsSpan()] : image.Entrypoint;
        IReadOnlyList<string> cmd =
            !options.Arguments.IsEmpty || options.Entrypoint is not null ? [.. options.Arguments.AsSpan()] : image.Cmd;
        return image with
        {
            User = options.User ?? image.User,
            WorkingDir = options.Workdir ?? image.WorkingDir,
            Entrypoint = entrypoint,
            Cmd = cmd,
            Env = Environment(image, options),
            Labels = record.Labels,
            ExposedPorts = record.ExposedPorts,
            Volumes = Volumes(image, options),
            StopSignal = options.StopSignal ?? image.StopSignal,
            Healthcheck =
                options.NoHealthcheck ? null
                : record.HealthCheck is { } check ? Health(check)
                : image.Healthcheck,
        };
    }

    private static List<string> Environment(ImageConfig image, RunOptions options)
    {
        List<string> env = options.UnsetAllEnvironment ? [] : [.. image.Env];
        foreach (EnvironmentEntry entry in options.Environment)
        {
            int place = env.FindIndex(e => e.StartsWith(entry.Name + "=", StringComparison.Ordinal));
            string text = $"{entry.Name}={entry.Value}";
            if (entry.Value is null)
            {
                _ = place >= 0 && env.Remove(env[place]);
            }
            else if (place >= 0)
            {
                env[place] = text;
            }
            else
            {
                env.Add(text);
            }
        }
        return env;
    }

    /// <summary>docker keeps the image's and the anonymous ones of <c>-v /path</c>.</summary>
    private static List<string> Volumes(ImageConfig image, RunOptions options)
    {
        List<string> volumes = [.. image.Volumes];
        foreach (ContainerMount mount in options.Mounts)
        {
            if (mount.Type == MountType.Volume && mount.Source.Length == 0 && !volumes.Contains(mount.Target))
            {
                volumes.Add(mount.Target);
            }
        }
        return volumes;
    }

    private static Healthcheck Health(HealthCheck check) =>
        new(
            check.Test,
            Nanoseconds(check.Interval),
            Nanoseconds(check.Timeout),
            Nanoseconds(check.StartPeriod),
            Nanoseconds(check.StartInterval),
            check.Retries
        );

    private static long Nanoseconds(TimeSpan time) => time.Ticks * 100;
}
