using Skiff.Linux;

namespace Skiff.Engine.Transfer;

/// <summary>Where a copy goes.</summary>
/// <param name="Kind">What is there.</param>
/// <param name="Place">The directory itself, or the one that the file is in or will be in.</param>
/// <param name="Path">The path, after links.</param>
internal sealed record CopyTarget(FileKind Kind, SafeFd Place, CopyPath Path) : IDisposable
{
    public void Dispose() => Place.Dispose();
}
