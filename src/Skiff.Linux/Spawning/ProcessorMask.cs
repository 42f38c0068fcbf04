using System.Numerics;

namespace Skiff.Linux.Spawning;

/// <summary>The processors on which a process may run, sched_setaffinity(2).</summary>
/// <remarks>
/// Two processes that work side by side for some milliseconds should have a processor each. The kernel places a new process once, at its birth, and often enough behind its parent although another processor sleeps (seen on
/// Linux 6.18 in virtual machines with two): it then begins when the parent first waits. So the parent takes its own processor from the child's, which moves a child that has not begun at once, and the child takes it back.
/// </remarks>
public static unsafe class ProcessorMask
{
    private const int Words = 16; // 1024 processors

    /// <summary>What a child sets for itself after <see cref="Separate"/>: this process's processors, all there are or will be where it is not confined; null where there is but one, or more than 1024.</summary>
    public static byte[]? OfThisProcess()
    {
        ulong* own = stackalloc ulong[Words];
        ulong* first = stackalloc ulong[Words];
        if (!TryGet(0, own) || CountOf(own) < 2)
        {
            return null;
        }
        ReadOnlySpan<ulong> mask = new(own, Words);
        byte[] bytes = new byte[Words * sizeof(ulong)];
        if (TryGet(1, first) && mask.SequenceEqual(new ReadOnlySpan<ulong>(first, Words)))
        {
            bytes.AsSpan().Fill(0xFF); // a process that was never confined gets new processors as well
        }
        else
        {
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(mask).CopyTo(bytes);
        }
        return bytes;
    }

    /// <summary>Keeps a child, which undoes it, from the processor that this thread is on.</summary>
    public static void Separate(int child)
    {
        ulong* mask = stackalloc ulong[Words];
        uint here;
        if (TryGet(0, mask) && RawCall.Invoke(SyscallNumber.getcpu, (nint)(&here), 0, 0) == 0 && here < Words * 64)
        {
            mask[here / 64] &= ~(1UL << (int)(here % 64));
            _ = RawCall.Invoke(SyscallNumber.sched_setaffinity, child, Words * sizeof(ulong), (nint)mask);
        }
    }

    /// <summary>Sends a process that has nothing to do beside this thread to the processor that this thread is on, and is about to leave.</summary>
    public static void Join(int process)
    {
        ulong* mask = stackalloc ulong[Words];
        uint here;
        if (RawCall.Invoke(SyscallNumber.getcpu, (nint)(&here), 0, 0) == 0 && here < Words * 64)
        {
            new Span<ulong>(mask, Words).Clear();
            mask[here / 64] = 1UL << (int)(here % 64);
            _ = RawCall.Invoke(SyscallNumber.sched_setaffinity, process, Words * sizeof(ulong), (nint)mask);
        }
    }

    private static bool TryGet(int process, ulong* mask)
    {
        new Span<ulong>(mask, Words).Clear();
        return RawCall.Invoke(SyscallNumber.sched_getaffinity, process, Words * sizeof(ulong), (nint)mask) > 0;
    }

    private static int CountOf(ulong* mask)
    {
        int count = 0;
        for (int i = 0; i < Words; i++)
        {
            count += BitOperations.PopCount(mask[i]);
        }
        return count;
    }
}
