using System.Globalization;
using Skiff.Engine.Containers;

namespace Skiff.Compose.Planning;

/// <summary>A container of a project as it is.</summary>
/// <param name="Record">Its record.</param>
/// <param name="State">Its true state.</param>
public sealed record ObservedContainer(ContainerRecord Record, ContainerState State)
{
    /// <summary>Its service.</summary>
    public string Service => Label(Labels.Service);

    /// <summary>Its number in the service.</summary>
    public int Number => int.TryParse(Label(Labels.Number), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 1;

    /// <summary>Made by <c>compose run</c>.</summary>
    public bool IsOneOff => Label(Labels.OneOff) == "True";

    /// <summary>The services it depends on.</summary>
    public IEnumerable<string> DependsOn =>
        Label(Labels.DependsOn).Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static d => d.Split(':')[0]);

    /// <summary>The value of a label, or nothing.</summary>
    public string Label(string name) => Record.Labels.GetValueOrDefault(name) ?? "";

    /// <summary>The containers of a project, by service and number; of all projects for null.</summary>
    public static IReadOnlyList<ObservedContainer> Of(ContainerListing listing, string? project) =>
        [
            .. listing
                .Read(all: true)
                .Where(c => c.Record.Labels.TryGetValue(Labels.Project, out string? name) && (project is null || name == project))
                .Select(static c => new ObservedContainer(c.Record, c.State))
                .OrderBy(static c => c.Service, StringComparer.Ordinal)
                .ThenBy(static c => c.Number),
        ];
}
