using System.Globalization;
using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff monitor ID STATUS-FD SOFT:HARD RESTARTS</c>: the parent of a container in the background; only the engine starts it.</summary>
internal static class MonitorCommand
{
    public static Command Define() =>
        new()
        {
            Name = "monitor",
            Summary = "Watch a container in the background (started by the engine itself)",
            Usage = "ID STATUS-FD SOFT:HARD RESTARTS",
            MinArguments = 4,
            MaxArguments = 4,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        IReadOnlyList<string> words = invocation.Arguments;
        SafeFd status = new(int.Parse(words[1], CultureInfo.InvariantCulture));
        // The container must not inherit it: a pipe that stays open would hold whoever waits for the answer.
        const int F_SETFD = 2;
        RawCall.Invoke(SyscallNumber.fcntl, status.Value, F_SETFD, 1);
        int colon = words[2].IndexOf(':');
        ulong soft = ulong.Parse(words[2].AsSpan(0, colon), CultureInfo.InvariantCulture);
        ulong hard = ulong.Parse(words[2].AsSpan(colon + 1), CultureInfo.InvariantCulture);
        SkiffEngine engine = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        ContainerRecord record = engine.Containers.Find(words[0]);
        return new ContainerMonitor(engine, record, status, hard == 0 ? null : (soft, hard)).Run();
    }
}
