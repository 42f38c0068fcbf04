namespace Skiff.Images.Layers;

/// <summary>Gives its bytes where they lie, piece after piece, instead of copying them into a buffer.</summary>
internal unsafe interface IPieceSource
{
    /// <summary>What has been given stays as it is until more than so many bytes have been given after it, or the source is disposed.</summary>
    const int Kept = 1 << 20;

    /// <summary>No piece is larger.</summary>
    const int MaxPiece = 128 << 10;

    /// <summary>The next piece; its length is 0 at the end.</summary>
    byte* Next(out int length);
}
