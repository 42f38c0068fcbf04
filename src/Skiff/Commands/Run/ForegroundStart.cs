using Skiff.Engine;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Run;

/// <summary>What a foreground container needs that can be had before its image is known: its input, the caller's signals, and its first process, which is at its namespaces meanwhile.</summary>
internal sealed class ForegroundStart : IDisposable
{
    private readonly SafeFd? _nothing;
    private bool _used;

    private ForegroundStart(SafeFd? nothing, SignalPipe signals, LaunchWishes wishes)
    {
        _nothing = nothing;
        Signals = signals;
        Wishes = wishes;
    }

    /// <summary>The signals that the caller sends from now on.</summary>
    internal SignalPipe Signals { get; }

    /// <summary>How the container is connected with this process.</summary>
    internal LaunchWishes Wishes { get; }

    /// <summary>The first process; null where more must be known first.</summary>
    internal Newborn? Newborn { get; private set; }

    /// <summary>Opens all of it. The container's session must have begun: it leads to what is left if this process is killed.</summary>
    internal static ForegroundStart Make(string id, RunOptions options, bool traced)
    {
        if (options.Tty && options.Interactive && !Tty.IsTerminal(0))
        {
            throw new SkiffException("the input is not a terminal: leave out -t, or run it from a terminal") { IsUsage = true };
        }
        SafeFd? nothing = options.Interactive || options.Tty ? null : Files.Open("/dev/null", OpenFlags.O_RDONLY);
        LaunchWishes wishes = new()
        {
            Terminal = options.Tty,
            DiesWithParent = true,
            Standard = (nothing?.Value ?? 0, 1, 2),
            Traced = traced,
        };
        ForegroundStart start = new(nothing, SignalPipe.Open(ForwardedSignals.All), wishes);
        try
        {
            start.Newborn = Newborn.TryBear(id, options, wishes);
            return start;
        }
        catch
        {
            start.Dispose();
            throw;
        }
    }

    /// <summary>The container is going to be, so signals are for it.</summary>
    internal void Use() => _used = true;

    /// <inheritdoc/>
    public void Dispose()
    {
        _nothing?.Dispose();
        Newborn?.Dispose();
        if (_used)
        {
            return; // this process ends with the container; there is nothing left that a signal could end before
        }
        int missed = 0;
        while (Signals.TryRead(out int signal))
        {
            missed = signal;
        }
        Signals.Dispose();
        if (missed != 0)
        {
            // it was meant for this command, which was not to be delayed by it
            _ = RawCall.Invoke(SyscallNumber.kill, Environment.ProcessId, missed);
        }
    }
}
