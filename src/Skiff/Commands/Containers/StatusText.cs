using System.Globalization;
using System.Text;
using Skiff.Display;
using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary>A container's state in docker's words, and more where the end needs an explanation.</summary>
internal static class StatusText
{
    /// <summary><c>Up 3 seconds (healthy)</c>, <c>Exited (137) 3 seconds ago: out of memory…</c>.</summary>
    public static string Of(ContainerState state, DateTimeOffset now)
    {
        switch (state.Status)
        {
            case ContainerStatus.Running or ContainerStatus.Paused:
                string up = "Up " + Human.Duration(now - (state.StartedAt ?? now));
                string health = state.Health?.Status switch
                {
                    null => "",
                    "starting" => " (health: starting)",
                    string text => $" ({text})",
                };
                return state.Status == ContainerStatus.Paused ? up + " (Paused)" : up + health;
            case ContainerStatus.Restarting:
                return $"Restarting ({state.ExitCode}) {Since(state.FinishedAt, now)}{Reason(state)}";
            case ContainerStatus.Exited:
                return $"Exited ({state.ExitCode}) {Since(state.FinishedAt, now)}{Reason(state)}";
            case ContainerStatus.Removing:
                return "Removal In Progress";
            case ContainerStatus.Dead:
                return "Dead";
            default:
                return "Created" + Reason(state);
        }
    }

    private static string Since(DateTimeOffset? time, DateTimeOffset now) => time is { } then ? Human.Duration(now - then) + " ago" : "";

    /// <summary>A container that ended well needs no explanation in a listing; <c>inspect</c> has it.</summary>
    private static string Reason(ContainerState state) => state.Reason.Length == 0 || state.ExitCode == 0 ? "" : ": " + state.Reason;

    /// <summary>docker's words of the state alone: <c>running</c>, <c>exited</c>.</summary>
    public static string Word(ContainerStatus status) =>
        status switch
        {
            ContainerStatus.Created => "created",
            ContainerStatus.Running => "running",
            ContainerStatus.Paused => "paused",
            ContainerStatus.Restarting => "restarting",
            ContainerStatus.Removing => "removing",
            ContainerStatus.Exited => "exited",
            _ => "dead",
        };

    /// <summary><c>0.0.0.0:8000-8002->8000-8002/tcp, 443/tcp</c>: neighbours are joined, exposed ports that are not published come last.</summary>
    public static string Ports(IReadOnlyList<PublishedPort> published, IReadOnlyList<string> exposed)
    {
        if (published.Count == 0 && exposed.Count == 0)
        {
            return "";
        }
        List<PublishedPort> sorted =
        [
            .. published
                .OrderBy(static p => p.Protocol, StringComparer.Ordinal)
                .ThenBy(static p => p.HostIp, StringComparer.Ordinal)
                .ThenBy(static p => p.ContainerPort),
        ];
        StringBuilder text = new();
        for (int i = 0; i < sorted.Count; )
        {
            int last = i;
            while (last + 1 < sorted.Count && Follows(sorted[last], sorted[last + 1]))
            {
                last++;
            }
            PublishedPort first = sorted[i];
            string ip = first.HostIp.Contains(':') ? $"[{first.HostIp}]" : first.HostIp;
            Add(
                text,
                $"{ip}:{Range(first.HostPort, sorted[last].HostPort)}->{Range(first.ContainerPort, sorted[last].ContainerPort)}/{first.Protocol}"
            );
            i = last + 1;
        }
        foreach (string port in exposed)
        {
            if (!sorted.Exists(p => $"{p.ContainerPort}/{p.Protocol}" == port))
            {
                Add(text, port);
            }
        }
        return text.ToString();

        static void Add(StringBuilder text, string item) => text.Append(text.Length == 0 ? "" : ", ").Append(item);
        static string Range(int from, int to) => from == to ? from.ToString(CultureInfo.InvariantCulture) : $"{from}-{to}";
        static bool Follows(PublishedPort a, PublishedPort b) =>
            a.Protocol == b.Protocol && a.HostIp == b.HostIp && b.ContainerPort == a.ContainerPort + 1 && b.HostPort == a.HostPort + 1;
    }

    /// <summary>The command as docker's listings show it: arguments with a blank in single quotes, cut, then quoted as Go quotes a text.</summary>
    public static string Command(IReadOnlyList<string> words, bool full)
    {
        StringBuilder text = new();
        for (int i = 0; i < words.Count; i++)
        {
            bool quoted = i > 0 && words[i].Contains(' ');
            text.Append(i == 0 ? "" : " ").Append(quoted ? "'" : "").Append(words[i]).Append(quoted ? "'" : "");
        }
        string shown = full ? text.ToString() : Human.Ellipsis(text.ToString(), 20);
        text.Clear().Append('"');
        foreach (char c in shown)
        {
            _ = c switch
            {
                '"' or '\\' => text.Append('\\').Append(c),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' or '\x7f' => text.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => text.Append(c),
            };
        }
        return text.Append('"').ToString();
    }

    /// <summary>A signal by name or number for a message.</summary>
    public static string Signal(int signal) => Signals.Name(signal);
}
