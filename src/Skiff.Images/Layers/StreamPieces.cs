using Skiff.Linux;

namespace Skiff.Images.Layers;

/// <summary>Reads a stream into a ring of memory and gives it on from there.</summary>
/// <remarks>The stream stays the caller's.</remarks>
internal sealed unsafe class StreamPieces(Stream source) : IPieceSource, IDisposable
{
    // a piece may overwrite what lies so far behind, less what is left free at the end and its own length
    private readonly LargeBuffer _ring = new(IPieceSource.Kept + (2 * IPieceSource.MaxPiece));
    private int _at;

    public byte* Next(out int length)
    {
        if (_ring.Length - _at < IPieceSource.MaxPiece)
        {
            _at = 0;
        }
        byte* piece = _ring.Pointer + _at;
        length = source.Read(new Span<byte>(piece, IPieceSource.MaxPiece));
        _at += length;
        return piece;
    }

    public void Dispose() => _ring.Dispose();
}
