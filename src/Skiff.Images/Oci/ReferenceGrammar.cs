namespace Skiff.Images;

/// <summary>The grammar of image names (distribution, reference.go), by hand: it runs at every start of a container.</summary>
internal static class ReferenceGrammar
{
    private const int MaxRepository = 255;
    private const int MaxTag = 128;

    /// <summary>The reference, or null and what is wrong.</summary>
    internal static Reference? Parse(string text, out string? error)
    {
        Digest? digest = null;
        ReadOnlySpan<char> rest = text;
        error =
            rest.IsEmpty ? "it is empty"
            : rest.Length > 4096 ? "it is longer than 4096 characters"
            : rest.Length == 64 && Ascii.IsLowerHex(rest) ? "64 hexadecimal digits are an image id, not a name"
            : null;
        if (error is not null)
        {
            return null;
        }
        int at = rest.IndexOf('@');
        if (at >= 0)
        {
            if (!Digest.TryParse(rest[(at + 1)..].ToString(), out Digest parsed))
            {
                error = "after @ comes sha256: and 64 lower-case hexadecimal digits";
                return null;
            }
            digest = parsed;
            rest = rest[..at];
        }
        (string domain, ReadOnlySpan<char> path) = SplitDomain(rest);
        string? tag = null;
        int colon = path.IndexOf(':');
        if (colon >= 0)
        {
            tag = path[(colon + 1)..].ToString();
            path = path[..colon];
        }
        error = DomainError(domain) ?? PathError(path) ?? TagError(tag);
        if (error is not null)
        {
            return null;
        }
        bool official = domain == Reference.DefaultDomain && !path.Contains('/');
        string repository = official ? $"library/{path}" : path.ToString();
        if (repository.Length > MaxRepository)
        {
            error = $"the repository is longer than {MaxRepository} characters";
            return null;
        }
        return new Reference(domain, repository, tag, digest);
    }

    private static (string Domain, string Path) SplitDomain(ReadOnlySpan<char> name)
    {
        int slash = name.IndexOf('/');
        string first = slash < 0 ? "" : name[..slash].ToString();
        if (slash < 0 || !Reference.IsDomain(first))
        {
            return (Reference.DefaultDomain, name.ToString());
        }
        // index.docker.io is the name of Docker Hub's first API; distribution maps it too.
        return (first == "index.docker.io" ? Reference.DefaultDomain : first, name[(slash + 1)..].ToString());
    }

    private static string? DomainError(ReadOnlySpan<char> domain)
    {
        ReadOnlySpan<char> host = domain;
        int portAt;
        if (domain[0] == '[')
        {
            int close = domain.IndexOf(']');
            if (close < 2 || !IsIPv6(domain[1..close]))
            {
                return $"\"{Printable.Of(domain.ToString())}\" is not an IPv6 address in brackets";
            }
            host = default;
            portAt = close + 1;
        }
        else
        {
            portAt = domain.IndexOf(':');
            portAt = portAt < 0 ? domain.Length : portAt;
            host = domain[..portAt];
        }
        if (portAt < domain.Length)
        {
            ReadOnlySpan<char> port = domain[(portAt + 1)..];
            if (domain[portAt] != ':' || !ushort.TryParse(port, System.Globalization.NumberStyles.None, null, out _))
            {
                return $"\"{Printable.Of(domain.ToString())}\" is not a registry: after the host comes : and a port number up to 65535";
            }
        }
        return domain[0] == '[' || IsHostName(host) ? null : $"\"{Printable.Of(domain.ToString())}\" is not the name of a registry host";
    }

    private static bool IsIPv6(ReadOnlySpan<char> address)
    {
        foreach (char c in address)
        {
            if (!char.IsAsciiHexDigit(c) && c != ':')
            {
                return false;
            }
        }
        return address.Contains(':');
    }

    private static bool IsHostName(ReadOnlySpan<char> host)
    {
        foreach (Range range in host.Split('.'))
        {
            ReadOnlySpan<char> label = host[range];
            if (label.IsEmpty || label[0] == '-' || label[^1] == '-' || !Ascii.IsWord(label, "-"))
            {
                return false;
            }
        }
        return true;
    }

    private static string? PathError(ReadOnlySpan<char> path)
    {
        if (path.IndexOfAnyInRange('A', 'Z') >= 0)
        {
            return "the repository must be lower case";
        }
        foreach (Range range in path.Split('/'))
        {
            if (!IsPathComponent(path[range]))
            {
                return path.IsEmpty
                    ? "the repository is missing"
                    : "a part of the repository is lower-case letters and digits, separated by one dot, one or two underscores, or dashes";
            }
        }
        return null;
    }

    private static bool IsPathComponent(ReadOnlySpan<char> part)
    {
        int i = 0;
        while (true)
        {
            int start = i;
            while (i < part.Length && (char.IsAsciiLetterLower(part[i]) || char.IsAsciiDigit(part[i])))
            {
                i++;
            }
            if (i == start)
            {
                return false;
            }
            if (i == part.Length)
            {
                return true;
            }
            char separator = part[i];
            int limit = separator switch
            {
                '.' => 1,
                '_' => 2,
                '-' => int.MaxValue,
                _ => 0,
            };
            int length = 0;
            while (i < part.Length && part[i] == separator)
            {
                i++;
                length++;
            }
            if (length > limit)
            {
                return false;
            }
        }
    }

    private static string? TagError(string? tag)
    {
        if (tag is null)
        {
            return null;
        }
        return tag.Length is > 0 and <= MaxTag && tag[0] is not ('.' or '-') && Ascii.IsWord(tag, "_.-")
            ? null
            : $"a tag is 1 to {MaxTag} letters, digits, underscores, dots and dashes, and does not begin with a dot or dash";
    }
}
