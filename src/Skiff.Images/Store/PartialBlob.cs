using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Store;

/// <summary>A blob as it arrives: what an earlier attempt left in <c>ingest/</c> is read again first, then the rest is fetched and kept.</summary>
/// <remarks>Bytes are appended before they are used, so what the file holds is what was received; a file that a power cut left with zeros in it fails the digest and is thrown away.</remarks>
internal sealed class PartialBlob : ReadOnlyStream
{
    private readonly SafeFd _file;
    private readonly string _path;
    private readonly long _size;
    private readonly Func<long, CancellationToken, Stream> _openAt;
    private readonly CancellationToken _cancel;
    private long _kept;
    private long _position;
    private Stream? _rest;

    internal PartialBlob(string path, long size, Func<long, CancellationToken, Stream> openAt, CancellationToken cancel)
    {
        _path = path;
        _size = size;
        _openAt = openAt;
        _cancel = cancel;
        _file = Files.Open(path, OpenFlags.O_RDWR | OpenFlags.O_CREAT, 0x1A4);
        int errno = At.Stat(_file.Value, out StatxBuffer stat);
        _kept = errno == 0 ? (long)stat.Size : throw new LinuxException("stat", path, errno);
        if (_kept > size)
        {
            Check(At.Truncate(_file.Value, 0), "truncate");
            _kept = 0;
        }
    }

    /// <summary>True if there was something to replay: a wrong digest may then be the file's fault, and a second attempt from zero is worth while.</summary>
    internal bool Replayed { get; private set; }

    public override int Read(Span<byte> buffer)
    {
        if (_position < _kept)
        {
            Replayed = true;
            int count = At.ReadAt(_file.Value, buffer[..(int)Math.Min(buffer.Length, _kept - _position)], _position);
            if (count <= 0)
            {
                throw new LinuxException("read", _path, count == 0 ? Errno.EIO : -count);
            }
            _position += count;
            return count;
        }
        if (_position >= _size && _rest is null)
        {
            return 0;
        }
        _cancel.ThrowIfCancellationRequested();
        _rest ??= _openAt(_position, _cancel);
        int read = _rest.Read(buffer);
        if (_position + read > _size)
        {
            throw new SkiffException($"the registry sends more than the {_size} bytes that the manifest says: refused");
        }
        Check(At.WriteAt(_file.Value, buffer[..read], _position), "write");
        _position += read;
        return read;
    }

    /// <summary>fsync(2).</summary>
    internal void Sync() => Check(At.Sync(_file.Value), "fsync");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _rest?.Dispose();
            _file.Dispose();
        }
        base.Dispose(disposing);
    }

    private void Check(int errno, string call)
    {
        if (errno != 0)
        {
            throw new LinuxException(call, _path, errno);
        }
    }
}
