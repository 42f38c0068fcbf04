using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Build.Context;

/// <summary>A file or directory that is to be copied, as it was found.</summary>
internal sealed class SourceNode
{
    /// <summary>The name, zero-terminated; empty for the top.</summary>
    internal required byte[] Name { get; init; }

    /// <summary>What it is.</summary>
    internal required StatxBuffer Stat { get; init; }

    /// <summary>Owner of the copy.</summary>
    internal (uint Uid, uint Gid) Owner { get; init; }

    /// <summary>A link's target, zero-terminated.</summary>
    internal byte[] Link { get; init; } = [];

    /// <summary>What is in a directory, by name.</summary>
    internal List<SourceNode> Children { get; } = [];

    /// <summary>Hash of everything in it and of it.</summary>
    internal byte[] Hash { get; set; } = [];

    internal uint Type => Stat.Mode & At.S_IFMT;

    internal bool IsDirectory => Type == At.S_IFDIR;

    internal uint Mode => Stat.Mode & 0xFFFu;
}
