using Skiff.Images.Layers;

namespace Skiff.Images;

/// <summary>Reports the bytes of a layer as they are read.</summary>
internal sealed class CountedStream : ReadOnlyStream
{
    private const int Step = 256 << 10;

    private readonly Stream _inner;
    private readonly Descriptor _layer;
    private readonly IPullProgress _progress;
    private long _position;
    private long _reported;

    internal CountedStream(Stream inner, long offset, Descriptor layer, IPullProgress progress)
    {
        _inner = inner;
        _layer = layer;
        _progress = progress;
        _position = offset;
        _reported = offset;
        if (offset > 0)
        {
            progress.Report(new PullDownloaded(layer, offset));
        }
    }

    public override int Read(Span<byte> buffer)
    {
        int n = _inner.Read(buffer);
        _position += n;
        if (_position - _reported >= Step || (_position == _layer.Size && _reported != _position))
        {
            _reported = _position;
            _progress.Report(new PullDownloaded(_layer, _position));
        }
        return n;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }
        base.Dispose(disposing);
    }
}
