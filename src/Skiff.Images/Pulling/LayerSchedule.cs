using System.Runtime.ExceptionServices;
using Skiff.Images.Registry;

namespace Skiff.Images;

/// <summary>Fetches the layers of an image on a few threads, the biggest first, so that the last to finish is a small one.</summary>
internal sealed class LayerSchedule(IPullStore store, RegistrySources client, IPullProgress progress, int parallel)
{
    private readonly Lock _lock = new();
    private readonly Queue<PullLayer> _waiting = new();
    private Exception? _failure;

    internal void Run(IReadOnlyList<PullLayer> layers, CancellationToken cancellation)
    {
        List<PullLayer> order = [.. layers];
        order.Sort(
            (a, b) => a.Descriptor.Size == b.Descriptor.Size ? a.Index.CompareTo(b.Index) : b.Descriptor.Size.CompareTo(a.Descriptor.Size)
        );
        foreach (PullLayer layer in order)
        {
            _waiting.Enqueue(layer);
        }
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        int count = Math.Min(order.Count, parallel > 0 ? parallel : Math.Clamp(Environment.ProcessorCount + 1, 3, 6));
        Thread[] threads = new Thread[count];
        for (int i = 0; i < count; i++)
        {
            threads[i] = new Thread(() => Work(stop), 1 << 20) { Name = "pull", IsBackground = true };
            threads[i].Start();
        }
        foreach (Thread thread in threads)
        {
            thread.Join();
        }
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }
    }

    private void Work(CancellationTokenSource stop)
    {
        try
        {
            while (Next() is PullLayer layer)
            {
                stop.Token.ThrowIfCancellationRequested();
                One(layer, stop.Token);
            }
        }
        catch (Exception e)
        {
            // Thrown again on the thread that waits: the first failure is the cause, the others are its echo.
            lock (_lock)
            {
                _failure ??= e;
                _waiting.Clear();
            }
            stop.Cancel();
        }
    }

    private PullLayer? Next()
    {
        lock (_lock)
        {
            return _waiting.TryDequeue(out PullLayer? layer) ? layer : null;
        }
    }

    private void One(PullLayer layer, CancellationToken cancellation)
    {
        if (store.HasLayer(layer))
        {
            progress.Report(new PullLayerExists(layer.Descriptor));
            return;
        }
        using IDisposable mine = store.LockBlob(layer.Descriptor.Digest);
        // Another pull may have fetched it while this one waited (LIFE-03).
        if (store.HasLayer(layer))
        {
            progress.Report(new PullLayerExists(layer.Descriptor));
            return;
        }
        // a mirror that gives other content than the digest says is found out only here
        _ = client.Ask(_ =>
        {
            store.Ingest(
                layer,
                (offset, token) => new CountedStream(client.OpenBlob(layer.Descriptor, offset, token), offset, layer.Descriptor, progress),
                bytes => progress.Report(new PullUnpacked(layer.Descriptor, bytes)),
                cancellation
            );
            return true;
        });
        progress.Report(new PullLayerDone(layer.Descriptor));
    }
}
