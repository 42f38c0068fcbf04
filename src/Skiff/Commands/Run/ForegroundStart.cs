using Skiff.Engine;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Run;

/// <summary>What a foreground container needs that can be had before its image is known: its input and its first process, which is at its namespaces meanwhile.</summary>
internal sealed class ForegroundStart : IDisposable
{
    private readonly SafeFd? _nothing;

    private ForegroundStart(SafeFd? nothing, LaunchWishes wishes)
    {
        _nothing = nothing;
        Wishes = wishes;
    }

    /// <summary>How the container is connected with this process.</summary>
    internal LaunchWishes Wishes { get; }

    /// <summary>The first process; null where more must be known first.</summary>
    internal Newborn? Newborn { get; private set; }

    /// <summary>Opens the input.</summary>
    internal static ForegroundStart Open(RunOptions options, bool traced)
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
        return new ForegroundStart(nothing, wishes);
    }

    /// <summary>Makes the first process. The container's session must have begun: it leads to what is left if this process is killed.</summary>
    internal void Bear(string id, RunOptions options, FileLock session) => Newborn = Newborn.TryBear(id, options, Wishes, session);

    /// <summary>Ends the first process, unless it has become a container.</summary>
    public void Dispose()
    {
        _nothing?.Dispose();
        Newborn?.Dispose();
    }
}
