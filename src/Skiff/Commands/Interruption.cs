using System.Diagnostics;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands;

/// <summary>Ctrl-C and SIGTERM as a cancellation, for long work that must clean up: the first asks it to end, the second ends the program at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly SignalPipe _signals = SignalPipe.Open(Signals.SIGINT, Signals.SIGTERM, Signals.SIGHUP);
    private readonly CancellationTokenSource _source = new();
    private readonly Thread _thread;
    private volatile bool _over;
    private long _first;

    public Interruption()
    {
        _thread = new Thread(Watch, 256 << 10) { IsBackground = true, Name = "signals" };
        _thread.Start();
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _over = true;
        _signals.Wake();
        _thread.Join();
        _signals.Dispose();
        _source.Dispose();
    }

    private void Watch()
    {
        while (!_over)
        {
            _ = Poll.Wait(_signals.Fd.Value, Poll.POLLIN, -1);
            if (!_signals.TryRead(out int signal) || signal == 0)
            {
                continue;
            }
            // timeout(1) and a shell that ends signal a process and its group: the same signal twice at once is one request.
            if (!_source.IsCancellationRequested)
            {
                _first = Stopwatch.GetTimestamp();
                _source.Cancel();
            }
            else if (Stopwatch.GetElapsedTime(_first).TotalMilliseconds > 300)
            {
                Environment.Exit(128 + signal);
            }
        }
    }
}
