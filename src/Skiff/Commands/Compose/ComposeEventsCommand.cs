using System.Globalization;
using Skiff.CommandLine;
using Skiff.Compose.Loading;
using Skiff.Compose.Planning;
using Skiff.Engine.Events;
using Skiff.Format;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary><c>skiff compose events</c>: the engine's events of the project's containers, in docker compose's form.</summary>
internal static class ComposeEventsCommand
{
    private const string OwnLabels = "com.docker.compose.";

    public static Command Define() =>
        new()
        {
            Name = "events",
            Summary = "Show what happens to the containers of the project",
            Usage = "[OPTIONS] [SERVICE...]",
            Flags =
            [
                Flag.Bool("json", "One JSON object a line"),
                Flag.Text("since", "Begin with what happened then"),
                Flag.Text("until", "End then"),
            ],
            Completes = [Completion.Service],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        string name = ProjectLoader.NameOf(ComposeAccess.Request(invocation));
        HashSet<string> services = [.. invocation.Arguments];
        return EventsCommand.Follow(
            invocation,
            happened =>
                happened.Type == EventType.Container
                && happened.Attributes.GetValueOrDefault(Labels.Project) == name
                && happened.Attributes.GetValueOrDefault(Labels.OneOff) != "True"
                && (services.Count == 0 || services.Contains(Service(happened))),
            invocation.Is("json") ? Json : Line
        );
    }

    private static string Service(EngineEvent happened) => happened.Attributes.GetValueOrDefault(Labels.Service, "");

    /// <summary>All but the labels that compose itself sets.</summary>
    private static List<KeyValuePair<string, string>> Attributes(EngineEvent happened)
    {
        List<KeyValuePair<string, string>> shown = [];
        foreach (KeyValuePair<string, string> attribute in happened.Attributes)
        {
            if (!attribute.Key.StartsWith(OwnLabels, StringComparison.Ordinal))
            {
                shown.Add(attribute);
            }
        }
        shown.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return shown;
    }

    private static string Line(EngineEvent happened)
    {
        string time = happened.Time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture);
        string attributes = string.Join(", ", Attributes(happened).Select(static a => $"{a.Key}={a.Value}"));
        return $"{time} container {happened.Action} {happened.Id} ({attributes})";
    }

    private static string Json(EngineEvent happened)
    {
        DateTimeOffset local = happened.Time.ToLocalTime();
        string zone = local.Offset == TimeSpan.Zero ? "Z" : local.ToString("zzz", CultureInfo.InvariantCulture);
        Dictionary<string, string> attributes = [];
        foreach ((string key, string value) in Attributes(happened))
        {
            attributes[key] = value;
        }
        return ValueJson.Line(
            Value.Row(
                null,
                ("action", Value.Of(happened.Action)),
                ("attributes", Value.Of(attributes)),
                ("id", Value.Of(happened.Id)),
                ("service", Value.Of(Service(happened))),
                ("time", Value.Of(local.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00'", CultureInfo.InvariantCulture) + zone)),
                ("type", Value.Of("container"))
            )
        );
    }
}
