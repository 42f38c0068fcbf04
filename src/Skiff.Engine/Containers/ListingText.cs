using System.Buffers;
using System.Text;

namespace Skiff.Engine.Containers;

/// <summary>The members of a record and a state that listings show, as bytes: numbers in seven bits a byte, texts with their length before them.</summary>
internal static class ListingText
{
    public static void Write(ArrayBufferWriter<byte> to, ContainerRecord record, ContainerState state)
    {
        Text(to, record.Name);
        Number(to, record.Created.UtcTicks);
        Text(to, record.Image);
        Text(to, record.ImageId);
        Texts(to, record.Command);
        Number(to, record.Labels.Count);
        foreach (KeyValuePair<string, string> label in record.Labels)
        {
            Text(to, label.Key);
            Text(to, label.Value);
        }
        Text(to, record.NetworkMode);
        Texts(to, record.MoreNetworks);
        Texts(to, record.ExposedPorts);
        Number(to, record.Mounts.Count);
        foreach (MountRecord mount in record.Mounts)
        {
            Texts(to, [mount.Type, mount.Name, mount.Source, mount.Destination]);
        }
        Number(to, (long)state.Status);
        Number(to, state.ExitCode);
        Text(to, state.Reason);
        Number(to, state.StartedAt?.UtcTicks ?? 0);
        Number(to, state.FinishedAt?.UtcTicks ?? 0);
        Text(to, state.Health?.Status ?? "");
        Number(to, state.Ports.Count);
        foreach (PublishedPort port in state.Ports)
        {
            Text(to, port.HostIp);
            Number(to, port.HostPort);
            Number(to, port.ContainerPort);
            Text(to, port.Protocol);
        }
        Number(to, state.Endpoints.Count);
        foreach (NetworkEndpoint endpoint in state.Endpoints)
        {
            Text(to, endpoint.Network);
        }
    }

    /// <summary>Null when the bytes are not what <see cref="Write"/> writes.</summary>
    public static (ContainerRecord Record, ContainerState State)? TryRead(ReadOnlySpan<byte> bytes, string id)
    {
        Reader from = new(bytes);
        ContainerRecord record = new()
        {
            Id = id,
            Name = from.Text(),
            Created = new DateTimeOffset(from.Ticks(), TimeSpan.Zero),
            Image = from.Text(),
            ImageId = from.Text(),
            Command = from.Texts(),
            Labels = from.Map(),
            NetworkMode = from.Text(),
            MoreNetworks = from.Texts(),
            ExposedPorts = from.Texts(),
            Mounts = from.Mounts(),
        };
        ContainerState state = new()
        {
            Status = (ContainerStatus)from.Number(),
            ExitCode = (int)from.Number(),
            Reason = from.Text(),
            StartedAt = from.Time(),
            FinishedAt = from.Time(),
            Health = from.Text() is { Length: > 0 } health ? HealthState.Starting with { Status = health } : null,
            Ports = from.Ports(),
            Endpoints = from.Endpoints(),
        };
        return from.IsWhole ? (record, state) : null;
    }

    private static void Number(ArrayBufferWriter<byte> to, long value)
    {
        Span<byte> bytes = to.GetSpan(10);
        int length = 0;
        ulong rest = (ulong)value;
        while (rest > 0x7F)
        {
            bytes[length++] = (byte)(rest | 0x80);
            rest >>= 7;
        }
        bytes[length++] = (byte)rest;
        to.Advance(length);
    }

    private static void Text(ArrayBufferWriter<byte> to, string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        Number(to, length);
        to.Advance(Encoding.UTF8.GetBytes(text, to.GetSpan(length)));
    }

    private static void Texts(ArrayBufferWriter<byte> to, IReadOnlyList<string> texts)
    {
        Number(to, texts.Count);
        for (int i = 0; i < texts.Count; i++)
        {
            Text(to, texts[i]);
        }
    }

    /// <summary>Never reads beyond the end: from there on everything is empty, and the whole is not.</summary>
    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;
        private bool _failed;

        public readonly bool IsWhole => !_failed && _rest.IsEmpty;

        public long Number()
        {
            ulong value = 0;
            for (int i = 0; i < 10; i++)
            {
                if (i == _rest.Length)
                {
                    break;
                }
                value |= (ulong)(_rest[i] & 0x7F) << (7 * i);
                if (_rest[i] < 0x80)
                {
                    _rest = _rest[(i + 1)..];
                    return (long)value;
                }
            }
            return Fail();
        }

        public string Text()
        {
            int length = Count();
            string text = length == 0 ? "" : Encoding.UTF8.GetString(_rest[..length]);
            _rest = _rest[length..];
            return text;
        }

        public string[] Texts()
        {
            int count = Count();
            if (count == 0)
            {
                return [];
            }
            string[] texts = new string[count];
            for (int i = 0; i < count; i++)
            {
                texts[i] = Text();
            }
            return texts;
        }

        public Dictionary<string, string> Map()
        {
            int count = Count();
            Dictionary<string, string> map = new(count, StringComparer.Ordinal);
            for (int i = 0; i < count; i++)
            {
                string key = Text();
                map[key] = Text();
            }
            return map;
        }

        public List<MountRecord> Mounts()
        {
            List<MountRecord> mounts = [];
            for (int i = Count(); i > 0; i--)
            {
                if (Texts() is [var type, var name, var source, var destination])
                {
                    mounts.Add(new MountRecord(type, name, source, destination, "", false, ""));
                }
            }
            return mounts;
        }

        public List<PublishedPort> Ports()
        {
            List<PublishedPort> ports = [];
            for (int i = Count(); i > 0; i--)
            {
                ports.Add(new PublishedPort(Text(), (int)Number(), (int)Number(), Text()));
            }
            return ports;
        }

        public List<NetworkEndpoint> Endpoints()
        {
            List<NetworkEndpoint> endpoints = [];
            for (int i = Count(); i > 0; i--)
            {
                endpoints.Add(new NetworkEndpoint(Text(), "", 0, "", "", 0, "", "", "", []));
            }
            return endpoints;
        }

        public long Ticks()
        {
            long ticks = Number();
            return ticks >= 0 && ticks <= DateTime.MaxValue.Ticks ? ticks : Fail();
        }

        public DateTimeOffset? Time() => Ticks() is > 0 and long ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

        // Everything that is counted takes a byte or more, so that no count can ask for more memory than the file has.
        private int Count()
        {
            long count = Number();
            return count >= 0 && count <= _rest.Length ? (int)count : (int)Fail();
        }

        private long Fail()
        {
            _failed = true;
            _rest = default;
            return 0;
        }
    }
}
