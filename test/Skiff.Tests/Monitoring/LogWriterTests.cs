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
        ContainerRecord record = new()
        {
            Id = new string('a', 64),
            Name = "logged",
            Created = DateTimeOffset.UnixEpoch,
            LogDriver = "json-file",
            LogOptions = new Dictionary<string, string>
            {
                ["max-size"] = "10k",
                ["max-file"] = "1000",
                ["compress"] = compress,
            },
        };
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
        using LogReader reader = new(path);
        List<string> read = [];
        byte[] text = new byte[1000];
        while (reader.TryRead(out LogRecord line))
        {
            read.Add(Encoding.UTF8.GetString(text, 0, line.CopyText(text)).TrimEnd('\n'));
        }
        Assert.Equal(lines, read);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
