using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Volumes;
using Skiff.Format;

namespace Skiff.Commands.Volumes;

/// <summary><c>skiff volume ls</c>.</summary>
internal static class VolumeListCommand
{
    public static Command Define() =>
        new()
        {
            Name = "ls",
            Summary = "List volumes",
            Usage = "[OPTIONS]",
            Description = "Filters: dangling=true|false (used by no container), driver=NAME, label=NAME[=VALUE], name=PART.",
            Flags =
            [
                Flag.List("filter", "Show only what fits the condition", 'f', "filter"),
                Listing.FormatFlag(),
                Flag.Bool("quiet", "Only show names", 'q'),
            ],
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = VolumeAccess.Open(invocation);
        Filters filters = Filters.Parse(invocation.Values("filter"), "dangling", "driver", "label", "name");
        bool? dangling = filters.Switch("dangling");
        VolumeUsers? users = dangling is null ? null : VolumeUsers.Read(engine.Containers);
        List<Value> rows = [];
        foreach (Volume volume in engine.Volumes.List())
        {
            bool fits =
                filters.LabelsMatch(volume.Labels)
                && (filters.Of("driver").Count == 0 || filters.Of("driver").Contains(volume.Driver))
                && (filters.Of("name").Count == 0 || filters.Of("name").Any(part => volume.Name.Contains(part, StringComparison.Ordinal)))
                && (users is null || users.Of(volume.Name).Count == 0 == dangling);
            if (fits)
            {
                rows.Add(VolumeAccess.Row(engine.Volumes, volume));
            }
        }
        Listing listing = new(
            "{{.Driver}}\t{{.Name}}",
            ("Driver", "DRIVER"),
            ("Name", "VOLUME NAME"),
            ("Scope", "SCOPE"),
            ("Mountpoint", "MOUNTPOINT"),
            ("Labels", "LABELS"),
            ("Links", "LINKS"),
            ("Size", "SIZE")
        );
        listing.Write(invocation.Output, invocation.Value("format"), rows, invocation.Is("quiet"));
        return 0;
    }
}
