using System.Diagnostics;

namespace Skiff.Linux.Spawning;

/// <summary>A child: its pid, its pidfd, its reports.</summary>
public sealed unsafe class SpawnedProcess : IDisposable
{
    private readonly SharedPage _page;
    private readonly Interpreter* _interpreter;

    internal SpawnedProcess(int pid, Pidfd pidfd, ReportChannel channel, SharedPage page, Interpreter* interpreter)
    {
        _interpreter = interpreter;
        Pid = pid;
        Pidfd = pidfd;
        Channel = channel;
        _page = page;
    }

    /// <summary>The process id in the caller's pid namespace.</summary>
    public int Pid { get; }

    /// <summary>The process as a descriptor.</summary>
    public Pidfd Pidfd { get; }

    /// <summary>Reports and permission to go on.</summary>
    public ReportChannel Channel { get; }

    /// <summary>Lets a child that shares our memory run what has been added to its program since. It must be waiting in its last instruction, and is not woken by this.</summary>
    public void Extend(ChildProgram program)
    {
        if (_interpreter == null || _interpreter->Code != program.Code)
        {
            throw new InvalidOperationException("the child has a copy of the program");
        }
        Volatile.Write(ref _interpreter->Count, program.Count);
    }

    /// <summary>Index of the instruction that the child runs or ended in; -1 before the first.</summary>
    public int Position => (int)Volatile.Read(ref _page.Progress->At) - 1;

    /// <summary>Waits until the child is past an instruction; false when it ended before. The child is on its way, so this seldom waits at all.</summary>
    public bool WaitUntilPast(int instruction)
    {
        for (int turns = 0; Position <= instruction; turns++)
        {
            if (turns < 100)
            {
                _ = RawCall.Invoke(SyscallNumber.sched_yield);
            }
            else if (Pidfd.WaitReadable(1))
            {
                return Position > instruction;
            }
        }
        return true;
    }

    /// <summary>CLOCK_MONOTONIC nanoseconds at which instruction <paramref name="index"/> began; 0 when it was skipped or nothing was traced.</summary>
    public long StartedAt(int index) =>
        _page.Times == null ? 0 : (_page.Times[index].Seconds * 1_000_000_000) + _page.Times[index].Nanoseconds;

    /// <inheritdoc/>
    public void Dispose()
    {
        Pidfd.Dispose();
        Channel.Dispose();
        _page.Dispose();
    }

    internal bool HasBegun(int milliseconds)
    {
        if (Volatile.Read(ref _page.Progress->At) != 0)
        {
            return true;
        }
        long deadline = Stopwatch.GetTimestamp() + (Stopwatch.Frequency * milliseconds / 1000);
        SpinWait spin = default;
        while (Volatile.Read(ref _page.Progress->At) == 0)
        {
            if (Stopwatch.GetTimestamp() > deadline)
            {
                return false;
            }
            spin.SpinOnce(sleep1Threshold: -1);
        }
        return true;
    }
}
