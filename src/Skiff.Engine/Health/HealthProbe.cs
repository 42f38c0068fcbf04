using System.Text;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Monitoring;
using Skiff.Engine.Spec;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Health;

/// <summary>One check that runs in the container, as <c>exec</c> would run it, with what it has written.</summary>
internal sealed class HealthProbe : IDisposable
{
    private readonly ContainerExec _exec;
    private readonly SafeFd _output;
    private readonly byte[] _text = new byte[HealthState.MaximumOutput];
    private readonly DateTimeOffset _began;
    private int _length;
    private bool _cut;

    private HealthProbe(ContainerExec exec, SafeFd output, DateTimeOffset began)
    {
        _exec = exec;
        _output = output;
        _began = began;
    }

    /// <summary>Readable when the check has ended.</summary>
    internal int Process => _exec.Process.Pidfd.Fd.Value;

    /// <summary>Readable when it has written something.</summary>
    internal int Output => _output.Value;

    /// <summary>Starts it; throws what <see cref="ContainerExec.Start"/> throws.</summary>
    internal static HealthProbe Start(
        SkiffEngine engine,
        ContainerRecord record,
        ContainerState state,
        HealthCheck check,
        (ulong Soft, ulong Hard)? noFile,
        DateTimeOffset began
    )
    {
        (SafeFd read, SafeFd write) = Pipe.Open();
        try
        {
            using (write)
            using (SafeFd nothing = Files.Open("/dev/null", OpenFlags.O_RDONLY))
            {
                ContainerExec exec = ContainerExec.Start(
                    engine,
                    record,
                    state,
                    new ExecWishes
                    {
                        Arguments = HealthConfig.Command(check),
                        Standard = (nothing.Value, write.Value, write.Value),
                        Silent = true,
                        CallerNoFile = noFile,
                    }
                );
                return new HealthProbe(exec, read, began);
            }
        }
        catch
        {
            read.Dispose();
            throw;
        }
    }

    /// <summary>Takes what is there without waiting; false at the end of the stream. What is too much is read and forgotten, so that the check never waits for us.</summary>
    internal bool Take()
    {
        Span<byte> surplus = stackalloc byte[512];
        while (Poll.Wait(_output.Value, Poll.POLLIN, 0) != 0)
        {
            bool room = _length < _text.Length;
            int n = Files.TryRead(_output, room ? _text.AsSpan(_length) : surplus, out _);
            if (n <= 0)
            {
                return false;
            }
            _length += room ? n : 0;
            _cut |= !room;
        }
        return true;
    }

    /// <summary>Kills the check with all that it started in its process group.</summary>
    internal void Kill()
    {
        // The check leads a session of its own, and its number cannot be another's before it is waited for.
        _ = Signals.SendToGroup(_exec.Process.Pid, Signals.SIGKILL);
        _ = _exec.Process.Pidfd.Signal(Signals.SIGKILL);
    }

    /// <summary>The result of a check that has ended.</summary>
    internal HealthResult Finish()
    {
        int code = _exec.Finish();
        Take();
        return Result(code, Text());
    }

    /// <summary>Waits for a check that was killed, but not for ever.</summary>
    internal void Reap()
    {
        if (_exec.Process.Pidfd.WaitReadable(1000))
        {
            _ = _exec.Process.Pidfd.Wait();
        }
    }

    /// <summary>The result of a check that took too long.</summary>
    internal HealthResult TimedOut(TimeSpan timeout)
    {
        Take();
        string text = $"Health check exceeded timeout ({GoDuration.Format(timeout)})";
        return Result(-1, _length > 0 ? $"{text}: {Text()}" : text);
    }

    private HealthResult Result(int code, string text) => new(_began, TimeProvider.System.GetUtcNow(), code, text);

    private string Text() => Encoding.UTF8.GetString(_text, 0, _length) + (_cut ? "..." : "");

    /// <inheritdoc/>
    public void Dispose()
    {
        _exec.Dispose();
        _output.Dispose();
    }
}
