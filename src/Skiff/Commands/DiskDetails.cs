using Skiff.Build.Cache;
using Skiff.Commands.Containers;
using Skiff.Display;
using Skiff.Engine.Containers;
using Skiff.Engine.Volumes;
using Skiff.Format;
using Skiff.Images;
using Skiff.Images.Store;

namespace Skiff.Commands;

/// <summary><c>system df -v</c>: a table for each kind of object.</summary>
/// <param name="report">What everything takes.</param>
/// <param name="now">The time for ages.</param>
internal sealed class DiskDetails(DiskReport report, DateTimeOffset now)
{
    private const string ImageTable =
        "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}";
    private const string ContainerTable =
        "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}";

    /// <summary>docker's tables.</summary>
    public void Write(Output output)
    {
        output.Write("Images space usage:\n\n");
        new Listing(
            ImageTable,
            ("Repository", "REPOSITORY"),
            ("Tag", "TAG"),
            ("ID", "IMAGE ID"),
            ("CreatedSince", "CREATED"),
            ("Size", "SIZE"),
            ("Containers", "CONTAINERS"),
            ("SharedSize", "SHARED SIZE"),
            ("UniqueSize", "UNIQUE SIZE")
        ).Write(output, null, Images(full: false));
        output.Write("\nContainers space usage:\n\n");
        new Listing(
            ContainerTable,
            ("ID", "CONTAINER ID"),
            ("Image", "IMAGE"),
            ("Command", "COMMAND"),
            ("LocalVolumes", "LOCAL VOLUMES"),
            ("Size", "SIZE"),
            ("RunningFor", "CREATED"),
            ("Status", "STATUS"),
            ("Names", "NAMES")
        ).Write(output, null, Containers(full: false));
        output.Write("\nLocal Volumes space usage:\n\n");
        new Listing("{{.Name}}\t{{.Links}}\t{{.Size}}", ("Name", "VOLUME NAME"), ("Links", "LINKS"), ("Size", "SIZE")).Write(
            output,
            null,
            Volumes()
        );
        output.Write($"\nBuild cache usage: {Human.ShortSize(report.BuildCacheTotals.Size)}\n\n");
        new Listing(
            "{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}",
            ("ID", "CACHE ID"),
            ("CacheType", "CACHE TYPE"),
            ("Size", "SIZE"),
            ("CreatedSince", "CREATED"),
            ("LastUsedSince", "LAST USED"),
            ("UsageCount", "USAGE"),
            ("Shared", "SHARED")
        ).Write(output, null, BuildCache());
    }

    /// <summary>The same as one value, for <c>--format</c>, which shows whole ids and commands.</summary>
    public Value ToValue() =>
        Value.Struct(
            ("Images", Value.List(Images(full: true))),
            ("Containers", Value.List(Containers(full: true))),
            ("Volumes", Value.List(Volumes())),
            ("BuildCache", Value.List(BuildCache()))
        );

    private List<Value> BuildCache()
    {
        List<Value> rows = [];
        foreach (BuildCacheEntry entry in report.BuildCache)
        {
            rows.Add(
                Value.Row(
                    null,
                    ("CacheType", Value.Of(entry.IsMount ? "exec.cachemount" : "regular")),
                    ("CreatedSince", Value.Of(Human.Ago(entry.Made, now))),
                    ("Description", Value.Of(entry.Text)),
                    ("ID", Value.Of(entry.Id[..Math.Min(entry.Id.Length, 12)])),
                    ("InUse", Value.Of("false")),
                    ("LastUsedSince", Value.Of(Human.Ago(entry.Used, now))),
                    ("Shared", Value.Of(entry.IsShared ? "true" : "false")),
                    ("Size", Value.Of(Human.ShortSize(entry.Size))),
                    ("UsageCount", Value.Of("1"))
                )
            );
        }
        return rows;
    }

    private List<Value> Images(bool full)
    {
        List<Value> rows = [];
        foreach (Image image in report.Images)
        {
            long shared = report.SharedSize(image);
            List<Reference?> names = [.. image.Names];
            if (names.Count == 0)
            {
                names.Add(null);
            }
            foreach (Reference? name in names)
            {
                rows.Add(
                    ImagesCommand
                        .Row(image, name, full, now)
                        .With(
                            ("Containers", Value.Of(report.ContainersOf(image).ToString())),
                            ("SharedSize", Value.Of(Human.ShortSize(shared))),
                            ("UniqueSize", Value.Of(Human.ShortSize(image.Size - shared)))
                        )
                );
            }
        }
        return rows;
    }

    private List<Value> Containers(bool full)
    {
        List<Value> rows = [];
        foreach ((ContainerRecord record, ContainerState state, long size) in report.Containers)
        {
            rows.Add(PsCommand.Row(record, state, full, Human.ShortSize(size), now));
        }
        return rows;
    }

    private List<Value> Volumes()
    {
        List<Value> rows = [];
        foreach ((Volume volume, int links, long size) in report.Volumes)
        {
            rows.Add(
                Value.Row(
                    volume.Labels,
                    ("Links", Value.Of(links.ToString())),
                    ("Name", Value.Of(volume.Name)),
                    ("Size", Value.Of(Human.ShortSize(size)))
                )
            );
        }
        return rows;
    }
}
