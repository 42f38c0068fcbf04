using System.Globalization;
using System.Text;
using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Monitoring;

/// <summary>The writer of a log and its readers share no lock: each change that the one makes to the files may come between any two looks of the other.</summary>
public sealed class LogInterleavingTests : IDisposable
{
    private const int Lines = 40;
    private const int Seeds = 30;
    private readonly string _directory = Directory.CreateDirectory($"/dev/shm/skiff-log-{Guid.NewGuid():N}").FullName;
    private int _logs;

    [Theory]
    [InlineData(false, WriterFaults.None)]
    [InlineData(true, WriterFaults.None)]
    [InlineData(false, WriterFaults.FullDisk)]
    [InlineData(true, WriterFaults.FullDisk)]
    [InlineData(false, WriterFaults.Kills)]
    [InlineData(true, WriterFaults.Kills)]
    public void A_reader_that_follows_gets_every_line_once_and_in_order(bool compresses, WriterFaults faults)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            Follow(50, compresses, faults, seed);
        }
    }

    [Theory]
    [InlineData(1, false, WriterFaults.None)]
    [InlineData(2, false, WriterFaults.None)]
    [InlineData(2, true, WriterFaults.None)]
    [InlineData(4, false, WriterFaults.None)]
    [InlineData(4, true, WriterFaults.None)]
    [InlineData(3, true, WriterFaults.FullDisk)]
    [InlineData(3, true, WriterFaults.Kills)]
    public void A_reader_that_falls_behind_misses_what_is_gone_and_nothing_else(int files, bool compresses, WriterFaults faults)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            Follow(files, compresses, faults, seed);
        }
    }

    [Theory]
    [InlineData(50, false, -1)]
    [InlineData(50, true, -1)]
    [InlineData(50, false, 7)]
    [InlineData(50, true, 7)]
    [InlineData(3, false, -1)]
    [InlineData(3, true, -1)]
    [InlineData(3, false, 5)]
    [InlineData(3, true, 5)]
    public void A_reader_that_does_not_follow_gets_what_there_is_all_the_while(int files, bool compresses, int tail)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            string path = NewLog();
            using SteppedDisk writer = Writer(path, files, compresses, WriterFaults.None, seed);
            writer.Advance(new Random(seed).Next(300));
            List<int> before = SteppedDisk.Numbers(path);
            using LogReader reader = new(path, Record(files, compresses), new InterruptedDisk(writer, new Random(seed)));
            if (tail >= 0)
            {
                reader.SeekTail(tail);
            }
            List<int> read = [];
            while (reader.TryRead(out LogRecord line))
            {
                read.Add(Number(line));
            }
            List<int> after = SteppedDisk.Numbers(path);
            int newest = before.Count > 0 ? before[^1] : -1;
            string where = $"seed {seed}: {string.Join(' ', read)} of {newest} to {(after.Count > 0 ? after[^1] : -1)}";
            Assert.True(read.SequenceEqual(read.Distinct().Order()), where);
            if (tail >= 0)
            {
                Assert.True(read.Count == 0 || read[0] > newest - tail, where);
                // Which lines are the last is seen at some moment between the two.
                before.RemoveAll(n => n <= after[^1] - tail);
            }
            Assert.True(before.Intersect(after).All(read.Contains), where);
            Assert.True(files < Lines || read.Count == 0 || read[^1] - read[0] == read.Count - 1, where);
        }
    }

    private void Follow(int files, bool compresses, WriterFaults faults, int seed)
    {
        string path = NewLog();
        using SteppedDisk writer = Writer(path, files, compresses, faults, seed);
        InterruptedDisk disk = new(writer, new Random(seed));
        List<int> read = [];
        using (LogReader reader = new(path, Record(files, compresses), disk))
        {
            bool over;
            do
            {
                over = writer.HasEnded;
                while (reader.TryRead(out LogRecord line))
                {
                    int number = Number(line);
                    int last = read.Count > 0 ? read[^1] : -1;
                    string where = $"{number} after {last}, seed {seed}";
                    Assert.True(number > last, where);
                    if (number > last + 1)
                    {
                        Assert.DoesNotContain(SteppedDisk.Numbers(path), n => n > last && n < number);
                    }
                    read.Add(number);
                }
                writer.Advance(1);
            } while (!over);
        }
        Assert.Equal(SteppedDisk.Numbers(path), read.Where(n => n >= SteppedDisk.Numbers(path)[0]));
        if (files > Lines)
        {
            Assert.True(Enumerable.Range(0, Lines).SequenceEqual(read), $"seed {seed}: {string.Join(' ', read)}");
        }
    }

    private string NewLog() => Path.Combine(Directory.CreateDirectory(Path.Combine(_directory, $"{_logs++}")).FullName, "log.json");

    private static SteppedDisk Writer(string path, int files, bool compresses, WriterFaults faults, int seed)
    {
        ContainerRecord record = Record(files, compresses);
        return new SteppedDisk(
            disk =>
            {
                int line = 0;
                while (line < Lines)
                {
                    try
                    {
                        using LogWriter log = new(path, record, disk);
                        for (; line < Lines; line++)
                        {
                            log.Add(isError: false, Encoding.ASCII.GetBytes($"{line}\n"));
                        }
                        log.End();
                    }
                    catch (Exception e) when (e is SteppedDisk.KilledException or LinuxException { Errno: Errno.ENOSPC })
                    {
                        disk.Revive();
                    }
                }
            },
            faults,
            seed
        );
    }

    private static ContainerRecord Record(int files, bool compresses) =>
        new()
        {
            Id = new string('a', 64),
            Name = "logged",
            Created = DateTimeOffset.UnixEpoch,
            LogDriver = "json-file",
            LogOptions = new Dictionary<string, string>
            {
                ["max-size"] = "200",
                ["max-file"] = $"{files}",
                ["compress"] = compresses ? "true" : "false",
            },
        };

    private static int Number(in LogRecord record)
    {
        byte[] text = new byte[record.Escaped.Length];
        return int.Parse(text.AsSpan(0, record.CopyText(text)).TrimEnd((byte)'\n'), CultureInfo.InvariantCulture);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>The disk as the reader sees it: before each of its looks the writer may have made any number of changes, and a read may end anywhere.</summary>
    private sealed class InterruptedDisk(SteppedDisk writer, Random chance) : LogDisk
    {
        internal override SafeFd? TryOpen(string path, int flags, out int errno, uint mode = 0)
        {
            Interrupt();
            return base.TryOpen(path, flags, out errno, mode);
        }

        internal override int TryRead(SafeFd file, Span<byte> buffer)
        {
            Interrupt();
            return base.TryRead(file, buffer[..Math.Min(buffer.Length, 1 + chance.Next(200))]);
        }

        private void Interrupt() =>
            writer.Advance(
                chance.Next(8) switch
                {
                    < 4 => 0,
                    < 6 => 1,
                    6 => chance.Next(12),
                    _ => chance.Next(60),
                }
            );
    }
}
