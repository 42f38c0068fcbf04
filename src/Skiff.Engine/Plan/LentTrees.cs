using Skiff.Linux.Actions;

namespace Skiff.Engine.Plan;

/// <summary>Mount trees that the host has made for a container which may not make them itself: descriptors that it inherits.</summary>
/// <param name="Root">The root file system; null when the container mounts it.</param>
/// <param name="Trees">For each of the spec's mounts its tree, or null when the container makes it.</param>
/// <param name="Calls">What the host does for it, in order.</param>
public sealed record LentTrees(int? Root, IReadOnlyList<LentTree?> Trees, IReadOnlyList<HostAction> Calls);

/// <summary>One tree.</summary>
/// <param name="Descriptor">The open tree; a placeholder in a dry plan.</param>
/// <param name="IsDirectory">False for a single file.</param>
public readonly record struct LentTree(int Descriptor, bool IsDirectory);
