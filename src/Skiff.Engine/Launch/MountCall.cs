using Skiff.Linux.Actions;

namespace Skiff.Engine.Launch;

/// <summary>One call of the host that makes a mount tree for a container: shown by explain, made by run.</summary>
/// <param name="Text">The call in strace's manner.</param>
/// <param name="ManPage">The page that explains it.</param>
/// <param name="Work">Makes it.</param>
internal sealed record MountCall(string Text, string ManPage, Action Work) : HostAction
{
    /// <inheritdoc/>
    public override string Text { get; } = Text;

    /// <inheritdoc/>
    public override string ManPage { get; } = ManPage;

    /// <inheritdoc/>
    public override void Run() => Work();
}
