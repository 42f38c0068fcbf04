namespace Skiff.SystemTests.Fixture;

/// <summary>A network namespace of a test's own. It exists as long as this process holds its descriptor: nothing to clean, whatever happens.</summary>
internal sealed class Netns : IDisposable
{
    private readonly int _fd = -1;

    public Netns()
    {
        int fd = -1;
        Exception? failure = null;
        // unshare(2) moves the calling thread only; that thread ends here, so no other work ever runs in the namespace by accident.
        var thread = new Thread(() =>
        {
            try
            {
                Native.Check(Native.unshare(Native.CLONE_NEWNET), "unshare(CLONE_NEWNET)");
                fd = Native.Check(Native.open("/proc/thread-self/ns/net", Native.O_RDONLY | Native.O_CLOEXEC), "open the namespace");
            }
            catch (InvalidOperationException e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            throw failure;
        }
        _fd = fd;
        Run("ip", "link", "set", "lo", "up").Succeeded();
    }

    /// <summary>A path that names the namespace to other processes.</summary>
    public string Path => $"/proc/{Environment.ProcessId}/fd/{_fd}";

    /// <summary>The words that run a command in this namespace; nsenter(1) execs it, so its pid is the command's.</summary>
    public string[] Prefix => ["nsenter", $"--net={Path}", "--"];

    /// <summary>Runs a program inside, whatever its exit code.</summary>
    public CommandResult Run(params string[] command) => Tool.Try([.. Prefix, .. command]);

    /// <summary>Runs code on a thread that has joined the namespace; sockets made there stay in it.</summary>
    public T On<T>(Func<T> work)
    {
        T? result = default;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Native.Check(Native.setns(_fd, Native.CLONE_NEWNET), "setns");
                result = work();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            throw new InvalidOperationException($"in the network namespace: {failure.Message}", failure);
        }
        return result!;
    }

    public void Dispose() => _ = Native.close(_fd);
}
