using Skiff.Engine.Launch;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Engine.Monitoring;

/// <summary>Copies a container's output to its log until it ends.</summary>
internal static class MonitorLoop
{
    internal static void Serve(ContainerLaunch launch, MonitorStreams streams, LogWriter log, SignalPipe signals, int signalOfStop)
    {
        byte[] buffer = new byte[LogWriter.MaximumText];
        int output = launch.Console?.Value ?? streams.Output?.Value ?? -1;
        int error = streams.Error?.Value ?? -1;
        Span<PollFd> entries = stackalloc PollFd[4];
        while (true)
        {
            entries[0] = new PollFd(launch.Process.Pidfd.Fd.Value, Poll.POLLIN);
            entries[1] = new PollFd(signals.Fd.Value, Poll.POLLIN);
            entries[2] = new PollFd(output, Poll.POLLIN);
            entries[3] = new PollFd(error, Poll.POLLIN);
            Poll.Wait(entries, -1);
            while (signals.TryRead(out int signal))
            {
                // The host shuts down: the container is asked to stop as `stop` asks it.
                launch.Process.Pidfd.Signal(signal == Signals.SIGTERM ? signalOfStop : signal);
            }
            output = entries[2].ReturnedEvents != 0 && !Copy(output, false, buffer, log) ? -1 : output;
            error = entries[3].ReturnedEvents != 0 && !Copy(error, true, buffer, log) ? -1 : error;
            if (entries[0].ReturnedEvents != 0)
            {
                Drain(output, false, buffer, log);
                Drain(error, true, buffer, log);
                return;
            }
        }
    }

    /// <summary>What the container wrote before it ended is still in the pipes.</summary>
    private static void Drain(int fd, bool isError, byte[] buffer, LogWriter log)
    {
        while (fd >= 0 && Poll.Wait(fd, Poll.POLLIN, 0) != 0 && Copy(fd, isError, buffer, log)) { }
    }

    private static unsafe bool Copy(int fd, bool isError, byte[] buffer, LogWriter log)
    {
        fixed (byte* p = buffer)
        {
            nint n = RawCall.Invoke(SyscallNumber.read, fd, (nint)p, buffer.Length);
            if (n <= 0)
            {
                return false;
            }
            log.Add(isError, buffer.AsSpan(0, (int)n));
            return true;
        }
    }
}
