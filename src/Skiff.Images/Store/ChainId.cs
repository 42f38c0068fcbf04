using System.Text;

namespace Skiff.Images.Store;

/// <summary>The name of a layer together with all below it (image-spec config.md, "Layer ChainID"): unpacked layers are kept under it, because finishing one depends on those below.</summary>
/// <param name="Digest">The SHA-256 chain.</param>
public readonly record struct ChainId(Digest Digest)
{
    /// <summary>The hexadecimal digits, the layer's directory name.</summary>
    public string Hex => Digest.Hex;

    /// <summary>The ChainIDs of an image's layers, bottom first. Hashes: not for the run path.</summary>
    public static IReadOnlyList<ChainId> Of(IReadOnlyList<Digest> diffIds)
    {
        ChainId[] chain = new ChainId[diffIds.Count];
        for (int i = 0; i < chain.Length; i++)
        {
            chain[i] = new ChainId(
                i == 0 && diffIds[0].Algorithm == "sha256"
                    ? diffIds[0]
                    : Digest.Of(Encoding.ASCII.GetBytes(i == 0 ? diffIds[0].ToString() : $"{chain[i - 1].Digest} {diffIds[i]}"))
            );
        }
        return chain;
    }

    /// <inheritdoc/>
    public override string ToString() => Digest.ToString();
}
