using Skiff.Linux.Actions;

namespace Skiff.Engine.Plan;

/// <summary>A call that the launcher makes itself, between the actions that it is handed: shown in its place, made elsewhere.</summary>
/// <param name="Text">The call in strace's manner.</param>
/// <param name="ManPage">The page that explains it.</param>
public sealed record LauncherCall(string Text, string ManPage) : HostAction
{
    /// <inheritdoc/>
    public override string Text { get; } = Text;

    /// <inheritdoc/>
    public override string ManPage { get; } = ManPage;

    /// <summary>Nothing: the launcher has made the call by then.</summary>
    public override void Run() { }
}
