namespace Skiff.Engine.Transfer;

/// <summary>What is at a path, as far as copying cares.</summary>
public enum FileKind
{
    /// <summary>Nothing.</summary>
    Missing,

    /// <summary>Anything that is no directory.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,
}
