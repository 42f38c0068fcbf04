using Skiff.Images;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Build.Cache;

/// <summary>Finds and writes the records of steps for one build.</summary>
internal sealed class StepCache(ImageStore store, LayerWorks works)
{
    private readonly List<(CacheRecord Record, BuiltLayer? Layer, List<BuiltLayer> Below)> _waiting = [];

    /// <summary>The record of a key, if it counts on top of these layers; its layer is held from now on.</summary>
    internal CacheRecord? Find(string key, IReadOnlyList<BuiltLayer> below)
    {
        works.Session.Hold(key);
        CacheRecord? record = CacheRecord.Load(store.Root, key);
        if (record is null || (below.Count > 0 && below[^1].Chain is null))
        {
            return null; // on top of a layer that was made just now nothing can have been made before
        }
        if (record.Below != (below.Count == 0 ? "" : below[^1].Chain!.Value.ToString()))
        {
            return null;
        }
        if (record is { Chain: { } chain, Blob: { } blob })
        {
            works.Session.Hold(chain.Hex);
            works.Session.Hold(blob.Digest.Hex);
            if (!store.HasLayer(new ChainId(chain)) || !store.HasBlob(blob.Digest))
            {
                return null;
            }
            store.EnsureShortName(new ChainId(chain));
        }
        Touch(key);
        return record;
    }

    /// <summary>Another key that stands for the same result (a copy out of a stage, by what was written instead of by content); null for none.</summary>
    internal string? Alias(string key) => KeptFile.Read(store.Root, AliasName(key)) is ["skiff-build-alias 1", var to, ..] ? to[3..] : null;

    /// <summary>Writes an alias.</summary>
    internal void SaveAlias(string key, string to) => KeptFile.Write(store.Root, AliasName(key), ["skiff-build-alias 1", "to " + to], []);

    /// <summary>A record to be written once the layer has its place.</summary>
    internal void Add(CacheRecord record, BuiltLayer? layer, IReadOnlyList<BuiltLayer> below)
    {
        lock (_waiting)
        {
            _waiting.Add((record, layer, [.. below]));
        }
        Flush(wait: false);
    }

    /// <summary>Writes the records of layers that have their places; with <paramref name="wait"/> all of them.</summary>
    internal void Flush(bool wait)
    {
        if (wait)
        {
            foreach (BuiltLayer layer in Waiting())
            {
                layer.Wait();
            }
        }
        lock (_waiting)
        {
            int done = 0;
            foreach ((CacheRecord record, BuiltLayer? layer, List<BuiltLayer> below) in _waiting)
            {
                List<BuiltLayer> stack = layer is null ? below : [.. below, layer];
                works.Settle(stack, wait: false);
                if (!stack.TrueForAll(static l => l.Chain is not null))
                {
                    break;
                }
                Write(record, layer, below, stack);
                done++;
            }
            _waiting.RemoveRange(0, done);
        }
    }

    private List<BuiltLayer> Waiting()
    {
        lock (_waiting)
        {
            return [.. _waiting.SelectMany(static w => w.Layer is null ? w.Below : [.. w.Below, w.Layer])];
        }
    }

    private void Write(CacheRecord record, BuiltLayer? layer, List<BuiltLayer> below, List<BuiltLayer> stack)
    {
        record = record with
        {
            Below = below.Count == 0 ? "" : below[^1].Chain!.Value.ToString(),
            Chain = layer?.Chain,
            DiffId = layer?.DiffId,
            Blob = layer?.Blob,
            Size = layer?.Size ?? 0,
        };
        record.Save(store.Root, stack.SelectMany(static l => (string[])[l.Chain!.Value.Hex, l.Blob!.Digest.Hex]));
    }

    private void Touch(string key)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        TimeSpec time = new() { Seconds = now.ToUnixTimeSeconds(), Nanoseconds = now.Millisecond * 1_000_000L };
        _ = At.SetTimes(Files.AtCwd, CString.Encode($"{KeptFile.Directory(store.Root)}/{CacheRecord.Prefix}{key}"), time, time);
    }

    private static string AliasName(string key) => $"alias-{key}";
}
