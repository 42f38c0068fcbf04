namespace Skiff.Images.Layers;

/// <summary>One difference between a container's writable layer and the image below it.</summary>
/// <param name="Kind">docker's letter: <c>A</c> added, <c>C</c> changed, <c>D</c> deleted.</param>
/// <param name="Path">The path in the container without its leading slash, as bytes.</param>
public readonly record struct LayerChange(char Kind, byte[] Path);
