using System.Text;
using Skiff.Linux;

namespace Skiff.Images.Store;

/// <summary>chains/CONFIG: the ChainIDs of an image's layers with their sizes, so that starting a container hashes nothing.</summary>
/// <remarks>Lines: <c>skiff-chains 1</c>, <c>synced</c> or <c>boot ID</c> (unpacked during that boot and not known to be on the disk), one <c>HEX SIZE</c> per layer, <c>end</c>.</remarks>
/// <param name="Layers">ChainID in hexadecimal and unpacked size in bytes, bottom first.</param>
/// <param name="BootId">The boot in which it was written without a sync; null if it is on the disk.</param>
internal sealed record ChainFile(IReadOnlyList<(string Hex, long Size)> Layers, string? BootId)
{
    internal void Save(string path)
    {
        StringBuilder text = new("skiff-chains 1\n");
        text.Append(BootId is null ? "synced\n" : $"boot {BootId}\n");
        foreach ((string hex, long size) in Layers)
        {
            text.Append($"{hex} {size}\n");
        }
        Files.Replace(path, Encoding.ASCII.GetBytes(text.Append("end\n").ToString()));
    }

    /// <summary>Reads the file; null if it is missing or cut.</summary>
    internal static ChainFile? Load(string path)
    {
        string[]? lines = Files.TryReadText(path, out _)?.Split('\n');
        if (lines is not ["skiff-chains 1", _, .., "end", ""])
        {
            return null;
        }
        List<(string, long)> layers = new(lines.Length);
        for (int i = 2; i < lines.Length - 2; i++)
        {
            int space = lines[i].IndexOf(' ');
            if (space != 64 || !long.TryParse(lines[i].AsSpan(space + 1), out long size))
            {
                return null;
            }
            layers.Add((lines[i][..space], size));
        }
        return new ChainFile(layers, lines[1].StartsWith("boot ", StringComparison.Ordinal) ? lines[1][5..] : null);
    }
}
