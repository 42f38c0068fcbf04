using System.Text;
using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
using Xunit;

namespace Skiff.Tests.Monitoring;

public sealed class LogWriterTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("skiff-log").FullName;

    [Theory]
    [InlineData("false", 1)]
    [InlineData("false", 100)]
    [InlineData("false", 100_000)]
    [InlineData("true", 1)]
    [InlineData("true", 100)]
    [InlineData("true", 100_000)]
    public void However_much_comes_at_once_no_file_is_larger_than_it_may_be(string compress, int linesAtOnce)
    {
        string path = Path.Combine(_directory, "log.json");
        ContainerRecord record = Record("10k", compress);
        string[] lines = [.. Enumerable.Range(0, 1000).Select(static i => $"line {i}")];
        using (LogWriter writer = new(path, record))
        {
            foreach (string[] part in lines.Chunk(linesAtOnce))
            {
                writer.Add(false, Encoding.UTF8.GetBytes(string.Join('\n', part) + "\n"));
            }
            writer.End();
        }
        string[] files = Directory.GetFiles(_directory);
        Assert.True(files.Length > 6, string.Join(' ', files));
        Assert.All(files, static f => Assert.True(new FileInfo(f).Length <= 10_000, f));
        Assert.All(files, f => Assert.Equal(compress == "true" && f != path, f.EndsWith(".gz", StringComparison.Ordinal)));
        Assert.Equal(lines, Read(path, record));
    }

    [Fact]
    public void Compressed_files_are_told_apart_however_fast_they_are_written()
    {
        string path = Path.Combine(_directory, "fast.json");
        ContainerRecord record = Record("1k", "true");
        using (LogWriter writer = new(path, record))
        {
            writer.Add(false, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 3000).Select(static i => $"line {i}\n"))));
            writer.End();
        }
        // The time of change is what a reader knows a compressed file by, and a tick of the kernel's clock is long.
        string[] rotated = Directory.GetFiles(_directory, "fast.json.*");
        Assert.True(rotated.Length > 100, $"{rotated.Length} files");
        Assert.Distinct(rotated.Select(File.GetLastWriteTimeUtc));
    }

    [Theory]
    [InlineData("false")]
    [InlineData("true")]
    public void A_reader_misses_nothing_in_the_middle_of_a_rotation(string compress)
    {
        string path = Path.Combine(_directory, "moving.json");
        ContainerRecord record = Record("2k", compress);
        string[] lines = [.. Enumerable.Range(0, 200).Select(static i => $"line {i}")];
        using (LogWriter writer = new(path, record))
        {
            writer.Add(false, Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));
            writer.End();
        }
        string suffix = compress == "true" ? ".gz" : "";
        int oldest = Directory.GetFiles(_directory).Length - 1;
        Assert.True(oldest > 4, $"{oldest} files");
        // The files move up one after another, the oldest first; a reader may look between any two of them.
        for (int i = oldest; i >= 0; i--)
        {
            string from = i == 0 ? path : $"{path}.{i}{suffix}";
            File.Move(from, $"{path}.{i + 1}{(i == 0 ? "" : suffix)}");
            Assert.Equal(lines, Read(path, record));
        }
    }

    private static ContainerRecord Record(string maximumSize, string compress) =>
        new()
        {
            Id = new string('a', 64),
            Name = "logged",
            Created = DateTimeOffset.UnixEpoch,
            LogDriver = "json-file",
            LogOptions = new Dictionary<string, string>
            {
                ["max-size"] = maximumSize,
                ["max-file"] = "1000",
                ["compress"] = compress,
            },
        };

    private static List<string> Read(string path, ContainerRecord record)
    {
        using LogReader reader = new(path, record);
        List<string> read = [];
        byte[] text = new byte[1000];
        while (reader.TryRead(out LogRecord line))
        {
            read.Add(Encoding.UTF8.GetString(text, 0, line.CopyText(text)).TrimEnd('\n'));
        }
        return read;
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
