using System.Text;
using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <summary>docker's env files and label files: one <c>NAME=value</c> a line, taken as it stands (no quotes, no escapes); <c>#</c> starts a comment line.</summary>
public static class KeyValueFile
{
    /// <summary>Reads such a file.</summary>
    /// <param name="flag">The flag that named it, for messages.</param>
    /// <param name="path">Its name, for messages.</param>
    /// <param name="bytes">Its content, UTF-8 with or without a byte order mark.</param>
    /// <param name="missing">The value for a line without <c>=</c>; when it gives null the line is left out.</param>
    public static IReadOnlyList<NameValue> Parse(string flag, string path, ReadOnlySpan<byte> bytes, Func<string, string?> missing)
    {
        if (bytes.StartsWith("\uFEFF"u8))
        {
            bytes = bytes[3..];
        }
        List<NameValue> result = [];
        int number = 0;
        foreach (Range range in bytes.Split((byte)'\n'))
        {
            number++;
            ReadOnlySpan<byte> raw = bytes[range];
            raw = raw.EndsWith("\r"u8) ? raw[..^1] : raw;
            if (!System.Text.Unicode.Utf8.IsValid(raw))
            {
                throw Wrong("is not valid UTF-8");
            }
            string line = Encoding.UTF8.GetString(raw).TrimStart();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? line : line[..equals];
            if (name.Length == 0)
            {
                throw Wrong($"has no variable name before \"{line}\"");
            }
            foreach (char c in name)
            {
                if (char.IsWhiteSpace(c))
                {
                    throw Wrong($"has white space in the name \"{name}\"");
                }
            }
            if ((equals < 0 ? missing(name) : line[(equals + 1)..]) is { } value)
            {
                result.Add(new NameValue(name, value));
            }
        }
        return result;

        SkiffException Wrong(string what) => new($"line {number} of the file {path} given with --{flag} {what}", 125);
    }
}
