using System.Globalization;
using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Monitoring;
using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff monitor ID SOCKET-FD SOFT:HARD</c>: the parent of a container in the background; only the engine starts it.</summary>
internal static class MonitorCommand
{
    public static Command Define() =>
        new()
        {
            Name = "monitor",
            Summary = "Watch a container in the background (started by the engine itself)",
            Usage = "ID SOCKET-FD SOFT:HARD",
            MinArguments = 3,
            MaxArguments = 3,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        IReadOnlyList<string> words = invocation.Arguments;
        SkiffEngine engine = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        SafeFd socket = new(int.Parse(words[1], CultureInfo.InvariantCulture));
        // First only a look: if the process begins anew, the order must still be there.
        if (PacketSocket.Peek(socket, stackalloc byte[1]) <= 0)
        {
            return 0; // nothing to do after all: the command failed, or was killed, before it had a container
        }
        ContainerRecord record = engine.Containers.Find(words[0]);
        // Its probes show themselves in the container before they execute their command, as exec does; in a shared pid namespace the first process does, too.
        if (record.HealthCheck is not null || PeerLookup.SharesPids(record))
        {
            ReadOnlySelf.Ensure();
        }
        // The container must not inherit it: a socket that stays open would hold whoever waits for its end.
        const int F_SETFD = 2;
        RawCall.Invoke(SyscallNumber.fcntl, socket.Value, F_SETFD, 1);
        int colon = words[2].IndexOf(':');
        ulong soft = ulong.Parse(words[2].AsSpan(0, colon), CultureInfo.InvariantCulture);
        ulong hard = ulong.Parse(words[2].AsSpan(colon + 1), CultureInfo.InvariantCulture);
        return new ContainerMonitor(engine, record, socket, MonitorOrder.Receive(socket), hard == 0 ? null : (soft, hard)).Run();
    }
}
