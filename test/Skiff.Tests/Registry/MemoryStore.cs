using System.Collections.Concurrent;
using Skiff.Images;
using Skiff.Linux;

namespace Skiff.Tests.Registry;

/// <summary>A store in memory that keeps what arrived of a layer, as the real one does.</summary>
internal sealed class MemoryStore : IPullStore
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _locks = new();

    internal ConcurrentDictionary<string, PullResult> Names { get; } = new();

    internal ConcurrentDictionary<Digest, byte[]> Blobs { get; } = new();

    internal ConcurrentDictionary<Digest, byte[]> Layers { get; } = new();

    internal ConcurrentDictionary<Digest, MemoryStream> Partial { get; } = new();

    internal Exception? FailIngest { get; set; }

    internal bool Discarded { get; private set; }

    public string Location => "/";

    public PullResult? Find(Reference reference, Platform platform) => Names.GetValueOrDefault($"{reference} {platform}");

    public byte[]? ReadBlob(Digest digest) => Blobs.GetValueOrDefault(digest);

    public void WriteBlob(Digest digest, ReadOnlySpan<byte> bytes) => Blobs[digest] = bytes.ToArray();

    public IDisposable LockBlob(Digest digest)
    {
        SemaphoreSlim semaphore = _locks.GetOrAdd(digest.ToString(), _ => new SemaphoreSlim(1));
        semaphore.Wait();
        return new Release(semaphore);
    }

    public bool HasLayer(PullLayer layer) => Layers.ContainsKey(layer.DiffId);

    public void Ingest(PullLayer layer, Func<long, CancellationToken, Stream> openAt, Action<long> unpacked, CancellationToken cancellation)
    {
        if (FailIngest is not null)
        {
            throw FailIngest;
        }
        MemoryStream kept = Partial.GetOrAdd(layer.Descriptor.Digest, _ => new MemoryStream());
        using (Stream body = openAt(kept.Length, cancellation))
        {
            byte[] buffer = new byte[10_000];
            for (int n; (n = body.Read(buffer)) > 0; )
            {
                kept.Write(buffer, 0, n);
                unpacked(kept.Length);
            }
        }
        _ = Partial.TryRemove(layer.Descriptor.Digest, out _);
        if (kept.Length != layer.Descriptor.Size || !layer.Descriptor.Digest.IsOf(kept.ToArray()))
        {
            throw new SkiffException("layer is damaged");
        }
        Layers[layer.DiffId] = kept.ToArray();
    }

    public void Commit(PullResult result, ImageManifest manifest, IReadOnlyList<PullLayer> layers)
    {
        Names[$"{result.Reference} {Platform.Host}"] = result;
    }

    public void Discard(IReadOnlyList<PullLayer> layers) => Discarded = true;

    private sealed class Release(SemaphoreSlim semaphore) : IDisposable
    {
        public void Dispose() => semaphore.Release();
    }
}
