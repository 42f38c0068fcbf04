using System.Globalization;
using System.IO.Compression;
using System.Text;
using Skiff.Engine.Monitoring;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Tests.Monitoring;

/// <summary>The disk as a log's writer sees it in tests: the writer, on a thread of its own, stops before each change and makes it when it is told to.</summary>
internal sealed class SteppedDisk : LogDisk, IDisposable
{
    private readonly SemaphoreSlim _turn = new(0);
    private readonly SemaphoreSlim _stopped = new(0);
    private readonly Thread _thread;
    private readonly Random _chance;
    private readonly WriterFaults _faults;
    private Exception? _failure;
    private bool _abandoned;
    private bool _dead;

    /// <param name="work">What writes.</param>
    /// <param name="faults">What happens to it.</param>
    /// <param name="seed">Where chance begins.</param>
    internal SteppedDisk(Action<SteppedDisk> work, WriterFaults faults, int seed)
    {
        (_faults, _chance) = (faults, new Random(seed));
        _thread = new Thread(() => Run(work), 256 << 10);
        _thread.Start();
        _stopped.Wait();
    }

    /// <summary>How many changes were made.</summary>
    internal int Steps { get; private set; }

    internal bool HasEnded { get; private set; }

    /// <summary>Has the writer make so many changes, or all that are left.</summary>
    internal void Advance(int changes)
    {
        for (; changes > 0 && !HasEnded; changes--)
        {
            Steps++;
            _turn.Release();
            _stopped.Wait();
        }
        if (_failure is { } failure)
        {
            throw new InvalidOperationException("the writer failed", failure);
        }
    }

    /// <summary>Another process takes over what the killed one has left.</summary>
    internal void Revive() => _dead = _abandoned ? throw new KilledException() : false;

    internal override SafeFd? TryOpen(string path, int flags, out int errno, uint mode = 0)
    {
        bool creates = (flags & OpenFlags.O_CREAT) != 0;
        if (creates)
        {
            Stop();
        }
        errno = Errno.ENOSPC;
        return creates && Fails() && !File.Exists(path) ? null : base.TryOpen(path, flags, out errno, mode);
    }

    internal override void Rename(string from, string to)
    {
        Stop();
        if (Fails())
        {
            throw new LinuxException("rename", from, Errno.ENOSPC);
        }
        base.Rename(from, to);
    }

    internal override int TryRemove(string path)
    {
        if (!File.Exists(path))
        {
            return Errno.ENOENT;
        }
        Stop();
        return base.TryRemove(path);
    }

    internal override void Stamp(SafeFd file, in TimeSpec time)
    {
        Stop();
        base.Stamp(file, time);
    }

    /// <summary>A reader may see the beginning of what is written at once, write(2).</summary>
    internal override int TryWriteAll(SafeFd file, ReadOnlySpan<byte> bytes)
    {
        Stop();
        int half = _faults == WriterFaults.Kills ? bytes.Length : bytes.Length / 2;
        int result = base.TryWriteAll(file, bytes[..half]);
        if (half < bytes.Length)
        {
            Stop();
            result = base.TryWriteAll(file, bytes[half..]);
        }
        return result;
    }

    /// <summary>Compression takes no time, or as long as the next file takes to be filled: the two ends of what happens.</summary>
    internal override Action Beside(Action work)
    {
        if (_chance.Next(2) == 0)
        {
            work();
            return static () => { };
        }
        bool done = false;
        return () =>
        {
            if (!done)
            {
                done = true;
                work();
            }
        };
    }

    private bool Fails() => _faults == WriterFaults.FullDisk && _chance.Next(6) == 0;

    private void Stop()
    {
        if (!_dead)
        {
            _stopped.Release();
            _turn.Wait();
            _dead = _abandoned || (_faults == WriterFaults.Kills && _chance.Next(30) == 0);
        }
        if (_dead)
        {
            throw new KilledException();
        }
    }

    private void Run(Action<SteppedDisk> work)
    {
        try
        {
            work(this);
        }
        catch (KilledException) when (_abandoned) { }
        catch (Exception e)
        {
            _failure = e;
        }
        HasEnded = true;
        _stopped.Release();
    }

    /// <summary>The numbers in the whole records of all files there are, sorted.</summary>
    internal static List<int> Numbers(string path)
    {
        SortedSet<int> numbers = [];
        foreach (string name in Directory.GetFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + "*"))
        {
            if (!name.EndsWith(".tmp", StringComparison.Ordinal))
            {
                using FileStream file = File.OpenRead(name);
                using Stream content = name.EndsWith(".gz", StringComparison.Ordinal)
                    ? new GZipStream(file, CompressionMode.Decompress)
                    : file;
                using StreamReader text = new(content);
                string[] lines = text.ReadToEnd().Split('\n');
                for (int i = 0; i < lines.Length - 1; i++)
                {
                    if (LogRecord.TryParse(Encoding.UTF8.GetBytes(lines[i]), out LogRecord record))
                    {
                        numbers.Add(int.Parse(Encoding.UTF8.GetString(record.Escaped[..^2]), CultureInfo.InvariantCulture));
                    }
                }
            }
        }
        return [.. numbers];
    }

    public void Dispose()
    {
        _abandoned = true;
        while (!HasEnded)
        {
            _turn.Release();
            _stopped.Wait();
        }
        _thread.Join();
        _turn.Dispose();
        _stopped.Dispose();
    }

    /// <summary>The process is gone.</summary>
    internal sealed class KilledException : Exception;
}
