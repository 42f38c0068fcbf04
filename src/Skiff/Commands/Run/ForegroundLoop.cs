using System.Diagnostics;
using Skiff.Commands.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Spawning;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Run;

/// <summary>Waits for the container's end; meanwhile passes on signals and, with a terminal, bytes and window sizes.</summary>
internal static class ForegroundLoop
{
    internal static void Serve(ContainerLaunch launch, RunOptions options, SignalPipe signals) =>
        Serve(launch.Process, launch.Console, options, signals);

    /// <summary>The same for a process that joined a container; true when the keys were typed that leave it.</summary>
    internal static bool Serve(SpawnedProcess process, SafeFd? console, RunOptions options, SignalPipe signals, DetachKeys? keys = null)
    {
        int master = console?.Value ?? -1;
        using RawMode? raw = master >= 0 && options.Interactive ? RawMode.TryEnter(0) : null;
        Resize(master);
        long deadline = options.Timeout > 0 ? Stopwatch.GetTimestamp() + (options.Timeout * Stopwatch.Frequency) : long.MaxValue;
        byte[] buffer = master >= 0 ? new byte[16 << 10] : [];
        TypedInput? typed = master >= 0 && options.Interactive ? new TypedInput(console!, keys) : null;
        bool output = master >= 0;
        Span<PollFd> entries = stackalloc PollFd[4];
        ProgramCode.Forget();
        while (true)
        {
            entries[0] = new PollFd(process.Pidfd.Fd.Value, Poll.POLLIN);
            entries[1] = new PollFd(signals.Fd.Value, Poll.POLLIN);
            bool waits = typed is { Waits: true };
            entries[2] = new PollFd(output || waits ? master : -1, (short)((output ? Poll.POLLIN : 0) | (waits ? Poll.POLLOUT : 0)));
            entries[3] = new PollFd(typed is { Reads: true } ? 0 : -1, Poll.POLLIN);
            int ready = Poll.Wait(entries, Milliseconds(deadline));
            if (ready == 0 && Stopwatch.GetTimestamp() >= deadline)
            {
                process.Pidfd.Signal(Signals.SIGKILL);
                deadline = long.MaxValue;
                continue;
            }
            Forward(process, options, signals, master);
            if (output && (entries[2].ReturnedEvents & ~Poll.POLLOUT) != 0)
            {
                output = Copy(master, 1, buffer);
            }
            if (waits && entries[2].ReturnedEvents != 0)
            {
                typed!.Pass();
            }
            if (entries[3].ReturnedEvents != 0 && typed!.Read(buffer))
            {
                return true;
            }
            if (entries[0].ReturnedEvents != 0)
            {
                while (output && Poll.Wait(master, Poll.POLLIN, 0) != 0 && Copy(master, 1, buffer)) { }
                return false;
            }
        }
    }

    private static int Milliseconds(long deadline) =>
        deadline == long.MaxValue
            ? -1
            : (int)Math.Clamp(((deadline - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency) + 1, 0, int.MaxValue);

    private static void Forward(SpawnedProcess process, RunOptions options, SignalPipe signals, int master)
    {
        while (signals.TryRead(out int signal))
        {
            if (signal == Signals.SIGWINCH && master >= 0)
            {
                Resize(master);
            }
            else if (options.SigProxy)
            {
                process.Pidfd.Signal(signal);
            }
        }
    }

    private static void Resize(int master)
    {
        if (master >= 0 && (Tty.GetSize(0) ?? Tty.GetSize(1)) is { } size)
        {
            Tty.SetSize(master, size);
        }
    }

    /// <summary>The master does not block: that it has nothing after all is not its end.</summary>
    private static bool Copy(int from, int to, byte[] buffer)
    {
        int n = Files.TryRead(from, buffer, out int errno);
        return n > 0 ? Files.TryWriteAll(to, buffer.AsSpan(0, n)) == 0 : n < 0 && errno == Errno.EAGAIN;
    }
}
