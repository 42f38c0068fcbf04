using System.IO.Compression;

namespace Skiff.Images.Layers;

/// <summary>Decompresses gzip, and says in words what is wrong with it: the published binary has only the keys of .NET's own texts.</summary>
internal sealed class GzipLayerStream : ReadOnlyStream
{
    private readonly GZipStream _gzip;

    internal GzipLayerStream(Stream source)
    {
        // without it GZipStream takes a cut stream for a short one (DeflateStream, .NET 9)
        AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);
        _gzip = new GZipStream(source, CompressionMode.Decompress);
    }

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return _gzip.Read(buffer);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException(
                e.Message.Contains("Truncated", StringComparison.OrdinalIgnoreCase)
                    ? "the gzip data is cut off"
                    : "the gzip data is damaged",
                e
            );
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _gzip.Dispose();
        }
        base.Dispose(disposing);
    }
}
