using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using Skiff.Images;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Transfer;

/// <summary>How an image made from a container is run: as the container was, that is its image's config with what <c>run</c> changed (docker: the container's <c>Config</c>).</summary>
public static class CommittedConfig
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
            Env = Environment(image.Env, options),
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

    /// <summary>The variables that were given, then those of the image that they leave as they are: docker's <c>Config.Env</c>. What every process gets besides, such as HOSTNAME, is not among them.</summary>
    /// <param name="image">Those of the image.</param>
    /// <param name="options">What was asked.</param>
    public static IReadOnlyList<string> Environment(IReadOnlyList<string> image, RunOptions options)
    {
        List<string> env = [];
        foreach (EnvironmentEntry entry in options.Environment)
        {
            Forget(env, entry.Name);
            if (entry.Value is not null)
            {
                env.Add($"{entry.Name}={entry.Value}");
            }
        }
        foreach (string text in options.UnsetAllEnvironment ? [] : image)
        {
            if (!IsGiven(options, text))
            {
                env.Add(text);
            }
        }
        return env;
    }

    private static void Forget(List<string> env, string name)
    {
        for (int i = env.Count - 1; i >= 0; i--)
        {
            if (Names(env[i], name))
            {
                env.RemoveAt(i);
            }
        }
    }

    private static bool IsGiven(RunOptions options, string text)
    {
        foreach (EnvironmentEntry entry in options.Environment)
        {
            if (Names(text, entry.Name))
            {
                return true;
            }
        }
        return false;
    }

    private static bool Names(string text, string name) =>
        text.StartsWith(name, StringComparison.Ordinal) && (text.Length == name.Length || text[name.Length] == '=');

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
