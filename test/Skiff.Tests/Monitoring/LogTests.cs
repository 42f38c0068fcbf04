using System.Buffers;
using System.Text;
using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
using Xunit;

namespace Skiff.Tests.Monitoring;

public sealed class LogTests
{
    private static byte[] Record(string text, bool isError = false, string attributes = "")
    {
        ArrayBufferWriter<byte> buffer = new();
        byte[] stamp = new byte[LogLine.StampLength];
        LogLine.WriteStamp(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero), stamp);
        LogLine.Write(buffer, Encoding.UTF8.GetBytes(text), isError, stamp, Encoding.UTF8.GetBytes(attributes));
        return buffer.WrittenSpan.ToArray();
    }

    private static string Text(in LogRecord record)
    {
        byte[] target = new byte[record.Escaped.Length];
        return Encoding.UTF8.GetString(target, 0, record.CopyText(target));
    }

    [Fact]
    public void A_record_is_that_of_dockers_driver() =>
        Assert.Equal(
            "{\"log\":\"a \\\"b\\\"\\u003c\\n\",\"stream\":\"stderr\",\"time\":\"2026-01-31T12:00:00.000000000Z\"}\n",
            Encoding.UTF8.GetString(Record("a \"b\"<\n", isError: true))
        );

    [Theory]
    [InlineData("plain\n", true)]
    [InlineData("", false)]
    [InlineData("no end", false)]
    [InlineData("\\n", false)]
    [InlineData("\\\\\n", true)]
    [InlineData("\",\"stream\":\"stderr\",\"time\":\"\n", true)]
    [InlineData("tab\t \u0001 \u007f é 漢 \U0001F600 \u2028\n", true)]
    public void What_is_written_is_read(string text, bool endsLine)
    {
        foreach (string attributes in (string[])["", ",\"attrs\":{\"a\":\"}\\\"b\",\"stream\":\"stderr\"}"])
        {
            byte[] line = Record(text, attributes: attributes);
            Assert.True(LogRecord.TryParse(line.AsSpan(0, line.Length - 1), out LogRecord record));
            Assert.Equal(text, Text(record));
            Assert.False(record.IsError);
            Assert.Equal(endsLine, record.EndsLine);
            Assert.Equal("2026-01-31T12:00:00.000000000Z", Encoding.ASCII.GetString(record.Stamp));
            Assert.Equal(attributes.Length > 0, record.Attributes.Length > 0);
        }
    }

    [Theory]
    [InlineData("plain\n", true)]
    [InlineData("\n", true)]
    [InlineData("é 漢 \U0001F600\n", true)]
    [InlineData("no end", false)]
    [InlineData("", false)]
    [InlineData("tab\t\n", false)]
    [InlineData("a \"quote\"\n", false)]
    [InlineData("\\n\",\"stream\":\"stdout\",\"time\":\"\n", false)]
    [InlineData("{\"log\":\"x\n\",\"stream\":\"stdout\"}\n", false)]
    public void The_short_way_to_a_record_leads_to_the_same(string text, bool isUsual)
    {
        foreach (bool isError in (bool[])[false, true])
        {
            byte[] one = Record(text, isError);
            byte[] two = [.. one, .. Record("next\n")];
            Assert.Equal(isUsual, LogRecord.TryParseUsual(two, out LogRecord record, out int length));
            Assert.False(LogRecord.TryParseUsual(one.AsSpan(0, one.Length - 1), out _, out _), "a record without its end was believed");
            Assert.False(LogRecord.TryParseUsual(Record(text, isError, ",\"attrs\":{\"a\":\"b\"}"), out _, out _));
            if (isUsual)
            {
                Assert.Equal(one.Length, length);
                Assert.Equal(text, Text(record));
                Assert.Equal(isError, record.IsError);
                Assert.True(record.EndsLine);
                Assert.Equal("2026-01-31T12:00:00.000000000Z", Encoding.ASCII.GetString(record.Stamp));
            }
        }
    }

    [Fact]
    public void Every_torn_record_is_refused()
    {
        byte[] line = Record("some text \\ \" \n", attributes: ",\"attrs\":{\"a\":\"b\"}");
        for (int length = 0; length < line.Length - 1; length++)
        {
            Assert.False(LogRecord.TryParse(line.AsSpan(0, length), out _), $"{length}");
        }
    }

    [Fact]
    public void Bytes_that_are_not_UTF_8_become_the_replacement_character()
    {
        ArrayBufferWriter<byte> buffer = new();
        LogLine.Write(buffer, [(byte)'a', 0xFF, (byte)'b'], false, new byte[LogLine.StampLength], []);
        Assert.True(LogRecord.TryParse(buffer.WrittenSpan[..^1], out LogRecord record));
        Assert.Equal("a\uFFFDb", Text(record));
    }

    [Fact]
    public void Lines_are_cut_wherever_the_pieces_begin_and_end()
    {
        string[] lines =
        [
            "\n",
            "one\n",
            new string('x', LogSink.MaximumText - 1) + "\n",
            new string('y', LogSink.MaximumText),
            "tail\n",
            "two\n",
        ];
        byte[] all = Encoding.ASCII.GetBytes(string.Concat(lines));
        foreach (int size in (int[])[1, 7, 4096, LogSink.MaximumText, all.Length])
        {
            LineBuffer buffer = new();
            List<string> cut = [];
            for (int at = 0; at < all.Length; at += size)
            {
                ReadOnlySpan<byte> piece = all.AsSpan(at, Math.Min(size, all.Length - at));
                while (buffer.TryTake(ref piece, out ReadOnlySpan<byte> line))
                {
                    cut.Add(Encoding.ASCII.GetString(line));
                }
            }
            Assert.Equal(lines, cut);
            Assert.True(buffer.Begun.IsEmpty);
        }
    }

    [Theory]
    [InlineData("max-size", "10m", 10_000_000)]
    [InlineData("max-size", "1KiB", 1024)]
    [InlineData("max-size", "5", 5)]
    [InlineData("max-size", "2gb", 2_000_000_000)]
    [InlineData("max-size", "-1", long.MaxValue)]
    public void Sizes_are_dockers(string option, string text, long size)
    {
        Dictionary<string, string> options = new() { [option] = text };
        LogOptions.Check(null, options);
        Assert.Equal((size, 3), LogOptions.Limits("json-file", options));
    }

    /// <summary>A container may have written a whole pipe before its monitor reads at all.</summary>
    [Fact]
    public void What_comes_at_once_is_rotated_as_if_it_came_line_by_line()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("skiff-log").FullName, "log.json");
        ContainerRecord record = new()
        {
            Id = new string('a', 64),
            Name = "n",
            Created = DateTimeOffset.UnixEpoch,
            LogDriver = "json-file",
            LogOptions = new Dictionary<string, string> { ["max-size"] = "1000", ["max-file"] = "3" },
        };
        using (LogWriter log = new(path, record))
        {
            log.Add(isError: false, Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 500).Select(i => $"line {i}\n"))));
        }
        string[] files = [path + ".2", path + ".1", path];
        Assert.All(files, f => Assert.InRange(new FileInfo(f).Length, 1, 1100));
        string[] lines = [.. files.SelectMany(File.ReadAllLines)];
        Assert.Equal(Enumerable.Range(500 - lines.Length, lines.Length).Select(i => $"line {i}\\n"), lines.Select(l => l.Split('"')[3]));
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }
}
