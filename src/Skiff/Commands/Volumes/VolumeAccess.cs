using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Volumes;
using Skiff.Format;

namespace Skiff.Commands.Volumes;

/// <summary>What every verb for volumes begins with, and how volumes are shown.</summary>
internal static class VolumeAccess
{
    /// <summary>Opens the engine and removes what killed commands left.</summary>
    public static SkiffEngine Open(Invocation invocation)
    {
        SkiffEngine engine = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        engine.Reconciler.Sessions();
        engine.Volumes.Sweep();
        return engine;
    }

    /// <summary>A volume in the shape of docker's <c>volume inspect</c>.</summary>
    public static Value Describe(VolumeStore store, Volume volume) =>
        Value.Struct(
            (
                "CreatedAt",
                Value.Of(volume.Created.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture))
            ),
            ("Driver", Value.Of(volume.Driver)),
            ("Labels", Value.Of(volume.Labels.Count == 0 ? null : volume.Labels)),
            ("Mountpoint", Value.Of(store.Data(volume.Name))),
            ("Name", Value.Of(volume.Name)),
            ("Options", Value.Of(volume.Options.Count == 0 ? null : volume.Options)),
            ("Scope", Value.Of("local"))
        );

    /// <summary>A row of docker's <c>volume ls</c>.</summary>
    public static Value Row(VolumeStore store, Volume volume) =>
        Value.Row(
            volume.Labels,
            ("Availability", Value.Of("N/A")),
            ("Driver", Value.Of(volume.Driver)),
            ("Group", Value.Of("N/A")),
            (
                "Labels",
                Value.Of(
                    string.Join(
                        ',',
                        volume.Labels.OrderBy(static l => l.Key, StringComparer.Ordinal).Select(static l => $"{l.Key}={l.Value}")
                    )
                )
            ),
            ("Links", Value.Of("N/A")),
            ("Mountpoint", Value.Of(store.Data(volume.Name))),
            ("Name", Value.Of(volume.Name)),
            ("Scope", Value.Of("local")),
            ("Size", Value.Of("N/A")),
            ("Status", Value.Of("N/A"))
        );
}
