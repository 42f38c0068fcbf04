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
            Usage = "ID SOCKET-FD SOFT:HARD [OUT-FD:ERR-FD:IN-FD:CONSOLE-FD]",
            MinArguments = 3,
            MaxArguments = 4,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        IReadOnlyList<string> words = invocation.Arguments;
        Name();
        SkiffEngine engine = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        SafeFd socket = new(int.Parse(words[1], CultureInfo.InvariantCulture));
        Inheritance? inherited = words.Count > 3 ? Inheritance.Parse(words[3]) : null;
        // First only a look: if the process begins anew, the order must still be there.
        bool ordered = PacketSocket.Peek(socket, stackalloc byte[1]) > 0;
        if ((ordered || inherited is not null ? engine.Containers.TryLoad(words[0]) : null) is not { } record)
        {
            if (inherited is not null)
            {
                engine.Reconciler.Unrecorded(words[0]); // or the container was deleted under it, with its whole store
            }
            return Unused(engine); // the command failed, or was killed, before it had a container
        }
        // Its probes show themselves in the container before they execute their command, as exec does; in a shared pid namespace the first process does, too.
        if (record.HealthCheck is not null || PeerLookup.SharesPids(record))
        {
            ReadOnlySelf.Ensure();
        }
        MonitorOrder? orphan = ordered ? null : MonitorOrder.OfOrphan(engine, record.Id);
        if (!ordered && orphan is null)
        {
            return Unused(engine); // killed before the container ran
        }
        // The container must not inherit it: a socket that stays open would hold whoever waits for its end.
        const int F_SETFD = 2;
        RawCall.Invoke(SyscallNumber.fcntl, socket.Value, F_SETFD, 1);
        int colon = words[2].IndexOf(':');
        ulong soft = ulong.Parse(words[2].AsSpan(0, colon), CultureInfo.InvariantCulture);
        ulong hard = ulong.Parse(words[2].AsSpan(colon + 1), CultureInfo.InvariantCulture);
        inherited?.Keep();
        MonitorOrder order = orphan ?? MonitorOrder.Receive(socket);
        if (order.Task != MonitorTask.Watch)
        {
            inherited?.Refuse();
        }
        return new ContainerMonitor(engine, record, socket, order, hard == 0 ? null : (soft, hard), inherited).Run();
    }

    /// <summary>Nothing to do after all, but to remove what a command that was killed has left of its container.</summary>
    private static int Unused(SkiffEngine engine)
    {
        engine.Reconciler.Sessions();
        return 0;
    }

    /// <summary>It was executed by the number of a descriptor, or as "exe".</summary>
    private static unsafe void Name()
    {
        const int PR_SET_NAME = 15;
        fixed (byte* name = "skiff-monitor\0"u8)
        {
            RawCall.Invoke(SyscallNumber.prctl, PR_SET_NAME, (nint)name);
        }
    }
}
