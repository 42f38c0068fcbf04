namespace Skiff.Images.Layers;

/// <summary>One extended attribute of an entry.</summary>
/// <param name="Name">The attribute's name, such as <c>security.capability</c>.</param>
/// <param name="Value">Its bytes.</param>
public readonly record struct TarXattr(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Value);
