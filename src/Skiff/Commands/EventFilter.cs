using Skiff.Engine.Events;

namespace Skiff.Commands;

/// <summary>The filters of <c>events</c>, after docker: values of one filter are alternatives (labels are not), different filters must all fit.</summary>
internal sealed class EventFilter(Filters filters)
{
    /// <summary>docker's names that an engine without a swarm can answer.</summary>
    public static readonly string[] Known = ["container", "event", "image", "label", "network", "scope", "type", "volume"];

    private static readonly string[] s_withDetails = ["health_status", "exec_create", "exec_start"];

    /// <summary>True for an event that is to be shown.</summary>
    public bool Matches(EngineEvent happened) =>
        Any("type", v => v == happened.Type)
        && Any("event", v => v == happened.Action || (s_withDetails.Contains(v) && happened.Action.StartsWith(v, StringComparison.Ordinal)))
        && Any("scope", static v => v == "local")
        && Any("container", v => Named(happened, EventType.Container, v))
        && Any("volume", v => Named(happened, EventType.Volume, v))
        && Any("network", v => Named(happened, EventType.Network, v))
        && Any("image", v => IsImage(happened, v))
        && filters.LabelsMatch(happened.Attributes);

    private bool Any(string name, Func<string, bool> fits)
    {
        IReadOnlyList<string> values = filters.Of(name);
        return values.Count == 0 || values.Any(fits);
    }

    /// <summary>By the beginning of id or name.</summary>
    private static bool Named(EngineEvent happened, string type, string value) =>
        happened.Type == type
        && (
            happened.Id.StartsWith(value, StringComparison.Ordinal)
            || happened.Attributes.GetValueOrDefault("name", "").StartsWith(value.TrimStart('/'), StringComparison.Ordinal)
        );

    /// <summary>An image by id or name, with or without its tag, and the containers made from it.</summary>
    private static bool IsImage(EngineEvent happened, string value)
    {
        string name = happened.Type switch
        {
            EventType.Image => happened.Attributes.GetValueOrDefault("name", ""),
            EventType.Container => happened.Attributes.GetValueOrDefault("image", ""),
            _ => "",
        };
        return name.Length > 0 && (name == value || WithoutTag(name) == value)
            || (happened.Type == EventType.Image && (happened.Id == value || WithoutTag(happened.Id) == value));
    }

    private static string WithoutTag(string name)
    {
        int colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? name[..colon] : name;
    }
}
