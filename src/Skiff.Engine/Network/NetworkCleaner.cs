using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Network;

/// <summary>Removes a network that nobody uses any more, later and elsewhere: in a small detached process, so that no command waits for the kernel.</summary>
public static class NetworkCleaner
{
    private const int LOCK_EX = 2;
    private const int LOCK_NB = 4;

    /// <summary>Starts the cleaner unless something is leased or one is waiting already. Returns at once.</summary>
    /// <param name="teardown">What it does.</param>
    /// <param name="delay">How long it waits first: a script that runs one container after the other keeps its bridge.</param>
    /// <returns>True when a cleaner was started.</returns>
    public static bool StartIfIdle(NetworkTeardown teardown, TimeSpan delay)
    {
        foreach (string _ in NetworkPaths.List(teardown.Paths.Leases))
        {
            return false;
        }
        if (!Files.Exists(teardown.Paths.Leases))
        {
            return false;
        }
        FileLock? mine = FileLock.TryAcquire(teardown.Paths.Cleaner);
        if (mine is null)
        {
            return false;
        }
        mine.Dispose();
        using var program = new ChildProgram();
        using var channel = new ReportChannel();
        Write(program, teardown, delay);
        using SpawnedProcess process = Spawn.Start(program, channel);
        return true;
    }

    private static void Write(ChildProgram p, NetworkTeardown t, TimeSpan delay)
    {
        const int AT_FDCWD = -100,
            AF_NETLINK = 16,
            SOCK_RAW_CLOEXEC = 3 | 0x80000,
            AT_REMOVEDIR = 0x200;
        p.Call(SyscallNumber.setsid);
        p.TolerateAll();
        p.Call(SyscallNumber.chdir, p.Text("/"));
        // Every descriptor, the report channel too: a pipe that a caller reads must not stay open because of this process.
        p.Call(SyscallNumber.close_range, 0, unchecked((nint)uint.MaxValue), 0);
        Result pending = p.Call(
            SyscallNumber.openat,
            AT_FDCWD,
            p.Text(t.Paths.Cleaner),
            OpenFlags.O_RDWR | OpenFlags.O_CREAT | OpenFlags.O_CLOEXEC,
            0x180
        );
        p.Call(SyscallNumber.flock, pending, LOCK_EX | LOCK_NB);
        p.Call(SyscallNumber.nanosleep, p.Bytes(TimeSpec(delay)), 0);
        Result all = p.Call(
            SyscallNumber.openat,
            AT_FDCWD,
            p.Text(t.Paths.Lock),
            OpenFlags.O_RDWR | OpenFlags.O_CREAT | OpenFlags.O_CLOEXEC,
            0x180
        );
        p.Call(SyscallNumber.flock, all, LOCK_EX);
        // Before the test: whoever gives up its lease after it must be able to start the next cleaner.
        p.Call(SyscallNumber.close, pending);
        p.Call(SyscallNumber.unlinkat, AT_FDCWD, p.Text(t.Paths.Leases), AT_REMOVEDIR);
        nint reply = p.Memory(4096);
        foreach (
            (int protocol, ReadOnlyMemory<byte> message) in (ReadOnlySpan<(int, ReadOnlyMemory<byte>)>)
                [(12, t.DeleteTable.Message), (0, t.DeleteBridge.Message)]
        )
        {
            Result socket = p.Call(SyscallNumber.socket, AF_NETLINK, SOCK_RAW_CLOEXEC, protocol);
            p.Call(SyscallNumber.sendto, socket, p.Bytes(message.Span), message.Length, 0, 0, 0);
            p.TolerateAll();
            p.Call(SyscallNumber.recvfrom, socket, reply, 4096, 0, 0, 0);
            p.TolerateAll();
            p.Call(SyscallNumber.close, socket);
        }
        p.Call(SyscallNumber.unlinkat, AT_FDCWD, p.Text($"{t.Paths.Active}/{t.Paths.Name}"), 0);
        p.TolerateAll();
        // Fails, and so ends the program, while another network is up: forwarding stays on for it.
        p.Call(SyscallNumber.unlinkat, AT_FDCWD, p.Text(t.Paths.Active), AT_REMOVEDIR);
        foreach (KeyValuePair<string, string> value in t.Restore)
        {
            Result file = p.Call(SyscallNumber.openat, AT_FDCWD, p.Text(value.Key), OpenFlags.O_WRONLY | OpenFlags.O_CLOEXEC, 0);
            p.TolerateAll(skip: 2);
            p.Call(SyscallNumber.write, file, p.Text(value.Value), value.Value.Length);
            p.TolerateAll();
            p.Call(SyscallNumber.close, file);
        }
        p.Call(SyscallNumber.unlinkat, AT_FDCWD, p.Text(t.Paths.Restore), 0);
        p.TolerateAll();
    }

    private static byte[] TimeSpec(TimeSpan time)
    {
        byte[] bytes = new byte[16];
        BitConverter.TryWriteBytes(bytes, time.Ticks / TimeSpan.TicksPerSecond);
        BitConverter.TryWriteBytes(bytes.AsSpan(8), time.Ticks % TimeSpan.TicksPerSecond * 100);
        return bytes;
    }
}
