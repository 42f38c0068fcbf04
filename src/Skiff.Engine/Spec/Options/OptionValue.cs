using System.Globalization;
using System.Net;
using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <summary>Reads the values of single flags; every refusal is one sentence with the flag, the value and what is allowed.</summary>
public static class OptionValue
{
    /// <summary>The error for a wrong value; exit code 125 as docker, but 1 (which <c>run</c> turns into 125) for values that docker's client leaves to the daemon.</summary>
    /// <param name="flag">The flag's long name without dashes.</param>
    /// <param name="value">What was given.</param>
    /// <param name="allowed">What would have been right.</param>
    /// <param name="ofDaemon">The flag is one that docker's client reads, but not whether so much is possible.</param>
    public static SkiffException Wrong(string flag, string value, string allowed, bool ofDaemon = false) =>
        new($"invalid value \"{value}\" for --{flag}: {allowed}", ofDaemon || IsOfDaemon(flag) ? 1 : 125);

    private static bool IsOfDaemon(string flag) =>
        flag
            is "name"
                or "restart"
                or "workdir"
                or "cap-add"
                or "cap-drop"
                or "cpuset-cpus"
                or "cpuset-mems"
                or "cpu-period"
                or "cpu-quota"
                or "detach-keys"
                or "ip"
                or "ip6"
                or "ipc"
                or "isolation"
                or "link-local-ip"
                or "log-driver"
                or "oom-score-adj"
                or "platform"
                or "runtime"
                or "stop-signal"
                or "tmpfs"
                or "volume";

    /// <summary>Go's strconv.ParseBool: 1, t, true, 0, f, false in the usual cases.</summary>
    public static bool Bool(string flag, string value) =>
        value switch
        {
            "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
            "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
            _ => throw Wrong(flag, value, "expected true or false"),
        };

    /// <summary>A whole number within bounds, both inclusive.</summary>
    public static long Integer(string flag, string value, long minimum, long maximum, string unit = "")
    {
        if (
            long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            && number >= minimum
            && number <= maximum
        )
        {
            return number;
        }
        string range = maximum is long.MaxValue or int.MaxValue ? $"from {minimum} up" : $"from {minimum} to {maximum}";
        throw Wrong(flag, value, unit.Length == 0 ? $"expected a whole number {range}" : $"expected a whole number of {unit} {range}");
    }

    /// <summary>An amount of bytes; see <see cref="ByteSize"/>.</summary>
    public static long Bytes(string flag, string value, long minimum = 0)
    {
        if (!ByteSize.TryParse(value, out long bytes))
        {
            throw Wrong(flag, value, "expected bytes with an optional unit b, k, m, g, t or p, such as 64m");
        }
        return bytes >= minimum ? bytes : throw Wrong(flag, value, $"the smallest possible value is {ByteSize.Format(minimum)}");
    }

    /// <summary>A duration in Go's notation.</summary>
    public static TimeSpan Duration(string flag, string value)
    {
        if (!GoDuration.TryParse(value, out TimeSpan duration))
        {
            throw Wrong(flag, value, "expected a duration such as 1m30s or 500ms (units ns, us, ms, s, m, h)");
        }
        // docker refuses what is shorter than its timers can keep, yet 0 means "inherit from the image".
        return duration == TimeSpan.Zero || duration >= TimeSpan.FromMilliseconds(1)
            ? duration
            : throw Wrong(flag, value, "a duration must be 0 or at least 1ms");
    }

    /// <summary><c>name=value</c> with a name.</summary>
    public static NameValue Pair(string flag, string value)
    {
        int equals = value.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 ? new NameValue(value[..equals], value[(equals + 1)..]) : throw Wrong(flag, value, "expected name=value");
    }

    /// <summary>An IP address of either family in canonical text, without brackets; a zone id is kept.</summary>
    /// <param name="flag">The flag's long name.</param>
    /// <param name="value">The address.</param>
    /// <param name="whole">The flag's whole value, for the message.</param>
    public static string Address(string flag, string value, string? whole = null)
    {
        string bare = value.Length > 2 && value[0] == '[' && value[^1] == ']' ? value[1..^1] : value;
        return TryAddress(bare, out string address) ? address : throw Wrong(flag, whole ?? value, $"\"{value}\" is not an IP address");
    }

    /// <summary>Canonical text of an IPv4 address with four parts or of an IPv6 address; .NET's shortened forms such as <c>127.1</c> are refused.</summary>
    public static bool TryAddress(string value, out string address)
    {
        address = "";
        bool four = value.Contains('.', StringComparison.Ordinal) && !value.Contains(':', StringComparison.Ordinal);
        if ((!four && !value.Contains(':', StringComparison.Ordinal)) || (four && value.AsSpan().Count('.') != 3))
        {
            return false;
        }
        int zone = value.IndexOf('%', StringComparison.Ordinal);
        if (!IPAddress.TryParse(zone < 0 ? value : value[..zone], out IPAddress? parsed))
        {
            return false;
        }
        address = zone < 0 ? parsed.ToString() : parsed + value[zone..];
        return true;
    }

    /// <summary>An absolute path made canonical: no empty, <c>.</c> or <c>..</c> part, no slash at the end.</summary>
    public static string CleanPath(string path)
    {
        if (IsClean(path))
        {
            return path;
        }
        List<string> parts = [];
        foreach (string part in path.Split('/'))
        {
            if (part == "..")
            {
                if (parts.Count > 0)
                {
                    parts.RemoveAt(parts.Count - 1);
                }
            }
            else if (part.Length > 0 && part != ".")
            {
                parts.Add(part);
            }
        }
        return "/" + string.Join('/', parts);
    }

    private static bool IsClean(string path)
    {
        if (path == "/")
        {
            return true;
        }
        if (path.Length == 0 || path[0] != '/' || path[^1] == '/')
        {
            return false;
        }
        for (int i = path.IndexOf('/', StringComparison.Ordinal); i >= 0; i = path.IndexOf('/', i + 1))
        {
            char next = path[i + 1];
            if (next == '/' || (next == '.' && (i + 2 == path.Length || path[i + 2] is '/' or '.')))
            {
                return false;
            }
        }
        return true;
    }
}
