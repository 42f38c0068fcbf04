using System.Globalization;
using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff monitor ID STATUS-FD SOFT:HARD RESTARTS LOCK-FD CLIENT-FD</c>: the parent of a container in the background; only the engine starts it.</summary>
internal static class MonitorCommand
{
    public static Command Define() =>
        new()
        {
            Name = "monitor",
            Summary = "Watch a container in the background (started by the engine itself)",
            Usage = "ID STATUS-FD SOFT:HARD RESTARTS LOCK-FD CLIENT-FD",
            MinArguments = 6,
            MaxArguments = 6,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        IReadOnlyList<string> words = invocation.Arguments;
        SkiffEngine engine = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        ContainerRecord record = engine.Containers.Find(words[0]);
        if (record.HealthCheck is not null)
        {
            ReadOnlySelf.Ensure(); // its probes show themselves in the container before they execute their command, as exec does
        }
        // The container must not inherit them: a pipe or a lock that stays open would hold whoever waits for it.
        SafeFd status = Private(words[1]);
        SafeFd gate = Private(words[4]);
        SafeFd? client = words[5] == "none" ? null : Private(words[5]);
        int colon = words[2].IndexOf(':');
        ulong soft = ulong.Parse(words[2].AsSpan(0, colon), CultureInfo.InvariantCulture);
        ulong hard = ulong.Parse(words[2].AsSpan(colon + 1), CultureInfo.InvariantCulture);
        return new ContainerMonitor(engine, record, status, gate, hard == 0 ? null : (soft, hard), client).Run();
    }

    private static SafeFd Private(string number)
    {
        const int F_SETFD = 2;
        SafeFd fd = new(int.Parse(number, CultureInfo.InvariantCulture));
        RawCall.Invoke(SyscallNumber.fcntl, fd.Value, F_SETFD, 1);
        return fd;
    }
}
