using System.Globalization;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary>What the host says that every line of <c>top</c> needs: times, memory, names of users and groups.</summary>
internal sealed class TopHost
{
    private readonly Dictionary<string, string> _users = Names("/etc/passwd");
    private readonly Dictionary<string, string> _groups = Names("/etc/group");

    private TopHost() { }

    /// <summary>Now, UTC.</summary>
    public DateTimeOffset Now { get; } = TimeProvider.System.GetUtcNow();

    /// <summary>Time since boot.</summary>
    public TimeSpan Uptime { get; private init; }

    /// <summary>Main memory in bytes.</summary>
    public long Memory { get; private init; }

    /// <summary>Reads it once for all processes.</summary>
    public static TopHost Read()
    {
        string uptime = (Files.TryReadText("/proc/uptime", out _) ?? "0").Split(' ')[0];
        return new TopHost
        {
            Uptime = TimeSpan.FromSeconds(double.TryParse(uptime, CultureInfo.InvariantCulture, out double seconds) ? seconds : 0),
            Memory = InfoCommand.MemTotal(Files.TryReadText("/proc/meminfo", out _) ?? ""),
        };
    }

    /// <summary>The host's name of a user, or the number.</summary>
    public string User(string uid) => _users.GetValueOrDefault(uid, uid);

    /// <summary>The host's name of a group, or the number.</summary>
    public string Group(string gid) => _groups.GetValueOrDefault(gid, gid);

    /// <summary>Third to first field of passwd(5) and group(5); the first name of a number counts.</summary>
    private static Dictionary<string, string> Names(string path)
    {
        Dictionary<string, string> names = [];
        foreach (string line in (Files.TryReadText(path, out _) ?? "").Split('\n'))
        {
            string[] fields = line.Split(':');
            if (fields.Length > 3)
            {
                names.TryAdd(fields[2], fields[0]);
            }
        }
        return names;
    }
}
