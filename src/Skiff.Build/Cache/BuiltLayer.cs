using Skiff.Images;
using Skiff.Linux;

namespace Skiff.Build.Cache;

/// <summary>A layer of a stage: of a base image, from the cache, or made just now; then its blob is being packed, and it lies in a directory of its own until its ChainID is known.</summary>
internal sealed class BuiltLayer
{
    private readonly ManualResetEventSlim? _packed;
    private Exception? _failure;

    /// <summary>A layer that is in its place.</summary>
    internal BuiltLayer(string root, Digest diffId, Descriptor blob, Digest chain, long size)
    {
        Directory = $"{root}/layers/{chain.Hex}/diff";
        ShortName = Images.Store.ImageStore.ShortName(chain.Hex);
        DiffId = diffId;
        Blob = blob;
        Chain = chain;
        Size = size;
    }

    /// <summary>A layer that is being packed.</summary>
    internal BuiltLayer(string tree, string shortName, bool hasRoot)
    {
        Tree = tree;
        Directory = tree + "/diff";
        ShortName = shortName;
        HasRoot = hasRoot;
        _packed = new ManualResetEventSlim();
    }

    /// <summary>Its directory, absolute.</summary>
    internal string Directory { get; private set; }

    /// <summary>The same, relative to the store.</summary>
    internal string ShortName { get; private set; }

    /// <summary>Its directory with what stands beside <c>diff</c>; null once it is in its place.</summary>
    internal string? Tree { get; private set; }

    /// <summary>The attributes of the root directory are part of it.</summary>
    internal bool HasRoot { get; }

    /// <summary>Digest of the plain archive.</summary>
    internal Digest DiffId { get; private set; }

    /// <summary>The packed archive.</summary>
    internal Descriptor? Blob { get; private set; }

    /// <summary>Size of all files in bytes.</summary>
    internal long Size { get; private set; }

    /// <summary>The ChainID, once it is in its place.</summary>
    internal Digest? Chain { get; private set; }

    /// <summary>The packing has ended.</summary>
    internal bool IsPacked => _packed is null || _packed.IsSet;

    /// <summary>Packing has ended well.</summary>
    internal void Packed(Descriptor blob, Digest diffId, long size)
    {
        (Blob, DiffId, Size) = (blob, diffId, size);
        _packed!.Set();
    }

    /// <summary>Packing has failed.</summary>
    internal void Failed(Exception e)
    {
        _failure = e;
        _packed!.Set();
    }

    /// <summary>Waits until it is packed; throws what went wrong.</summary>
    internal void Wait()
    {
        _packed?.Wait();
        if (_failure is not null)
        {
            throw _failure is SkiffException
                ? _failure
                : new SkiffException($"a layer could not be packed: {_failure.Message}", 1, _failure);
        }
    }

    /// <summary>It has been taken to its place.</summary>
    internal void Settled(string root, Digest chain)
    {
        Chain = chain;
        Directory = $"{root}/layers/{chain.Hex}/diff";
        ShortName = Images.Store.ImageStore.ShortName(chain.Hex);
        Tree = null;
    }
}
