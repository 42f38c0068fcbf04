namespace Skiff.Engine.Transfer;

/// <summary>What becomes of the source of a copy.</summary>
public enum CopyForm
{
    /// <summary>It takes the destination's name.</summary>
    Named,

    /// <summary>It goes into the destination, a directory, under its own name.</summary>
    Into,

    /// <summary>What is in it goes into the destination, a directory.</summary>
    Content,
}
