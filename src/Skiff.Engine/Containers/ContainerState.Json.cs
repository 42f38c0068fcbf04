using System.Text.Json;

namespace Skiff.Engine.Containers;

/// <content>state.json: written and read by hand, because it is on the path of run and ps. What has its default value is left out.</content>
public sealed partial record ContainerState
{
    /// <summary>For object initialisers.</summary>
    public ContainerState() { }

    /// <summary>docker's word of a state.</summary>
    public static string Word(ContainerStatus status) =>
        status switch
        {
            ContainerStatus.Created => "created",
            ContainerStatus.Running => "running",
            ContainerStatus.Paused => "paused",
            ContainerStatus.Restarting => "restarting",
            ContainerStatus.Exited => "exited",
            ContainerStatus.Dead => "dead",
            _ => "removing",
        };

    /// <summary>The bytes of state.json.</summary>
    public byte[] ToJson() => Json.Write(this, static (w, s) => Write(w, s));

    /// <summary>Parses state.json; unknown members are skipped. Throws <see cref="JsonException"/>.</summary>
    public static ContainerState Parse(ReadOnlySpan<byte> bytes) => new(bytes);

    private static void Write(Utf8JsonWriter w, ContainerState s)
    {
        w.WriteStartObject();
        w.WriteString("status"u8, Word(s.Status));
        Identity(w, "process"u8, s.Process);
        Identity(w, "monitor"u8, s.Monitor);
        Json.Number(w, "exitCode"u8, s.ExitCode);
        Json.True(w, "oomKilled"u8, s.OomKilled);
        Json.Text(w, "error"u8, s.Error);
        Json.Text(w, "reason"u8, s.Reason);
        Json.Time(w, "startedAt"u8, s.StartedAt);
        Json.Time(w, "finishedAt"u8, s.FinishedAt);
        Json.Number(w, "restartCount"u8, s.RestartCount);
        Json.True(w, "stoppedByUser"u8, s.StoppedByUser);
        Json.Number(w, "signal"u8, s.Signal);
        Json.Number(w, "signalled"u8, s.Signalled);
        Json.Text(w, "signalledBy"u8, s.SignalledBy);
        Json.Text(w, "cgroup"u8, s.Cgroup);
        WriteEndpoints(w, s.Endpoints);
        WritePorts(w, s.Ports);
        WriteHealth(w, s.Health);
        w.WriteEndObject();
    }

    private static void Identity(Utf8JsonWriter w, ReadOnlySpan<byte> name, ProcessIdentity process)
    {
        if (process.Exists)
        {
            w.WriteStartArray(name);
            w.WriteNumberValue(process.Pid);
            w.WriteNumberValue(process.StartTicks);
            w.WriteStringValue(process.BootId);
            w.WriteEndArray();
        }
    }

    private static void WriteEndpoints(Utf8JsonWriter w, IReadOnlyList<NetworkEndpoint> endpoints)
    {
        if (endpoints.Count == 0)
        {
            return;
        }
        w.WriteStartArray("endpoints"u8);
        for (int i = 0; i < endpoints.Count; i++)
        {
            NetworkEndpoint e = endpoints[i];
            w.WriteStartObject();
            w.WriteString("network"u8, e.Network);
            Json.Text(w, "ip4"u8, e.IPv4);
            Json.Number(w, "prefix4"u8, e.IPv4PrefixLength);
            Json.Text(w, "gateway4"u8, e.IPv4Gateway);
            Json.Text(w, "ip6"u8, e.IPv6);
            Json.Number(w, "prefix6"u8, e.IPv6PrefixLength);
            Json.Text(w, "gateway6"u8, e.IPv6Gateway);
            Json.Text(w, "mac"u8, e.MacAddress);
            Json.Text(w, "link"u8, e.HostInterface);
            Json.Strings(w, "aliases"u8, e.Aliases);
            w.WriteEndObject();
        }
        w.WriteEndArray();
    }

    private static void WritePorts(Utf8JsonWriter w, IReadOnlyList<PublishedPort> ports)
    {
        if (ports.Count == 0)
        {
            return;
        }
        w.WriteStartArray("ports"u8);
        for (int i = 0; i < ports.Count; i++)
        {
            w.WriteStartArray();
            w.WriteStringValue(ports[i].HostIp);
            w.WriteNumberValue(ports[i].HostPort);
            w.WriteNumberValue(ports[i].ContainerPort);
            w.WriteStringValue(ports[i].Protocol);
            w.WriteEndArray();
        }
        w.WriteEndArray();
    }

    private static void WriteHealth(Utf8JsonWriter w, HealthState? health)
    {
        if (health is null)
        {
            return;
        }
        w.WriteStartObject("health"u8);
        w.WriteString("status"u8, health.Status);
        w.WriteNumber("streak"u8, health.FailingStreak);
        w.WriteStartArray("log"u8);
        foreach (HealthResult result in health.Log)
        {
            w.WriteStartArray();
            w.WriteStringValue(result.Start);
            w.WriteStringValue(result.End);
            w.WriteNumberValue(result.ExitCode);
            w.WriteStringValue(result.Output);
            w.WriteEndArray();
        }
        w.WriteEndArray();
        w.WriteEndObject();
    }
}
