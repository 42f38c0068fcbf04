using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using Skiff.Images.Store;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>A container that is recorded and whose spec is made: ready to be started.</summary>
public sealed record PreparedContainer
{
    /// <summary>What was asked.</summary>
    public required ContainerRecord Record { get; init; }

    /// <summary>The flags.</summary>
    public required RunOptions Options { get; init; }

    /// <summary>The spec and what must be made for it.</summary>
    public required SpecResult Result { get; init; }

    /// <summary>The image; null with <c>--rootfs</c>.</summary>
    public Image? Image { get; init; }

    /// <summary>Where the record of a container that leaves nothing is kept, see <see cref="Containers.Session.Append"/>; null for one that is on the disk.</summary>
    public FileLock? Session { get; init; }

    /// <summary>Its root is a copy of the image: see <see cref="CopiedRoot"/>.</summary>
    internal bool IsCopied { get; init; }

    /// <summary>The directories of its layers, absolute, bottom first.</summary>
    public IReadOnlyList<string> Layers { get; init; } = [];

    /// <summary>The same, short and relative to the store's root.</summary>
    public IReadOnlyList<string> ShortLayers { get; init; } = [];
}
