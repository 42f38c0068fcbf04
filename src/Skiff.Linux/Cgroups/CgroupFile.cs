using System.Buffers.Text;

namespace Skiff.Linux.Cgroups;

/// <summary>Readers of cgroup files; a missing file or key is null.</summary>
internal static class CgroupFile
{
    /// <summary>A single number; <c>max</c> is null.</summary>
    internal static ulong? Number(string path) =>
        Files.TryReadAll(path, out _) is byte[] text && Utf8Parser.TryParse(text, out ulong value, out _) ? value : null;

    /// <summary>A limit of version 1, where "none" is the largest number of pages.</summary>
    internal static ulong? LimitV1(string path) => Number(path) is ulong value && value < 0x7FFF_FFFF_0000_0000 ? value : null;

    /// <summary>The number after a key at the start of a line (<c>oom_kill 2</c>).</summary>
    internal static ulong? Key(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key)
    {
        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range];
            if (line.Length > key.Length && line.StartsWith(key) && line[key.Length] == ' ')
            {
                return Utf8Parser.TryParse(line[(key.Length + 1)..], out ulong value, out _) ? value : null;
            }
        }
        return null;
    }

    /// <summary>The sum of all <c>word=N</c> in a text of version 2's io.stat.</summary>
    internal static ulong SumOf(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word)
    {
        ulong sum = 0;
        for (int at; (at = text.IndexOf(word)) >= 0; )
        {
            text = text[(at + word.Length)..];
            sum += Utf8Parser.TryParse(text, out ulong value, out _) ? value : 0;
        }
        return sum;
    }

    /// <summary>A pressure file; null where the kernel has none or PSI is off (EOPNOTSUPP).</summary>
    internal static Pressure? Pressure(string path)
    {
        if (Files.TryReadAll(path, out _) is not byte[] text)
        {
            return null;
        }
        (double some, ulong someTotal) = Line(text, "some "u8);
        (double full, ulong fullTotal) = Line(text, "full "u8);
        return new Pressure(some, someTotal, full, fullTotal);
    }

    private static (double Average10, ulong Total) Line(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        int at = text.IndexOf(name);
        if (at < 0)
        {
            return default;
        }
        ReadOnlySpan<byte> line = text[at..];
        int end = line.IndexOf((byte)'\n');
        line = end < 0 ? line : line[..end];
        int average = line.IndexOf("avg10="u8);
        return (average >= 0 && Utf8Parser.TryParse(line[(average + 6)..], out double value, out _) ? value : 0, SumOf(line, "total="u8));
    }
}
