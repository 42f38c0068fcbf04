using System.Buffers.Binary;
using System.Globalization;
using Skiff.Linux;

namespace Skiff.Engine.Launch;

/// <summary>
/// The signals that a process sleeps for in sigwaitinfo(2) or sigtimedwait(2), as our own init and tini do. They are blocked all the time, but while the call sleeps the kernel keeps
/// them in a mask that /proc/PID/status does not show (<c>real_blocked</c>, do_sigtimedwait), and SigBlk is empty; so the call's own argument is read.
/// </summary>
internal static class AwaitedSignals
{
    // rt_sigtimedwait and rt_sigtimedwait_time64 of 32-bit programs; the numbers are those of i386 and arm alike.
    private const int OldCompatibleNumber = 177;
    private const int CompatibleNumber = 421;

    /// <summary>Their mask; 0 when the process does something else, all when it cannot be told.</summary>
    internal static ulong Of(int pid)
    {
        // "128 0x7ffe… 0x7ffe… …": the number and six arguments in hexadecimal; "running" while it sleeps in no call.
        if (Files.TryReadText($"/proc/{pid}/syscall", out _) is not string text)
        {
            return ulong.MaxValue; // Yama's ptrace_scope 3 forbids it even to root
        }
        string[] words = text.Split(' ');
        if (
            words.Length < 2
            || !int.TryParse(words[0], CultureInfo.InvariantCulture, out int number)
            || (number != SyscallNumber.rt_sigtimedwait && number is not (OldCompatibleNumber or CompatibleNumber))
        )
        {
            return 0;
        }
        Span<byte> mask = stackalloc byte[8];
        return
            ulong.TryParse(words[1].AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong address)
            && Files.TryOpen($"/proc/{pid}/mem", OpenFlags.O_RDONLY, out _) is { } memory
            && Read(memory, mask, (long)address)
            ? BinaryPrimitives.ReadUInt64LittleEndian(mask)
            : ulong.MaxValue;
    }

    private static bool Read(SafeFd memory, Span<byte> mask, long address)
    {
        using (memory)
        {
            return Files.TryReadAt(memory, mask, address) == mask.Length;
        }
    }
}
