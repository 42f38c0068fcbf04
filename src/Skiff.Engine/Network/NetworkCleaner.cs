using Skiff.Linux;
using Skiff.Linux.Netlink;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Network;

/// <summary>Removes what nobody uses any more, elsewhere: in a small detached process, so that no command waits for the kernel.</summary>
internal static class NetworkCleaner
{
    private const int AT_FDCWD = -100;
    private const int AF_NETLINK = 16;
    private const int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private const int AT_REMOVEDIR = 0x200;
    private const int LOCK_EX = 2;
    private const int LOCK_NB = 4;

    /// <summary>Longer than an RCU grace period: after it, closing the socket of a deletion waits for nothing, and so holds up nobody else's transaction.</summary>
    private static readonly TimeSpan s_gracePeriod = TimeSpan.FromMilliseconds(100);

    /// <summary>Starts it; returns at once. Nothing is started when there is nothing to do, or when one that removes the idle network waits already.</summary>
    /// <param name="idle">The network, when nothing is leased any more.</param>
    /// <param name="ports">Ports to remove now.</param>
    /// <param name="delay">How long it waits before it removes the network: a script that runs one container after the other keeps its bridge.</param>
    /// <param name="orphan">True to leave it to init: the caller lives on, and would have to wait for it.</param>
    /// <param name="wait">True to return when it has ended.</param>
    internal static void Start(NetworkTeardown? idle, PortRemoval? ports, TimeSpan delay, bool orphan, bool wait = false)
    {
        using SafeFd? read = idle?.Read;
        if (idle is not null && ports is null && !wait && !IsFree(idle.Paths.Cleaner))
        {
            return;
        }
        if (idle is null && ports is null)
        {
            return;
        }
        using var program = new ChildProgram();
        using var channel = new ReportChannel();
        Detach(program, orphan, ports?.Firewall?.Fd.Value ?? -1, ports?.Held?.Fd.Value ?? -1, read?.Value ?? -1);
        if (ports is not null)
        {
            RemovePorts(program, ports);
        }
        if (idle is not null)
        {
            RemoveNetwork(program, idle, wait ? null : delay);
        }
        using SpawnedProcess process = Spawn.Start(program, channel);
        if (orphan || wait)
        {
            _ = process.Pidfd.Wait();
        }
    }

    private static bool IsFree(string path)
    {
        using FileLock? mine = FileLock.TryAcquire(path);
        return mine is not null;
    }

    private static void Detach(ChildProgram p, bool orphan, params Span<int> keep)
    {
        if (orphan)
        {
            const int SIGCHLD = 17;
            Result again = p.Call(SyscallNumber.clone, SIGCHLD, 0, 0, 0, 0);
            // The parent, which sees the number of its child, ends here.
            p.Require(again.Address, -1, 0, Errno.ECHILD);
        }
        p.Call(SyscallNumber.setsid);
        p.TolerateAll();
        p.Call(SyscallNumber.chdir, p.Text("/"));
        // Every descriptor, the report channel too: a pipe that a caller reads must not stay open because of this process.
        p.CloseOthers(0, keep);
    }

    private static void RemovePorts(ChildProgram p, PortRemoval ports)
    {
        Operand socket = ports.Firewall is { } open
            ? open.Fd.Value
            : p.Call(SyscallNumber.socket, AF_NETLINK, SOCK_RAW_CLOEXEC, NetlinkSocket.NETLINK_NETFILTER);
        Result all = Lock(p, ports.Paths.Lock);
        p.Call(SyscallNumber.openat, AT_FDCWD, p.Text(ports.Marker), OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC, 0);
        p.Tolerate(Errno.ENOENT, skip: 2);
        // The answers are not read: a deletion that is refused has nothing to delete.
        Send(p, socket, ports.Elements.Message);
        p.Call(SyscallNumber.unlinkat, AT_FDCWD, p.Text(ports.Marker), 0);
        p.TolerateAll();
        p.Call(SyscallNumber.close, all);
        foreach (Linux.Nftables.ConntrackFlush flow in ports.Flows)
        {
            Send(p, socket, flow.Message);
        }
        Sleep(p, s_gracePeriod);
        p.Call(SyscallNumber.close, socket);
    }

    /// <summary>The steps.</summary>
    /// <param name="p">The program.</param>
    /// <param name="t">What is to be removed.</param>
    /// <param name="delay">How long it waits first; null for a command that waits for it.</param>
    private static void RemoveNetwork(ChildProgram p, NetworkTeardown t, TimeSpan? delay)
    {
        if (delay is { } pause)
        {
            Result pending = p.Call(
                SyscallNumber.openat,
                AT_FDCWD,
                p.Text(t.Paths.Cleaner),
                OpenFlags.O_RDWR | OpenFlags.O_CREAT | OpenFlags.O_CLOEXEC,
                0x180
            );
            p.Call(SyscallNumber.flock, pending, LOCK_EX | LOCK_NB);
            Sleep(p, pause);
            Lock(p, t.Paths.Lock);
            // Before the test: whoever gives up its lease after it must be able to start the next cleaner.
            p.Call(SyscallNumber.close, pending);
        }
        else
        {
            Lock(p, t.Paths.Lock);
        }
        // Ends it here when the network was removed meanwhile: its bridge's name may be another one's by now.
        p.Call(
            SyscallNumber.openat,
            AT_FDCWD,
            p.Text(t.Paths.Directory),
            OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_CLOEXEC,
            0
        );
        p.Call(SyscallNumber.unlinkat, AT_FDCWD, p.Text(t.Paths.Leases), AT_REMOVEDIR);
        p.Tolerate(Errno.ENOENT); // an earlier one was killed from here on
        Result socket = p.Call(SyscallNumber.socket, AF_NETLINK, SOCK_RAW_CLOEXEC, NetlinkSocket.NETLINK_NETFILTER);
        foreach (Linux.Nftables.NftTransaction table in t.DeleteTables)
        {
            Send(p, socket, table.Message);
        }
        p.Call(SyscallNumber.close, socket);
        socket = p.Call(SyscallNumber.socket, AF_NETLINK, SOCK_RAW_CLOEXEC, NetlinkSocket.NETLINK_ROUTE);
        Send(p, socket, t.DeleteBridge.Message);
        p.Call(SyscallNumber.close, socket);
        foreach (string path in (ReadOnlySpan<string>)[t.Paths.Ingress, $"{t.Paths.Active}/{t.Paths.Key}"])
        {
            p.Call(SyscallNumber.unlinkat, AT_FDCWD, p.Text(path), 0);
            p.TolerateAll();
        }
        if (t.Forgets)
        {
            Forget(p, t.Paths);
        }
        // Fails, and so ends the program, while another network is up: forwarding stays on for it.
        p.Call(SyscallNumber.unlinkat, AT_FDCWD, p.Text(t.Paths.Active), AT_REMOVEDIR);
        p.Tolerate(Errno.ENOENT);
        if (t.Read is { } read)
        {
            Restore(p, t, NetworkTeardown.Opened(read));
        }
        RestoreElse(p, t);
    }

    /// <summary>Writes the old values back, unless they are no longer all: the file that they were read from has no name any more then, so that it cannot be given another one.</summary>
    private static void Restore(ChildProgram p, NetworkTeardown t, string opened)
    {
        const int AT_SYMLINK_FOLLOW = 0x400;
        nint second = p.Text(t.Paths.Restoring);
        p.Call(SyscallNumber.unlinkat, AT_FDCWD, second, 0);
        p.TolerateAll();
        p.Call(SyscallNumber.linkat, AT_FDCWD, p.Text(opened), AT_FDCWD, second, AT_SYMLINK_FOLLOW);
        p.TolerateAll();
        int replaced = p.Count - 1;
        foreach (KeyValuePair<string, string> value in t.Restore)
        {
            Result file = p.Call(SyscallNumber.openat, AT_FDCWD, p.Text(value.Key), OpenFlags.O_WRONLY | OpenFlags.O_CLOEXEC, 0);
            p.TolerateAll(skip: 2);
            p.Call(SyscallNumber.write, file, p.Text(value.Value), value.Value.Length);
            p.TolerateAll();
            p.Call(SyscallNumber.close, file);
        }
        foreach (nint name in (ReadOnlySpan<nint>)[second, p.Text(t.Paths.Restore)])
        {
            p.Call(SyscallNumber.unlinkat, AT_FDCWD, name, 0);
            p.TolerateAll();
        }
        p.SkipToHere(replaced);
    }

    /// <summary>What another network has changed while this process waited, and could not leave to a cleaner of its own because this one was the last: a command that looks anew begins with it.</summary>
    private static void RestoreElse(ChildProgram p, NetworkTeardown t)
    {
        // Ends it here when everything is restored.
        p.Call(SyscallNumber.openat, AT_FDCWD, p.Text(t.Paths.Restore), OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC, 0);
        string? bridge = Environment.GetEnvironmentVariable("SKIFF_BRIDGE");
        p.Call(
            SyscallNumber.execve,
            p.Text("/proc/self/exe"),
            p.TextArray("skiff", "--root", t.Root, "--runroot", t.Paths.Runroot, "ps", "-q"),
            p.TextArray(bridge is null ? [] : ["SKIFF_BRIDGE=" + bridge])
        );
    }

    /// <summary>The files of a network that nobody can come back to.</summary>
    private static void Forget(ChildProgram p, NetworkPaths paths)
    {
        foreach (string file in (ReadOnlySpan<string>)[paths.LastAddress, paths.Warned, paths.Cleaner, paths.Definition])
        {
            p.Call(SyscallNumber.unlinkat, AT_FDCWD, p.Text(file), 0);
            p.TolerateAll();
        }
        foreach (string directory in (ReadOnlySpan<string>)[paths.Owners, paths.Asked6, paths.Names, paths.Directory])
        {
            p.Call(SyscallNumber.unlinkat, AT_FDCWD, p.Text(directory), AT_REMOVEDIR);
            p.TolerateAll();
        }
    }

    private static Result Lock(ChildProgram p, string path)
    {
        Result file = p.Call(
            SyscallNumber.openat,
            AT_FDCWD,
            p.Text(path),
            OpenFlags.O_RDWR | OpenFlags.O_CREAT | OpenFlags.O_CLOEXEC,
            0x180
        );
        p.Call(SyscallNumber.flock, file, LOCK_EX);
        return file;
    }

    /// <summary>netlink works inside send(2): when it returns, it is done.</summary>
    private static void Send(ChildProgram p, Operand socket, ReadOnlyMemory<byte> message)
    {
        p.Call(SyscallNumber.sendto, socket, p.Bytes(message.Span), message.Length, 0, 0, 0);
        p.TolerateAll();
    }

    private static void Sleep(ChildProgram p, TimeSpan time)
    {
        byte[] bytes = new byte[16];
        BitConverter.TryWriteBytes(bytes, time.Ticks / TimeSpan.TicksPerSecond);
        BitConverter.TryWriteBytes(bytes.AsSpan(8), time.Ticks % TimeSpan.TicksPerSecond * 100);
        p.Call(SyscallNumber.nanosleep, p.Bytes(bytes), 0);
    }
}
