using System.Text.Json;

namespace Skiff.Engine.Containers;

public sealed partial record ContainerState
{
    private ContainerState(ReadOnlySpan<byte> bytes)
    {
        Utf8JsonReader reader = new(bytes, new JsonReaderOptions { MaxDepth = 16 });
        reader.Read();
        while (Json.NextProperty(ref reader))
        {
            ReadOnlySpan<byte> name = reader.ValueSpan;
            reader.Read();
            switch (name.Length)
            {
                case 5 when name.SequenceEqual("error"u8):
                    Error = reader.GetString() ?? "";
                    break;
                case 5 when name.SequenceEqual("ports"u8):
                    Ports = ReadPorts(ref reader);
                    break;
                case 6 when name.SequenceEqual("status"u8):
                    Status = ReadStatus(reader.ValueSpan);
                    break;
                case 6 when name.SequenceEqual("reason"u8):
                    Reason = reader.GetString() ?? "";
                    break;
                case 6 when name.SequenceEqual("cgroup"u8):
                    Cgroup = reader.GetString() ?? "";
                    break;
                case 6 when name.SequenceEqual("health"u8):
                    Health = ReadHealth(ref reader);
                    break;
                case 6 when name.SequenceEqual("signal"u8):
                    Signal = reader.GetInt32();
                    break;
                case 9 when name.SequenceEqual("signalled"u8):
                    Signalled = reader.GetInt32();
                    break;
                case 11 when name.SequenceEqual("signalledBy"u8):
                    SignalledBy = reader.GetString() ?? "";
                    break;
                case 7 when name.SequenceEqual("process"u8):
                    Process = ReadIdentity(ref reader);
                    break;
                case 7 when name.SequenceEqual("monitor"u8):
                    Monitor = ReadIdentity(ref reader);
                    break;
                case 8 when name.SequenceEqual("exitCode"u8):
                    ExitCode = reader.GetInt32();
                    break;
                case 9 when name.SequenceEqual("oomKilled"u8):
                    OomKilled = reader.TokenType == JsonTokenType.True;
                    break;
                case 9 when name.SequenceEqual("startedAt"u8):
                    StartedAt = reader.GetDateTimeOffset();
                    break;
                case 9 when name.SequenceEqual("endpoints"u8):
                    Endpoints = ReadEndpoints(ref reader);
                    break;
                case 10 when name.SequenceEqual("finishedAt"u8):
                    FinishedAt = reader.GetDateTimeOffset();
                    break;
                case 12 when name.SequenceEqual("restartCount"u8):
                    RestartCount = reader.GetInt32();
                    break;
                case 13 when name.SequenceEqual("stoppedByUser"u8):
                    StoppedByUser = reader.TokenType == JsonTokenType.True;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        if (reader.TokenType != JsonTokenType.EndObject)
        {
            throw new JsonException("not a container state");
        }
    }

    private static ContainerStatus ReadStatus(ReadOnlySpan<byte> word)
    {
        for (ContainerStatus status = ContainerStatus.Created; status <= ContainerStatus.Removing; status++)
        {
            if (System.Text.Ascii.Equals(word, Word(status)))
            {
                return status;
            }
        }
        throw new JsonException("unknown container state");
    }

    private static ProcessIdentity ReadIdentity(ref Utf8JsonReader reader)
    {
        reader.Read();
        int pid = reader.GetInt32();
        reader.Read();
        long ticks = reader.GetInt64();
        reader.Read();
        string boot = reader.GetString() ?? "";
        reader.Read();
        return new ProcessIdentity(pid, ticks, boot);
    }

    private static List<PublishedPort> ReadPorts(ref Utf8JsonReader reader)
    {
        List<PublishedPort> ports = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            reader.Read();
            string ip = reader.GetString() ?? "";
            reader.Read();
            int host = reader.GetInt32();
            reader.Read();
            int container = reader.GetInt32();
            reader.Read();
            ports.Add(new PublishedPort(ip, host, container, reader.GetString() ?? "tcp"));
            reader.Read();
        }
        return ports;
    }

    private static List<NetworkEndpoint> ReadEndpoints(ref Utf8JsonReader reader)
    {
        List<NetworkEndpoint> endpoints = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            NetworkEndpoint e = new("", "", 0, "", "", 0, "", "", "", []);
            while (Json.NextProperty(ref reader))
            {
                string key = reader.GetString()!;
                reader.Read();
                e = key switch
                {
                    "network" => e with { Network = reader.GetString() ?? "" },
                    "ip4" => e with { IPv4 = reader.GetString() ?? "" },
                    "prefix4" => e with { IPv4PrefixLength = reader.GetInt32() },
                    "gateway4" => e with { IPv4Gateway = reader.GetString() ?? "" },
                    "ip6" => e with { IPv6 = reader.GetString() ?? "" },
                    "prefix6" => e with { IPv6PrefixLength = reader.GetInt32() },
                    "gateway6" => e with { IPv6Gateway = reader.GetString() ?? "" },
                    "mac" => e with { MacAddress = reader.GetString() ?? "" },
                    "link" => e with { HostInterface = reader.GetString() ?? "" },
                    "aliases" => e with { Aliases = Json.Strings(ref reader) },
                    _ => e,
                };
                reader.Skip();
            }
            endpoints.Add(e);
        }
        return endpoints;
    }

    private static HealthState ReadHealth(ref Utf8JsonReader reader)
    {
        HealthState health = HealthState.Starting;
        while (Json.NextProperty(ref reader))
        {
            ReadOnlySpan<byte> name = reader.ValueSpan;
            reader.Read();
            if (name.SequenceEqual("status"u8))
            {
                health = health with { Status = reader.GetString() ?? "" };
            }
            else if (name.SequenceEqual("streak"u8))
            {
                health = health with { FailingStreak = reader.GetInt32() };
            }
            else if (name.SequenceEqual("log"u8))
            {
                health = health with { Log = ReadResults(ref reader) };
            }
            else
            {
                reader.Skip();
            }
        }
        return health;
    }

    private static List<HealthResult> ReadResults(ref Utf8JsonReader reader)
    {
        List<HealthResult> results = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            reader.Read();
            DateTimeOffset start = reader.GetDateTimeOffset();
            reader.Read();
            DateTimeOffset end = reader.GetDateTimeOffset();
            reader.Read();
            int code = reader.GetInt32();
            reader.Read();
            results.Add(new HealthResult(start, end, code, reader.GetString() ?? ""));
            reader.Read();
        }
        return results;
    }
}
