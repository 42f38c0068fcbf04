namespace Skiff.Linux.Spawning;

/// <summary>A process that a process of ours is going to make: see <see cref="Spawn.Embed"/>.</summary>
public sealed unsafe class Grandchild
{
    private readonly ChildProgram _parent;
    private readonly int _index;
    private readonly ReportChannel _channel;
    private readonly SharedPage _page;
    private readonly Interpreter* _interpreter;

    internal Grandchild(ChildProgram parent, int index, Result pid, ReportChannel channel, SharedPage page, Interpreter* interpreter)
    {
        _parent = parent;
        _index = index;
        Pid = pid;
        _channel = channel;
        _page = page;
        _interpreter = interpreter;
    }

    /// <summary>Its number, for later instructions of its parent's program.</summary>
    public Result Pid { get; }

    /// <summary>The process, once its parent has made it.</summary>
    /// <param name="parent">The parent as it was started.</param>
    /// <exception cref="LinuxException">clone3 failed, or the parent was killed.</exception>
    public SpawnedProcess Born(SpawnedProcess parent)
    {
        bool made = parent.WaitUntilPast(_index);
        int pid = made ? Number() : 0;
        // Its number is not given to another process before its parent has waited for it.
        Pidfd? process = pid > 0 ? Pidfd.TryOpen(pid) : null;
        _channel.CloseChildEnd();
        if (process is null)
        {
            _page.Dispose();
            throw new LinuxException("clone3", "", made && pid < 0 ? -pid : parent.Channel.AwaitReport()?.Errno ?? Errno.ESRCH);
        }
        return new SpawnedProcess(pid, process, _channel, _page, _interpreter);
    }

    /// <summary>The parent writes it before it goes on, but another processor may see that the other way round.</summary>
    private int Number()
    {
        SpinWait spin = default;
        while (_parent.ValueOf(Pid) == 0)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }
        return (int)_parent.ValueOf(Pid);
    }
}
