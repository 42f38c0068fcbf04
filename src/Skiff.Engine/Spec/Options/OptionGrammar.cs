using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Skiff.Engine.Spec;

/// <summary>Grammars of the smaller flags.</summary>
public static class OptionGrammar
{
    /// <summary><c>no|always|unless-stopped|on-failure[:max]</c>.</summary>
    public static RestartPolicy ParseRestart(string text)
    {
        const string Allowed = "expected no, always, unless-stopped or on-failure[:max-retries]";
        if (text.StartsWith("on-failure:", StringComparison.Ordinal))
        {
            return int.TryParse(text.AsSpan(11), NumberStyles.None, CultureInfo.InvariantCulture, out int retries)
                ? new RestartPolicy(RestartMode.OnFailure, retries)
                : throw OptionValue.Wrong("restart", text, "the maximum of retries is a whole number from 0 up");
        }
        return text switch
        {
            "no" or "" => default,
            "always" => new RestartPolicy(RestartMode.Always),
            "unless-stopped" => new RestartPolicy(RestartMode.UnlessStopped),
            "on-failure" => new RestartPolicy(RestartMode.OnFailure),
            _ when text.Contains(':', StringComparison.Ordinal) => throw OptionValue.Wrong(
                "restart",
                text,
                "a maximum of retries is for on-failure only"
            ),
            _ => throw OptionValue.Wrong("restart", text, Allowed),
        };
    }

    /// <summary><c>name=soft[:hard]</c> with the names of setrlimit(2).</summary>
    public static Ulimit ParseUlimit(string text)
    {
        NameValue pair = OptionValue.Pair("ulimit", text);
        if (RlimitType(pair.Name) is null)
        {
            throw OptionValue.Wrong(
                "ulimit",
                text,
                $"\"{pair.Name}\" is not one of as, core, cpu, data, fsize, locks, memlock, msgqueue, nice, nofile, nproc, rss, rtprio, rttime, sigpending, stack"
            );
        }
        int colon = pair.Value.IndexOf(':', StringComparison.Ordinal);
        long soft = Limit(text, colon < 0 ? pair.Value : pair.Value[..colon]);
        long hard = colon < 0 ? soft : Limit(text, pair.Value[(colon + 1)..]);
        return hard == -1 || (soft != -1 && soft <= hard)
            ? new Ulimit(pair.Name, soft, hard)
            : throw OptionValue.Wrong("ulimit", text, "the soft limit must not be above the hard limit");
    }

    /// <summary>The canonical text of a ulimit.</summary>
    public static string Format(Ulimit limit) =>
        limit.Soft == limit.Hard ? $"{limit.Name}={limit.Soft}" : $"{limit.Name}={limit.Soft}:{limit.Hard}";

    /// <summary>The OCI name, such as <c>RLIMIT_NOFILE</c>; null for an unknown one.</summary>
    public static string? RlimitType(string name) =>
        name switch
        {
            "as" => "RLIMIT_AS",
            "core" => "RLIMIT_CORE",
            "cpu" => "RLIMIT_CPU",
            "data" => "RLIMIT_DATA",
            "fsize" => "RLIMIT_FSIZE",
            "locks" => "RLIMIT_LOCKS",
            "memlock" => "RLIMIT_MEMLOCK",
            "msgqueue" => "RLIMIT_MSGQUEUE",
            "nice" => "RLIMIT_NICE",
            "nofile" => "RLIMIT_NOFILE",
            "nproc" => "RLIMIT_NPROC",
            "rss" => "RLIMIT_RSS",
            "rtprio" => "RLIMIT_RTPRIO",
            "rttime" => "RLIMIT_RTTIME",
            "sigpending" => "RLIMIT_SIGPENDING",
            "stack" => "RLIMIT_STACK",
            _ => null,
        };

    private static long Limit(string text, string number) =>
        number is "-1" or "unlimited" ? -1
        : long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value
        : throw OptionValue.Wrong("ulimit", text, "expected name=soft[:hard] with whole numbers, or -1 for unlimited");

    /// <summary><c>host[:container][:rwm]</c>.</summary>
    public static DeviceMapping ParseDevice(string text)
    {
        string[] parts = text.Split(':');
        string host = parts[0];
        string container = host;
        string access = "rwm";
        if (parts.Length == 2 && IsAccess(parts[1]))
        {
            access = parts[1];
        }
        else if (parts.Length == 2)
        {
            container = parts[1];
        }
        else if (parts.Length == 3 && IsAccess(parts[2]))
        {
            (container, access) = (parts[1], parts[2]);
        }
        else if (parts.Length != 1)
        {
            throw OptionValue.Wrong("device", text, "expected host-path[:container-path][:rwm]");
        }
        return host.StartsWith('/') && container.StartsWith('/')
            ? new DeviceMapping(OptionValue.CleanPath(host), OptionValue.CleanPath(container), access)
            : throw OptionValue.Wrong(
                "device",
                text,
                "expected absolute paths host-path[:container-path][:rwm], or a CDI name vendor/class=name"
            );
    }

    /// <summary>The canonical text of a device.</summary>
    public static string Format(DeviceMapping device) =>
        device.Access != "rwm" ? $"{device.HostPath}:{device.ContainerPath}:{device.Access}"
        : device.HostPath == device.ContainerPath ? device.HostPath
        : $"{device.HostPath}:{device.ContainerPath}";

    /// <summary>True for <c>vendor.com/class=name</c>, Container Device Interface.</summary>
    public static bool IsCdiName(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return slash > 0 && equals > slash + 1 && equals < text.Length - 1;
    }

    /// <summary>docker's <c>--gpus all|N|device=0,1|"device=a,b",capabilities=…</c> as CDI names of NVIDIA's generator.</summary>
    public static ValueList<string> ParseGpus(string text)
    {
        const string Prefix = "nvidia.com/gpu=";
        List<string> names = [];
        bool devices = false;
        foreach (string field in Csv.Split("gpus", text))
        {
            NameValue pair = field.Contains('=', StringComparison.Ordinal)
                ? OptionValue.Pair("gpus", field)
                : new NameValue(devices ? "device" : "count", field);
            switch (pair.Name)
            {
                case "count" when pair.Value is "all" or "-1":
                    names.Add(Prefix + "all");
                    break;
                case "count":
                    for (long i = 0, n = OptionValue.Integer("gpus", pair.Value, 1, 1024); i < n; i++)
                    {
                        names.Add(Prefix + i.ToString(CultureInfo.InvariantCulture));
                    }
                    break;
                case "device":
                    devices = true;
                    foreach (string id in pair.Value.Split(','))
                    {
                        names.Add(Prefix + id);
                    }
                    break;
                case "driver" when pair.Value is "nvidia" or "cdi":
                case "capabilities" or "options":
                    break;
                default:
                    throw OptionValue.Wrong("gpus", text, "expected all, a number, or device=ID[,ID…]");
            }
        }
        return names.Count > 0 ? [.. names] : throw OptionValue.Wrong("gpus", text, "expected all, a number, or device=ID[,ID…]");
    }

    /// <summary><c>a|b|c major|*:minor|* [rwm]</c>.</summary>
    public static DeviceRule ParseDeviceRule(string text)
    {
        string[] parts = text.Split(' ');
        int colon = parts.Length == 3 ? parts[1].IndexOf(':', StringComparison.Ordinal) : -1;
        if (
            colon > 0
            && parts[0] is "a" or "b" or "c"
            && IsAccess(parts[2])
            && Number(parts[1][..colon], out long? major)
            && Number(parts[1][(colon + 1)..], out long? minor)
        )
        {
            return new DeviceRule(parts[0][0], major, minor, parts[2]);
        }
        throw OptionValue.Wrong("device-cgroup-rule", text, "expected type major:minor access, such as 'c 42:* rmw'");

        static bool Number(string word, out long? number)
        {
            number = null;
            if (word == "*")
            {
                return true;
            }
            bool good = uint.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out uint value);
            number = value;
            return good;
        }
    }

    /// <summary>The canonical text of a device rule.</summary>
    public static string Format(DeviceRule rule) =>
        $"{rule.Type} {rule.Major?.ToString(CultureInfo.InvariantCulture) ?? "*"}:{rule.Minor?.ToString(CultureInfo.InvariantCulture) ?? "*"} {rule.Access}";

    private static bool IsAccess(string text)
    {
        foreach (char c in text)
        {
            if (c is not ('r' or 'w' or 'm') || text.IndexOf(c, StringComparison.Ordinal) != text.LastIndexOf(c))
            {
                return false;
            }
        }
        return text.Length > 0;
    }

    /// <summary><c>device:value</c> where the value is a rate in bytes (with unit), operations, or a weight.</summary>
    public static DeviceValue ParseDeviceValue(string flag, string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !text.StartsWith("/dev/", StringComparison.Ordinal))
        {
            throw OptionValue.Wrong(flag, text, "expected a device below /dev and a value, such as /dev/sda:1mb");
        }
        string value = text[(colon + 1)..];
        ulong number = flag switch
        {
            "blkio-weight-device" => (ulong)(value == "0" ? 0 : OptionValue.Integer(flag, value, 10, 1000)),
            "device-read-iops" or "device-write-iops" => (ulong)OptionValue.Integer(flag, value, 1, long.MaxValue),
            _ => (ulong)OptionValue.Bytes(flag, value, 1),
        };
        return new DeviceValue(OptionValue.CleanPath(text[..colon]), number);
    }

    /// <summary>The canonical text of a device value.</summary>
    public static string Format(string flag, DeviceValue value) =>
        flag.EndsWith("bps", StringComparison.Ordinal)
            ? $"{value.Path}:{ByteSize.Format((long)value.Value)}"
            : $"{value.Path}:{value.Value}";

    /// <summary><c>--cpus</c>: a decimal number of processors with at most nine places, in billionths; 0 is no limit.</summary>
    public static long? ParseCpus(string text)
    {
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal cpus) || cpus > 1_000_000)
        {
            throw OptionValue.Wrong("cpus", text, "expected a number of processors such as 1.5");
        }
        decimal nano = cpus * 1_000_000_000;
        if (nano != decimal.Truncate(nano))
        {
            throw OptionValue.Wrong("cpus", text, "at most nine decimal places are possible");
        }
        // The kernel refuses a quota below 1 ms; with docker's period of 100 ms that is a hundredth of a processor.
        return nano == 0 ? null
            : nano >= 10_000_000 ? (long)nano
            : throw OptionValue.Wrong("cpus", text, "the smallest possible value is 0.01");
    }

    /// <summary>The canonical text of a number of processors.</summary>
    public static string FormatCpus(long nano) => (nano / 1_000_000_000m).ToString("0.#########", CultureInfo.InvariantCulture);

    /// <summary>A list of numbers and ranges as in cpuset(7), <c>0-3,8</c>.</summary>
    public static string ParseCpuset(string flag, string text)
    {
        foreach (string part in text.Split(','))
        {
            int dash = part.IndexOf('-', StringComparison.Ordinal);
            string first = dash < 0 ? part : part[..dash];
            string last = dash < 0 ? part : part[(dash + 1)..];
            if (
                !ushort.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out ushort from)
                || !ushort.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out ushort to)
                || to < from
            )
            {
                throw OptionValue.Wrong(flag, text, "expected numbers and ranges such as 0-3,8");
            }
        }
        return text;
    }

    /// <summary>The mode of one kind of namespace; each kind allows its own words.</summary>
    /// <param name="kind">The flag: ipc, pid, uts, userns or cgroupns.</param>
    /// <param name="text">The value.</param>
    public static NamespaceMode ParseNamespace(string kind, string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string word = colon < 0 ? text : text[..colon];
        string target = colon < 0 ? "" : text[(colon + 1)..];
        NamespaceMode? mode = word switch
        {
            "" when text.Length == 0 => default(NamespaceMode),
            "host" when target.Length == 0 => new NamespaceMode(NamespaceKind.Host),
            "private" when target.Length == 0 => new NamespaceMode(NamespaceKind.Private),
            "container" when target.Length > 0 && kind != "cgroupns" => new NamespaceMode(NamespaceKind.Container, target),
            "ns" when target.StartsWith('/') => new NamespaceMode(NamespaceKind.Path, target),
            "shareable" when kind == "ipc" && target.Length == 0 => new NamespaceMode(NamespaceKind.Shareable),
            "none" when kind == "ipc" && target.Length == 0 => new NamespaceMode(NamespaceKind.None),
            "keep-id" when kind == "userns" => new NamespaceMode(NamespaceKind.KeepId, target),
            "auto" when kind == "userns" => new NamespaceMode(NamespaceKind.Auto, target),
            "nomap" when kind == "userns" && target.Length == 0 => new NamespaceMode(NamespaceKind.NoMap),
            _ => null,
        };
        string allowed = kind switch
        {
            "ipc" => "expected none, private, shareable, host, container:ID or ns:PATH",
            "userns" => "expected host, private, keep-id, auto, nomap, container:ID or ns:PATH",
            "cgroupns" => "expected host, private or ns:PATH",
            _ => "expected host, private, container:ID or ns:PATH",
        };
        return mode ?? throw OptionValue.Wrong(kind, text, allowed);
    }

    /// <summary>The canonical text of a namespace mode.</summary>
    public static string Format(NamespaceMode mode)
    {
        string word = mode.Kind switch
        {
            NamespaceKind.Private => "private",
            NamespaceKind.Host => "host",
            NamespaceKind.Container => "container",
            NamespaceKind.Path => "ns",
            NamespaceKind.Shareable => "shareable",
            NamespaceKind.None => "none",
            NamespaceKind.KeepId => "keep-id",
            NamespaceKind.Auto => "auto",
            NamespaceKind.NoMap => "nomap",
            _ => "",
        };
        return string.IsNullOrEmpty(mode.Target) ? word : $"{word}:{mode.Target}";
    }

    /// <summary>One word, or a JSON array of words (podman); the empty string clears the image's entry point.</summary>
    public static ValueList<string> ParseEntrypoint(string text)
    {
        if (text.Length == 0)
        {
            return [];
        }
        if (text[0] != '[')
        {
            return [text];
        }
        List<string> words = [];
        try
        {
            Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(text));
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.String)
            {
                words.Add(reader.GetString()!);
            }
            if (reader.TokenType == JsonTokenType.EndArray && !reader.Read())
            {
                return [.. words];
            }
        }
        catch (JsonException)
        {
            // Not JSON: docker takes such a text as the name of a program, so does Skiff.
        }
        return [text];
    }

    /// <summary>The canonical text of an entry point.</summary>
    public static string FormatEntrypoint(ValueList<string> words)
    {
        if (words.IsEmpty)
        {
            return "";
        }
        if (words.Count == 1 && words[0].Length > 0 && words[0][0] != '[')
        {
            return words[0];
        }
        using MemoryStream buffer = new();
        using (
            Utf8JsonWriter writer = new(
                buffer,
                new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
            )
        )
        {
            writer.WriteStartArray();
            foreach (string word in words)
            {
                writer.WriteStringValue(word);
            }
            writer.WriteEndArray();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>Checks a key sequence such as <c>ctrl-p,ctrl-q</c> or <c>a</c> and returns it.</summary>
    public static string ParseDetachKeys(string text)
    {
        foreach (string key in text.Length == 0 ? [] : text.Split(','))
        {
            bool control =
                key.Length == 6
                && key.StartsWith("ctrl-", StringComparison.Ordinal)
                && (char.IsAsciiLetterLower(key[5]) || key[5] is '@' or '[' or '\\' or ']' or '^' or '_');
            if (!control && (key.Length != 1 || !char.IsAscii(key[0])))
            {
                throw OptionValue.Wrong("detach-keys", text, "expected a list of single characters and ctrl-x, such as ctrl-p,ctrl-q");
            }
        }
        return text;
    }
}
