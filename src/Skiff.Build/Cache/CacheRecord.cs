using System.Globalization;
using Skiff.Images;
using Skiff.Images.Store;

namespace Skiff.Build.Cache;

/// <summary>What a step has made: a file in the store's <c>kept/</c>, so that no sweep takes its layer and those below.</summary>
/// <remarks>The record counts only on top of the same layers as when it was made, and while its layer is whole.</remarks>
public sealed record CacheRecord
{
    private const string Head = "skiff-build-step 1";

    /// <summary>What the names of the files begin with.</summary>
    public const string Prefix = "build-";

    /// <summary>The key, 64 hexadecimal digits.</summary>
    public required string Key { get; init; }

    /// <summary>The ChainID below, <c>sha256:…</c>; empty where nothing was below.</summary>
    public string Below { get; init; } = "";

    /// <summary>The ChainID of the layer; null where the step changed no file.</summary>
    public Digest? Chain { get; init; }

    /// <summary>The digest of the layer's plain archive.</summary>
    public Digest? DiffId { get; init; }

    /// <summary>The layer's blob.</summary>
    public Descriptor? Blob { get; init; }

    /// <summary>The size of the layer's files.</summary>
    public long Size { get; init; }

    /// <summary>When the step ran.</summary>
    public DateTimeOffset Made { get; init; }

    /// <summary>The instruction, for people.</summary>
    public string Text { get; init; } = "";

    /// <summary>When it was made or used last: the file's time.</summary>
    public DateTimeOffset Used { get; init; }

    /// <summary>The bytes that it keeps for itself: the blob and the unpacked layer.</summary>
    public long Bytes => Size + (Blob?.Size ?? 0);

    /// <summary>Reads a record; null if there is none.</summary>
    public static CacheRecord? Load(string root, string key)
    {
        if (KeptFile.Read(root, Prefix + key) is not [Head, ..] lines)
        {
            return null;
        }
        CacheRecord record = new() { Key = key };
        foreach (string line in lines)
        {
            int space = line.IndexOf(' ');
            string value = space < 0 ? "" : line[(space + 1)..];
            record = (space < 0 ? line : line[..space]) switch
            {
                "below" => record with { Below = value },
                "made" when long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long made) => record with
                {
                    Made = DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(made, -62135596800000, 253402300799999)),
                },
                "text" => record with { Text = value },
                "layer"
                    when value.Split(' ') is [var chain, var diff, var blob, var size, var media, var unpacked]
                        && Digest.TryParse(chain, out Digest chainId)
                        && Digest.TryParse(diff, out Digest diffId)
                        && Digest.TryParse(blob, out Digest digest)
                        && long.TryParse(size, out long bytes)
                        && long.TryParse(unpacked, out long all) => record with
                {
                    Chain = chainId,
                    DiffId = diffId,
                    Blob = new Descriptor(media, digest, bytes),
                    Size = all,
                },
                _ => record,
            };
        }
        return record with { Used = new DateTimeOffset(File.GetLastWriteTimeUtc($"{KeptFile.Directory(root)}/{Prefix}{key}")) };
    }

    /// <summary>Writes it with all that it keeps.</summary>
    internal void Save(string root, IEnumerable<string> kept)
    {
        List<string> notes = [Head, $"below {Below}", $"made {Made.ToUnixTimeMilliseconds()}", "text " + Text.ReplaceLineEndings(" ")];
        if (Blob is not null)
        {
            notes.Add($"layer {Chain} {DiffId} {Blob.Digest} {Blob.Size} {Blob.MediaType} {Size}");
        }
        KeptFile.Write(root, Prefix + Key, notes, kept);
    }
}
