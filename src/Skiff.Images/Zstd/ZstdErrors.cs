using System.Diagnostics.CodeAnalysis;

namespace Skiff.Images.Zstd;

/// <summary>What is wrong with a stream, in words; thrown from methods of their own so that the loops stay small.</summary>
internal static class ZstdErrors
{
    [DoesNotReturn]
    internal static void Throw(string what) => throw Damaged(what);

    internal static InvalidDataException Damaged(string what) => new($"the zstd data is damaged: {what}");
}
