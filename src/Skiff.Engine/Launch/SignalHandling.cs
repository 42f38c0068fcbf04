using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Engine.Launch;

/// <summary>
/// A first process of a pid namespace only receives signals that it handles, pid_namespaces(7): SigCgt of /proc/PID/status, or for one that blocks them and waits with
/// sigwaitinfo(2) or signalfd(2) SigBlk and <see cref="AwaitedSignals"/>.
/// </summary>
public static class SignalHandling
{
    /// <summary>A process that has just begun may not have installed its handlers yet: it gets so long since its start.</summary>
    private const long PatienceMilliseconds = 1000;

    /// <summary>Looks at it that are taken at least: one may fall between two waits.</summary>
    private const int Looks = 3;

    /// <summary>True when the signal will reach the process.</summary>
    /// <param name="state">The running container.</param>
    /// <param name="signal">The number.</param>
    /// <param name="milliseconds">The most to wait for a handler.</param>
    public static bool Handles(ContainerState state, int signal, int milliseconds)
    {
        if (!IsFirst(state.Process.Pid))
        {
            return true;
        }
        long patience = Math.Min(PatienceMilliseconds, milliseconds);
        TimeSpan age = TimeProvider.System.GetUtcNow() - (state.StartedAt ?? DateTimeOffset.MinValue);
        long until = Environment.TickCount64 + Math.Max(0, patience - (long)Math.Min(age.TotalMilliseconds, patience));
        for (int look = 1; ; look++)
        {
            string? status = Files.TryReadText($"/proc/{state.Process.Pid}/status", out _);
            if (status is null || ((Mask(status, "SigCgt:") | Mask(status, "SigBlk:")) & (1UL << (signal - 1))) != 0)
            {
                return true;
            }
            if ((AwaitedSignals.Of(state.Process.Pid) & (1UL << (signal - 1))) != 0)
            {
                return true;
            }
            if (look >= Looks && Environment.TickCount64 >= until)
            {
                return false;
            }
            Thread.Sleep(10);
        }
    }

    private static bool IsFirst(int pid)
    {
        string? status = Files.TryReadText($"/proc/{pid}/status", out _);
        int at = status?.IndexOf("NSpid:", StringComparison.Ordinal) ?? -1;
        if (at < 0)
        {
            return true;
        }
        int end = status!.IndexOf('\n', at);
        string[] pids = status[at..end].Split('\t');
        return pids.Length > 2 && pids[^1] == "1";
    }

    private static ulong Mask(string status, string key)
    {
        int at = status.IndexOf(key, StringComparison.Ordinal);
        if (at < 0)
        {
            return 0;
        }
        int end = status.IndexOf('\n', at);
        return ulong.TryParse(
            status.AsSpan(at + key.Length, end - at - key.Length).Trim(),
            NumberStyles.HexNumber,
            CultureInfo.InvariantCulture,
            out ulong mask
        )
            ? mask
            : 0;
    }
}
