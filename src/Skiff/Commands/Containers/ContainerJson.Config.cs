using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using Skiff.Engine.Transfer;
using Skiff.Format;
using Skiff.Images;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Commands.Containers;

/// <content>Config: what does not depend on the host.</content>
internal static partial class ContainerJson
{
    private static Value Config(SkiffEngine engine, ContainerRecord record, RunOptions options, RuntimeSpec? spec)
    {
        ImageConfig? image = record.ImageId.Length > 0 ? engine.Images.Find(record.ImageId)?.Config : null;
        IReadOnlyList<string> cmd =
            !options.Arguments.IsEmpty ? [.. options.Arguments.AsSpan()]
            : options.Entrypoint is null && image is not null ? image.Cmd
            : [];
        IReadOnlyList<string> entrypoint = options.Entrypoint is { } own ? [.. own.AsSpan()] : image?.Entrypoint ?? [];
        List<(string, Value)> fields =
        [
            ("Hostname", Value.Of(spec?.Hostname ?? "")),
            ("Domainname", Value.Of(options.Domainname ?? "")),
            ("User", Value.Of(options.User ?? image?.User ?? "")),
            ("AttachStdin", Value.Of(IsAttached(options, StandardStreams.Stdin))),
            ("AttachStdout", Value.Of(IsAttached(options, StandardStreams.Stdout))),
            ("AttachStderr", Value.Of(IsAttached(options, StandardStreams.Stderr))),
        ];
        if (record.ExposedPorts.Count > 0)
        {
            fields.Add(("ExposedPorts", Keys(record.ExposedPorts)));
        }
        fields.Add(("Tty", Value.Of(record.Tty)));
        fields.Add(("OpenStdin", Value.Of(record.OpenStdin)));
        fields.Add(("StdinOnce", Value.Of(options.Interactive && IsAttached(options, StandardStreams.Stdin))));
        IReadOnlyList<string> env = CommittedConfig.Environment(image?.Env ?? [], options);
        fields.Add(("Env", Value.Of(env.Count == 0 ? null : env)));
        fields.Add(("Cmd", Value.Of(cmd.Count == 0 ? null : cmd)));
        if (Healthcheck(record, options, image) is { } health)
        {
            fields.Add(("Healthcheck", health));
        }
        fields.Add(("Image", Value.Of(record.Image)));
        fields.Add(("Volumes", Keys(VolumesOf(options, image))));
        fields.Add(("WorkingDir", Value.Of(options.Workdir ?? image?.WorkingDir ?? "")));
        fields.Add(("Entrypoint", Value.Of(entrypoint.Count == 0 ? null : entrypoint)));
        if (options.Networks is { IsEmpty: false } networks && networks[0].MacAddress is { } mac)
        {
            fields.Add(("MacAddress", Value.Of(mac)));
        }
        fields.Add(("OnBuild", Value.Nil));
        fields.Add(("Labels", Value.Of(record.Labels)));
        if ((options.StopSignal ?? image?.StopSignal) is { Length: > 0 })
        {
            fields.Add(("StopSignal", Value.Of(record.StopSignal)));
        }
        if (options.StopTimeout is { } timeout)
        {
            fields.Add(("StopTimeout", Value.Of((long)timeout)));
        }
        if (!options.Secrets.IsEmpty)
        {
            fields.Add(("Secrets", Secrets(options)));
        }
        if (image is { Shell.Count: > 0 })
        {
            fields.Add(("Shell", Value.Of(image.Shell)));
        }
        return Value.Struct(fields);
    }

    /// <summary>What <c>create</c> and <c>run</c> without <c>-d</c> attach: the output, with <c>-i</c> the input, unless <c>-a</c> says which.</summary>
    private static bool IsAttached(RunOptions options, StandardStreams stream) =>
        options.Attach == StandardStreams.None
            ? !options.Detach && (stream != StandardStreams.Stdin || options.Interactive)
            : (options.Attach & stream) != StandardStreams.None;

    /// <summary>Durations in nanoseconds, as docker has them: only what the flags or the image say. NONE where the image's check was switched off.</summary>
    private static Value? Healthcheck(ContainerRecord record, RunOptions options, ImageConfig? image)
    {
        if (record.HealthCheck is not { } check)
        {
            return options.NoHealthcheck ? Value.Struct(("Test", Value.Of(["NONE"]))) : null;
        }
        Healthcheck? own = image?.Healthcheck;
        List<(string, Value)> fields = [("Test", Value.Of(check.Test[0] == "CMD-SHELL" ? [.. check.Test.Take(2)] : check.Test))];
        Add("Interval", check.Interval, options.HealthInterval, own?.Interval);
        Add("Timeout", check.Timeout, options.HealthTimeout, own?.Timeout);
        Add("StartPeriod", check.StartPeriod, options.HealthStartPeriod, own?.StartPeriod);
        Add("StartInterval", check.StartInterval, options.HealthStartInterval, own?.StartInterval);
        if (options.HealthRetries is > 0 || own?.Retries is > 0)
        {
            fields.Add(("Retries", Value.Of((long)check.Retries)));
        }
        return Value.Struct(fields);

        void Add(string name, TimeSpan value, TimeSpan? asked, long? inherited)
        {
            if (asked is { Ticks: > 0 } || inherited is > 0)
            {
                fields.Add((name, Nanoseconds(value)));
            }
        }
    }

    /// <summary>As podman's inspect has them, and where they are; never what they hold.</summary>
    private static Value Secrets(RunOptions options)
    {
        List<Value> secrets = [];
        foreach (SecretUse use in options.Secrets)
        {
            secrets.Add(
                Value.Struct(
                    ("Name", Value.Of(use.Name)),
                    ("Type", Value.Of(use.IsVariable ? "env" : "mount")),
                    ("Target", Value.Of(use.Target)),
                    ("UID", Value.Of((long)use.Uid)),
                    ("GID", Value.Of((long)use.Gid)),
                    ("Mode", Value.Of((long)use.Mode))
                )
            );
        }
        return Value.List(secrets);
    }

    private static Value Nanoseconds(TimeSpan time) => Value.Of(time.Ticks * TimeSpan.NanosecondsPerTick);

    /// <summary>Those of the image, and <c>-v /path</c> without a source.</summary>
    private static List<string> VolumesOf(RunOptions options, ImageConfig? image)
    {
        List<string> paths = [.. image?.Volumes ?? []];
        foreach (ContainerMount mount in options.Mounts)
        {
            if (mount is { Type: MountType.Volume, Source.Length: 0 } && !paths.Contains(mount.Target))
            {
                paths.Add(mount.Target);
            }
        }
        return paths;
    }
}
