namespace Skiff.Engine.Spec;

/// <summary>One line of a user namespace's id map, user_namespaces(7).</summary>
/// <param name="ContainerId">First id inside.</param>
/// <param name="HostId">First id outside.</param>
/// <param name="Size">How many.</param>
public readonly record struct IdMapping(uint ContainerId, uint HostId, uint Size);
