using System.Globalization;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Format;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Commands.Containers;

/// <summary>A container in the shape of docker's <c>inspect</c> (API "ContainerInspect").</summary>
internal static partial class ContainerJson
{
    private const string Never = "0001-01-01T00:00:00Z";

    internal static Value Describe(SkiffEngine engine, ContainerRecord record, ContainerState state, bool size)
    {
        EnginePaths paths = engine.Paths;
        RunOptions options = ContainerPreparation.OptionsOf(record);
        RuntimeSpec? spec = SpecOf(engine, record, options);
        string file(string name) => $"{paths.Etc(record.Id)}/{name}";
        List<(string, Value)> fields =
        [
            ("Id", Value.Of(record.Id)),
            ("Created", Value.Of(Time(record.Created))),
            ("Path", Value.Of(record.Command.Count > 0 ? record.Command[0] : "")),
            ("Args", Value.Of([.. record.Command.Skip(1)])),
            ("State", State(state)),
            ("Image", Value.Of(record.ImageId)),
            ("ResolvConfPath", Value.Of(file("resolv.conf"))),
            ("HostnamePath", Value.Of(file("hostname"))),
            ("HostsPath", Value.Of(file("hosts"))),
            ("LogPath", Value.Of(record.LogDriver == "none" ? "" : paths.Log(record.Id))),
            ("Name", Value.Of("/" + record.Name)),
            ("RestartCount", Value.Of((long)state.RestartCount)),
            ("Driver", Value.Of("overlay2")),
            ("Platform", Value.Of("linux")),
            ("MountLabel", Value.Of("")),
            ("ProcessLabel", Value.Of("")),
            ("AppArmorProfile", Value.Of(spec?.Process?.ApparmorProfile ?? "")),
            ("ExecIDs", Value.List(null)),
            ("HostConfig", HostConfig(record, options, spec)),
            ("GraphDriver", Value.Struct(("Data", GraphData(paths, record)), ("Name", Value.Of("overlay2")))),
        ];
        if (size)
        {
            long own = DiskUse.Of(paths.Upper(record.Id));
            fields.Add(("SizeRw", Value.Of(own)));
            fields.Add(("SizeRootFs", Value.Of(own + (record.ImageId.Length > 0 ? engine.Images.Find(record.ImageId)?.Size ?? 0 : 0))));
        }
        fields.Add(("Mounts", Value.List([.. record.Mounts.Select(Mount)])));
        fields.Add(("Config", Config(engine, record, options, spec)));
        fields.Add(("NetworkSettings", Network(engine, record, state)));
        return Value.Struct(fields);
    }

    /// <summary>The spec it was started with last; for one that never was, the spec that a start would give. Null when its image is gone, or does not fit the host any more.</summary>
    private static RuntimeSpec? SpecOf(SkiffEngine engine, ContainerRecord record, RunOptions options)
    {
        if (engine.Containers.ReadConfig(record.Id, out _) is { } bytes)
        {
            return RuntimeSpecReader.Parse(bytes);
        }
        try
        {
            Images.Store.Image? image = record.ImageId.Length == 0 ? null : engine.Images.Get(record.ImageId);
            return ContainerPreparation.Plan(engine, options, image, record.Foreground, record.Id).Result.Spec;
        }
        catch (SkiffException)
        {
            return null;
        }
    }

    private static Value State(ContainerState state)
    {
        List<(string, Value)> fields =
        [
            ("Status", Value.Of(StatusText.Word(state.Status))),
            ("Running", Value.Of(state.IsUp || state.Status == ContainerStatus.Restarting)),
            ("Paused", Value.Of(state.Status == ContainerStatus.Paused)),
            ("Restarting", Value.Of(state.Status == ContainerStatus.Restarting)),
            ("OOMKilled", Value.Of(state.OomKilled)),
            ("Dead", Value.Of(state.Status == ContainerStatus.Dead)),
            ("Pid", Value.Of((long)(state.IsUp ? state.Process.Pid : 0))),
            ("ExitCode", Value.Of((long)(state.IsUp ? 0 : state.ExitCode))),
            ("Error", Value.Of(state.Error)),
            ("Reason", Value.Of(state.Reason)),
            ("StartedAt", Value.Of(state.StartedAt is { } started ? Time(started) : Never)),
            ("FinishedAt", Value.Of(state.FinishedAt is { } finished ? Time(finished) : Never)),
        ];
        // A template may ask for the health of a container without a check; JSON leaves it out, as docker does.
        Value shown = Value.Struct([.. fields, ("Health", state.Health is { } health ? Health(health) : Value.Nil)]);
        return state.Health is null ? shown.As(Value.Struct(fields)) : shown;
    }

    private static Value Health(HealthState health) =>
        Value.Struct(
            ("Status", Value.Of(health.Status)),
            ("FailingStreak", Value.Of((long)health.FailingStreak)),
            (
                "Log",
                Value.List([
                    .. health.Log.Select(static r =>
                        Value.Struct(
                            ("Start", Value.Of(Time(r.Start))),
                            ("End", Value.Of(Time(r.End))),
                            ("ExitCode", Value.Of((long)r.ExitCode)),
                            ("Output", Value.Of(r.Output))
                        )
                    ),
                ])
            )
        );

    private static Value GraphData(EnginePaths paths, ContainerRecord record) =>
        Value.Map([
            KeyValuePair.Create("LowerDir", Value.Of(string.Join(':', record.LayerDirectories.Reverse()))),
            KeyValuePair.Create("MergedDir", Value.Of(paths.Container(record.Id))),
            KeyValuePair.Create("UpperDir", Value.Of(paths.Upper(record.Id))),
            KeyValuePair.Create("WorkDir", Value.Of(paths.Work(record.Id))),
        ]);

    private static Value Mount(MountRecord mount)
    {
        List<(string, Value)> fields = [("Type", Value.Of(mount.Type))];
        if (mount.Name.Length > 0)
        {
            fields.Add(("Name", Value.Of(mount.Name)));
        }
        fields.Add(("Source", Value.Of(mount.Source)));
        fields.Add(("Destination", Value.Of(mount.Destination)));
        if (mount.Name.Length > 0)
        {
            fields.Add(("Driver", Value.Of("local")));
        }
        fields.Add(("Mode", Value.Of(mount.Mode)));
        fields.Add(("RW", Value.Of(mount.ReadWrite)));
        fields.Add(("Propagation", Value.Of(mount.Type == "volume" ? "" : mount.Propagation)));
        return Value.Struct(fields);
    }

    internal static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static Value Words(ValueList<string> words) => Value.Of(words.IsEmpty ? null : [.. words.AsSpan()]);

    private static Value Keys(IReadOnlyList<string> keys) =>
        Value.Map(keys.Count == 0 ? null : keys.Select(static k => KeyValuePair.Create(k, Value.Struct())));
}
