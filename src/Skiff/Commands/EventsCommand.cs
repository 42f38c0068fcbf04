using System.Globalization;
using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Engine;
using Skiff.Engine.Events;
using Skiff.Format;
using Skiff.Linux;

namespace Skiff.Commands;

/// <summary><c>skiff events</c>.</summary>
internal static class EventsCommand
{
    public static Command Define() =>
        new()
        {
            Name = "events",
            Summary = "Show what happens to containers, images, volumes and networks",
            Usage = "[OPTIONS]",
            Description = "Without --until it goes on until it is interrupted. Filters: " + string.Join(", ", EventFilter.Known) + ".",
            Flags =
            [
                Flag.List("filter", "Show only what fits the condition", 'f', "filter"),
                Flag.Text("format", "Format output: json, or a Go template") with
                {
                    Choices = ["json"],
                },
                Flag.Text("since", "Begin with what happened after this time or within this duration"),
                Flag.Text("until", "End with what happened before this time or duration"),
            ],
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        EventFilter filter = new(Filters.Parse(invocation.Values("filter"), EventFilter.Known));
        return Follow(invocation, filter.Matches, Printer(invocation.Value("format") ?? ""));
    }

    /// <summary>Prints the events between <c>--since</c> and <c>--until</c>, as they come.</summary>
    internal static int Follow(Invocation invocation, Func<EngineEvent, bool> matches, Func<EngineEvent, string> text)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        DateTimeOffset? since = invocation.Value("since") is { Length: > 0 } s ? TimeArgument.Parse(s, now, "--since") : null;
        DateTimeOffset? until = invocation.Value("until") is { Length: > 0 } u ? TimeArgument.Parse(u, now, "--until") : null;
        if (since > until)
        {
            throw new SkiffException(
                $"--since {invocation.Value("since")} is later than --until {invocation.Value("until")}: nothing can be between them",
                1
            );
        }
        bool past = until <= now;
        using ExecEnds ends = new(engine.Paths.Events);
        ends.Begin();
        using EventReader reader = EventReader.Open(engine.Paths.Events, history: since is not null || past, follow: !past);
        while (true)
        {
            while (reader.TryRead() is { } happened)
            {
                ends.Note(happened);
                if (
                    happened.Time >= (since ?? DateTimeOffset.MinValue)
                    && happened.Time <= (until ?? DateTimeOffset.MaxValue)
                    && matches(happened)
                )
                {
                    invocation.Output.Line(text(happened));
                }
            }
            ends.Settle();
            if (past || !reader.Wait(Milliseconds(until), [.. ends.Descriptors()]))
            {
                return 0;
            }
        }
    }

    private static int Milliseconds(DateTimeOffset? until) =>
        until is { } end ? (int)Math.Clamp(Math.Ceiling((end - TimeProvider.System.GetUtcNow()).TotalMilliseconds), 0, int.MaxValue) : -1;

    private static Func<EngineEvent, string> Printer(string format)
    {
        if (format.Length == 0)
        {
            return Line;
        }
        if (format is "json" or "{{json .}}")
        {
            return static happened => ValueJson.Line(Describe(happened));
        }
        Template template = new(format.Replace("\\t", "\t", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal));
        return happened => template.Run(Describe(happened));
    }

    /// <summary>docker's line: local time with nanoseconds, type, action, id, and the attributes sorted by name.</summary>
    private static string Line(EngineEvent happened)
    {
        DateTimeOffset local = happened.Time.ToLocalTime();
        string zone = local.Offset == TimeSpan.Zero ? "Z" : local.ToString("zzz", CultureInfo.InvariantCulture);
        string time = local.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00'", CultureInfo.InvariantCulture);
        IEnumerable<string> attributes = happened
            .Attributes.OrderBy(static a => a.Key, StringComparer.Ordinal)
            .Select(static a => $"{a.Key}={a.Value}");
        string more = happened.Attributes.Count > 0 ? $" ({string.Join(", ", attributes)})" : "";
        return $"{time}{zone} {happened.Type} {happened.Action} {happened.Id}{more}";
    }

    /// <summary>The message of docker's API; templates see the names of its Go struct.</summary>
    private static Value Describe(EngineEvent happened)
    {
        Value actor = Value.Struct(("ID", Value.Of(happened.Id)), ("Attributes", Value.Of(happened.Attributes)));
        Value type = Value.Of(happened.Type);
        Value action = Value.Of(happened.Action);
        Value scope = Value.Of("local");
        Value time = Value.Of(happened.TimeNano / 1_000_000_000);
        Value nano = Value.Of(happened.TimeNano);
        List<(string, Value)> fields = [];
        bool hasOld = happened.Type is EventType.Container or EventType.Image;
        string from = happened.Type == EventType.Container ? happened.Attributes.GetValueOrDefault("image", "") : "";
        if (hasOld)
        {
            fields.Add(("status", action));
            fields.Add(("id", Value.Of(happened.Id)));
        }
        if (from.Length > 0)
        {
            fields.Add(("from", Value.Of(from)));
        }
        fields.AddRange([("Type", type), ("Action", action), ("Actor", actor), ("scope", scope), ("time", time), ("timeNano", nano)]);
        return Value
            .Struct(
                ("Status", Value.Of(hasOld ? happened.Action : "")),
                ("ID", Value.Of(hasOld ? happened.Id : "")),
                ("From", Value.Of(from)),
                ("Type", type),
                ("Action", action),
                ("Actor", actor),
                ("Scope", scope),
                ("Time", time),
                ("TimeNano", nano)
            )
            .As(Value.Struct(fields));
    }
}
