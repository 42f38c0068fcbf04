using Skiff.Engine.Containers;
using Skiff.Engine.Events;
using Xunit;

namespace Skiff.Tests.Events;

public sealed class EventLogTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("events").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void What_is_written_is_read_with_labels_image_and_name()
    {
        ContainerRecord record = new()
        {
            Id = new string('a', 64),
            Name = "web",
            Created = DateTimeOffset.UnixEpoch,
            Image = "nginx",
            Labels = new Dictionary<string, string> { ["tier"] = "\"gold\"\n" },
        };
        new EventLog(_directory).Container(record, "die", ("exitCode", "3"));
        EngineEvent happened = Read().Single();
        Assert.Equal(("container", "die", record.Id), (happened.Type, happened.Action, happened.Id));
        Assert.Equal(
            "image=nginx,name=web,exitCode=3,tier=\"gold\"\n",
            string.Join(',', new[] { "image", "name", "exitCode", "tier" }.Select(k => $"{k}={happened.Attributes[k]}"))
        );
        Assert.Equal(0, happened.TimeNano % 100);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"Type\":\"container\"}")]
    [InlineData("{\"Type\":3,\"timeNano\":1}")]
    [InlineData("{\"Type\":\"image\",\"timeNano\":99999999999999999999}")]
    [InlineData("{\"Type\":\"image\",\"Actor\":{\"Attributes\":[]},\"timeNano\":1}")]
    [InlineData("[[[[[[[[[[[[]]]]]]]]]]]]")]
    public void A_damaged_line_is_no_event(string line) => Assert.Null(EngineEvent.TryParse(System.Text.Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void A_reader_follows_through_many_rotations()
    {
        EventLog log = new(_directory);
        log.Image("sha256:0", "tag", "before");
        using EventReader reader = EventReader.Open(_directory, history: false, follow: true);
        string filler = new('x', 100_000);
        List<string> seen = [];
        for (int i = 0; i < 120; i++)
        {
            log.Write(EventType.Volume, "create", $"v{i}", ("filler", filler));
            if (i % 7 == 0)
            {
                Assert.True(reader.Wait(5000));
                Drain();
            }
        }
        Drain();
        Assert.Equal(Enumerable.Range(0, 120).Select(i => $"v{i}"), seen);
        Assert.False(reader.Wait(0));
        Assert.True(new DirectoryInfo(_directory).EnumerateFiles().Sum(f => f.Length) < 3 * EventLog.MaximumBytes);

        void Drain()
        {
            while (reader.TryRead() is { } happened)
            {
                seen.Add(happened.Id);
            }
        }
    }

    [Fact]
    public void A_reader_that_slept_through_two_rotations_misses_nothing()
    {
        EventLog log = new(_directory);
        log.Image("sha256:0", "tag", "before");
        using EventReader reader = EventReader.Open(_directory, history: false, follow: true);
        string filler = new('x', 100_000);
        for (int i = 0; i < 95; i++)
        {
            log.Write(EventType.Volume, "create", $"v{i}", ("filler", filler));
        }
        List<string> seen = [];
        while (reader.TryRead() is { } happened)
        {
            seen.Add(happened.Id);
        }
        Assert.Equal(Enumerable.Range(0, 95).Select(i => $"v{i}"), seen);
    }

    [Fact]
    public void A_reader_of_the_future_sees_nothing_of_the_older_file()
    {
        EventLog log = new(_directory);
        log.Image("sha256:0", "tag", "old");
        File.Move(_directory + "/events.jsonl", _directory + "/events.jsonl.1");
        using EventReader reader = EventReader.Open(_directory, history: false, follow: true);
        new EventLog(_directory).Image("sha256:1", "tag", "new");
        Assert.Equal("sha256:1", reader.TryRead()?.Id);
        Assert.Null(reader.TryRead());
    }

    private List<EngineEvent> Read()
    {
        using EventReader reader = EventReader.Open(_directory, history: true, follow: false);
        List<EngineEvent> all = [];
        while (reader.TryRead() is { } happened)
        {
            all.Add(happened);
        }
        return all;
    }
}
