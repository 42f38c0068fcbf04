using Skiff.Build.Context;
using Skiff.Linux;

namespace Skiff.Build.Steps;

/// <summary>One source of a copy, found and read.</summary>
/// <param name="Name">The name of a file at a destination that is a directory.</param>
/// <param name="Path">The path as written, for <c>--parents</c>.</param>
/// <param name="File">The file or directory, O_PATH.</param>
/// <param name="Node">What was read.</param>
internal sealed record CopyItem(string Name, string Path, SafeFd File, SourceNode Node)
{
    /// <summary>An archive that is to be unpacked at the destination.</summary>
    internal bool IsArchive { get; init; }
}
