using Skiff.Images.Layers;
using Skiff.Linux;

namespace Skiff.Images.Registry;

/// <summary>A blob from the first source that gives it; where one fails in the middle, the next goes on at that byte.</summary>
internal sealed class SourcesStream(RegistrySources sources, long position, Func<RegistryClient, long, Stream> open) : ReadOnlyStream
{
    private Stream? _current;
    private int _index;
    private long _position = position;

    public override int Read(Span<byte> buffer)
    {
        while (true)
        {
            try
            {
                _current ??= open(sources.Current(out _index), _position);
                int count = _current.Read(buffer);
                _position += count;
                return count;
            }
            catch (SkiffException e) when (sources.PassOver(_index, e))
            {
                _current?.Dispose();
                _current = null;
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _current?.Dispose();
        }
        base.Dispose(disposing);
    }
}
