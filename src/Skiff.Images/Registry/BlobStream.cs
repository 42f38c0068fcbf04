using System.Net;
using Skiff.Images.Layers;
using Skiff.Linux;

namespace Skiff.Images.Registry;

/// <summary>A blob's bytes from an offset to the size of its descriptor, over as many connections as it takes.</summary>
/// <remarks>
/// A connection that breaks, stalls or ends early is followed by another that asks for the rest (<c>Range: bytes=N-</c>, distribution-spec "Resumable Pull").
/// A registry that answers 200 instead of 206 sends it all again: what is already delivered is read and dropped, which is as good as starting over, since the reader checks the digest of the whole.
/// A blob that has another size than its descriptor says stays so: no further attempt is made where the headers tell its size, or where two bodies in a row were whole and ended at the same byte.
/// </remarks>
internal sealed class BlobStream : ReadOnlyStream
{
    private readonly RegistryClient _client;
    private readonly Descriptor _descriptor;
    private readonly CancellationToken _cancellation;
    private HttpResponseMessage? _response;
    private Stream? _body;
    private long _position;
    private long _ended = -1;
    private int _failures;
    private bool _useRange = true;

    internal BlobStream(RegistryClient client, Descriptor descriptor, long offset, CancellationToken cancellation)
    {
        _client = client;
        _descriptor = descriptor;
        _position = offset;
        _cancellation = cancellation;
    }

    public override int Read(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            _cancellation.ThrowIfCancellationRequested();
            try
            {
                if (_position == _descriptor.Size)
                {
                    CheckEnd();
                    return 0;
                }
                Stream body = _body ?? Connect();
                int n = body.Read(buffer[..(int)Math.Min(buffer.Length, _descriptor.Size - _position)]);
                if (n > 0)
                {
                    _position += n;
                    _failures = 0;
                    return n;
                }
                throw EndedEarly();
            }
            catch (AnswerException e) when (e.Status == HttpStatusCode.RequestedRangeNotSatisfiable && _useRange)
            {
                _useRange = false;
            }
            catch (AnswerException e)
            {
                throw _client.Refused(e, _descriptor.Digest);
            }
            catch (Exception e) when (_client.IsTransient(RegistryClient.At(e, _response?.RequestMessage?.RequestUri)))
            {
                Disconnect();
                _cancellation.ThrowIfCancellationRequested();
                _useRange &= e.Message != RegistryClient.RangeMistake;
                if (++_failures >= _client.Policy.Attempts)
                {
                    throw _client.GivenUp($"the blob {_descriptor.Digest}", _client.Describe(e), e);
                }
                _client.Pause(e, _failures, _cancellation);
            }
            catch (HttpRequestException e)
            {
                throw new SkiffException($"the blob {_descriptor.Digest} cannot be fetched: {_client.Describe(e)}", 1, e);
            }
        }
        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Disconnect();
        }
        base.Dispose(disposing);
    }

    private Stream Connect()
    {
        (HttpResponseMessage response, long start) = _client.RequestBlob(_descriptor, _position, _useRange, _cancellation);
        _response = response;
        long? length = response.Content.Headers.ContentLength;
        long? total = response.StatusCode == HttpStatusCode.PartialContent ? response.Content.Headers.ContentRange?.Length : length;
        if (total is long size && size != _descriptor.Size)
        {
            throw WrongSize($"{size}");
        }
        if (start + length > _descriptor.Size)
        {
            throw WrongSize("more");
        }
        Stream body = response.Content.ReadAsStream(_cancellation);
        Discard(body, _position - start);
        return _body = body;
    }

    private void Discard(Stream body, long count)
    {
        byte[] buffer = count > 0 ? new byte[64 << 10] : [];
        while (count > 0)
        {
            _cancellation.ThrowIfCancellationRequested();
            int n = body.Read(buffer, 0, (int)Math.Min(buffer.Length, count));
            count -= n > 0 ? n : throw new TransientException("the connection ended before the place where it stopped last time");
        }
    }

    // A body that goes on after the size of its descriptor is not that blob. Reading the end also gives the connection back for the next request.
    private void CheckEnd()
    {
        Stream? body = _body;
        _body = null;
        bool more;
        try
        {
            more = body?.Read(new byte[1], 0, 1) > 0;
        }
        catch (Exception e) when (_client.IsTransient(e))
        {
            // All bytes are here; how the connection ends does not matter.
            more = false;
        }
        if (more)
        {
            throw WrongSize("more");
        }
    }

    // A cut is an exception where the length of the body is known; else it looks like an end, and it is one if it comes twice at the same place.
    private Exception EndedEarly()
    {
        bool again = _ended == _position;
        _ended = _position;
        return again
            ? WrongSize($"{_position}")
            : new TransientException($"the connection ended {_descriptor.Size - _position} bytes early");
    }

    private SkiffException WrongSize(string bytes) =>
        new(
            $"the blob {_descriptor.Digest} has {bytes} bytes at the registry, {_descriptor.Size} in the manifest: one of them is damaged or forged"
        );

    private void Disconnect()
    {
        _body?.Dispose();
        _response?.Dispose();
        _body = null;
        _response = null;
    }
}
