using System.Globalization;
using System.Text;
using Skiff.Engine.Events;
using Xunit;

namespace Skiff.Tests.Events;

/// <summary>The journal's writers and readers share no lock: it may be written to and rotated, any number of times, between any two looks of a reader.</summary>
public sealed class EventInterleavingTests : IDisposable
{
    private readonly string _root = Directory.CreateDirectory($"/dev/shm/skiff-events-{Guid.NewGuid():N}").FullName;
    private string _directory = "";
    private int _written;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_reader_gets_what_was_not_removed_before_it_came_to_it_once_and_in_order(bool history)
    {
        for (int seed = 0; seed < 300; seed++)
        {
            _directory = Directory.CreateDirectory(Path.Combine(_root, $"{history}{seed}")).FullName;
            _written = 0;
            Random chance = new(seed);
            Change(chance);
            int before = _written;
            List<int> read = [];
            using (
                EventReader reader = EventReader.Open(
                    _directory,
                    history,
                    follow: false,
                    default,
                    path =>
                    {
                        Change(chance);
                        return EventFile.TryOpen(path);
                    }
                )
            )
            {
                int opened = _written;
                for (int round = 0; round < 6; round++)
                {
                    while (reader.TryRead() is { } happened)
                    {
                        int number = int.Parse(happened.Id, CultureInfo.InvariantCulture);
                        int last = read.Count > 0 ? read[^1] : -1;
                        Assert.True(number > last, $"{number} after {last}, seed {seed}");
                        int from = read.Count > 0 || history ? last + 1 : opened;
                        Assert.DoesNotContain(Kept(), n => n >= from && n < number);
                        read.Add(number);
                    }
                }
            }
            Assert.True(history || read.TrueForAll(n => n >= before), $"seed {seed}");
            // The last look may have been before the last changes, as the events that wake a reader come after it.
            using EventReader whole = EventReader.Open(_directory, history: true, follow: false);
            Assert.Equal(Kept(), All(whole));
        }
    }

    [Fact]
    public void A_reader_sees_the_older_file_also_while_there_is_no_current_one()
    {
        _directory = Directory.CreateDirectory(Path.Combine(_root, "gap")).FullName;
        Write();
        using EventReader reader = EventReader.Open(_directory, history: true, follow: false);
        Assert.Equal([0], All(reader));
        Rotate();
        Write();
        Rotate();
        Assert.Equal([1], All(reader));
        Write();
        Assert.Equal([2], All(reader));
    }

    private static List<int> All(EventReader reader)
    {
        List<int> numbers = [];
        while (reader.TryRead() is { } happened)
        {
            numbers.Add(int.Parse(happened.Id, CultureInfo.InvariantCulture));
        }
        return numbers;
    }

    private void Change(Random chance)
    {
        for (int i = chance.Next(3) == 0 ? chance.Next(8) : 0; i > 0; i--)
        {
            if (chance.Next(3) == 0)
            {
                Rotate();
            }
            else
            {
                Write();
            }
        }
    }

    private void Write() => new EventLog(_directory).Write(EventType.Volume, "create", $"{_written++}");

    private void Rotate()
    {
        if (File.Exists(EventLog.Current(_directory)))
        {
            File.Move(EventLog.Current(_directory), EventLog.Older(_directory), overwrite: true);
        }
    }

    /// <summary>What the files have, oldest first.</summary>
    private List<int> Kept() =>
        [
            .. new[] { EventLog.Older(_directory), EventLog.Current(_directory) }
                .Where(File.Exists)
                .SelectMany(File.ReadAllLines)
                .Select(static line => int.Parse(EngineEvent.TryParse(Encoding.UTF8.GetBytes(line))!.Id, CultureInfo.InvariantCulture)),
        ];

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
