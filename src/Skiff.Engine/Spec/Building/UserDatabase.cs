using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <summary>A user of a container, as numbers.</summary>
/// <param name="Uid">User id.</param>
/// <param name="Gid">Group id.</param>
/// <param name="AdditionalGids">Supplementary groups, each once, <paramref name="Gid"/> first: a set-group-ID program must not be a way to leave that group (CVE-2022-36109).</param>
/// <param name="Home">Home directory of passwd; <c>/</c> when the user is not listed.</param>
public sealed record ResolvedUser(uint Uid, uint Gid, ValueList<uint> AdditionalGids, string Home);

/// <summary>Resolves user texts against an image's own /etc/passwd and /etc/group, passwd(5) and group(5). Pure; malformed lines are skipped (RUN-04).</summary>
public static class UserDatabase
{
    /// <summary>Longest file that is looked at: an image's passwd is untrusted.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>Resolves <c>[name|uid][:group|gid]</c>; an empty text is root.</summary>
    /// <param name="text">The user as asked or as in the image config.</param>
    /// <param name="passwd">Bytes of /etc/passwd; empty when there is none.</param>
    /// <param name="group">Bytes of /etc/group; empty when there is none.</param>
    /// <param name="groupAdd">Further groups by name or number.</param>
    /// <exception cref="SkiffException">A name is not listed; exit code 125.</exception>
    public static ResolvedUser Resolve(
        string text,
        ReadOnlySpan<byte> passwd,
        ReadOnlySpan<byte> group,
        ValueList<string> groupAdd = default
    )
    {
        passwd = passwd.Length > MaxBytes ? passwd[..MaxBytes] : passwd;
        group = group.Length > MaxBytes ? group[..MaxBytes] : group;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string user = colon < 0 ? text : text[..colon];
        string primary = colon < 0 ? "" : text[(colon + 1)..];
        user = user.Length == 0 ? "0" : user;
        byte[] name = Encoding.UTF8.GetBytes(user);
        bool numeric = uint.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out uint uid);
        bool found = FindUser(passwd, name, numeric ? uid : null, out PasswdLine line);
        if (!found && !numeric)
        {
            throw new SkiffException($"the user {user} is not in the image's /etc/passwd; give a number, or a name that is", 125);
        }
        uid = found ? line.Uid : uid;
        uint gid = found ? line.Gid : 0;
        List<uint> more = [];
        if (primary.Length > 0)
        {
            gid = Group(primary, group);
        }
        else if (found)
        {
            Memberships(group, passwd[line.Name], more);
        }
        foreach (string extra in groupAdd)
        {
            more.Add(Group(extra, group));
        }
        List<uint> once = [gid];
        foreach (uint id in more)
        {
            if (!once.Contains(id))
            {
                once.Add(id);
            }
        }
        string home = found ? Encoding.UTF8.GetString(passwd[line.Home]) : "/";
        return new ResolvedUser(uid, gid, [.. once], home.StartsWith('/') ? home : "/");
    }

    private static bool FindUser(ReadOnlySpan<byte> passwd, ReadOnlySpan<byte> name, uint? uid, out PasswdLine result)
    {
        // docker and runc look for the name first, and for the number only among the ids: a user called "1000" wins over the id 1000.
        PasswdLine? byId = null;
        foreach (Range range in passwd.Split((byte)'\n'))
        {
            if (!TryLine(passwd, range, out PasswdLine line))
            {
                continue;
            }
            if (passwd[line.Name].SequenceEqual(name))
            {
                result = line;
                return true;
            }
            if (byId is null && uid == line.Uid)
            {
                byId = line;
            }
        }
        result = byId ?? default;
        return byId is not null;
    }

    private static bool TryLine(ReadOnlySpan<byte> passwd, Range range, out PasswdLine line)
    {
        line = default;
        (int start, int length) = range.GetOffsetAndLength(passwd.Length);
        ReadOnlySpan<byte> bytes = passwd.Slice(start, length);
        Span<Range> fields = stackalloc Range[8];
        int count = Fields(bytes, fields);
        if (count < 4 || bytes[fields[0]].Length == 0 || bytes[0] is (byte)'#' or (byte)'+' or (byte)'-')
        {
            return false;
        }
        if (!Number(bytes[fields[2]], out uint uid) || !Number(bytes[fields[3]], out uint gid))
        {
            return false;
        }
        Range home = count > 5 ? Shift(fields[5], start, length) : 0..0;
        line = new PasswdLine(Shift(fields[0], start, length), uid, gid, home);
        return true;

        static Range Shift(Range inner, int by, int total)
        {
            (int offset, int size) = inner.GetOffsetAndLength(total);
            return (by + offset)..(by + offset + size);
        }
    }

    private static uint Group(string text, ReadOnlySpan<byte> group)
    {
        byte[] name = Encoding.UTF8.GetBytes(text);
        Span<Range> fields = stackalloc Range[5];
        foreach (Range range in group.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = group[range];
            if (Fields(line, fields) >= 3 && line[fields[0]].SequenceEqual(name) && Number(line[fields[2]], out uint gid))
            {
                return gid;
            }
        }
        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number)
            ? number
            : throw new SkiffException($"the group {text} is not in the image's /etc/group; give a number, or a name that is", 125);
    }

    private static void Memberships(ReadOnlySpan<byte> group, ReadOnlySpan<byte> user, List<uint> result)
    {
        Span<Range> fields = stackalloc Range[5];
        foreach (Range range in group.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = group[range];
            if (Fields(line, fields) < 4 || !Number(line[fields[2]], out uint gid))
            {
                continue;
            }
            ReadOnlySpan<byte> members = line[fields[3]];
            foreach (Range member in members.Split((byte)','))
            {
                if (members[member].Trim((byte)' ').TrimEnd((byte)'\r').SequenceEqual(user))
                {
                    result.Add(gid);
                    break;
                }
            }
        }
    }

    /// <summary>Splits a line at its colons; what is beyond the last field stays in it. Returns how many there are.</summary>
    private static int Fields(ReadOnlySpan<byte> line, Span<Range> fields)
    {
        int count = 0;
        int start = 0;
        while (count < fields.Length)
        {
            int colon = count == fields.Length - 1 ? -1 : line[start..].IndexOf((byte)':');
            fields[count++] = start..(colon < 0 ? line.Length : start + colon);
            if (colon < 0)
            {
                break;
            }
            start += colon + 1;
        }
        return count;
    }

    private static bool Number(ReadOnlySpan<byte> text, out uint number) =>
        Utf8Parser.TryParse(text, out number, out int used) && used == text.Length && text.Length > 0;

    private readonly record struct PasswdLine(Range Name, uint Uid, uint Gid, Range Home);
}
