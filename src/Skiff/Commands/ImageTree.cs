using System.Text;
using Skiff.Display;
using Skiff.Images;
using Skiff.Images.Store;

namespace Skiff.Commands;

/// <summary><c>skiff images --tree</c>: an image under each of its names, and below it its platform.</summary>
internal static class ImageTree
{
    /// <summary>The listing in docker's columns. Disk usage is the unpacked files with the blobs, content size the blobs alone; U marks what a container uses.</summary>
    public static string Of(IEnumerable<(Image Image, IReadOnlyList<Reference?> Names)> images, Func<Digest, bool> isUsed)
    {
        var text = new StringBuilder("IMAGE\tID\tDISK USAGE\tCONTENT SIZE\tEXTRA\n");
        foreach ((Image image, IReadOnlyList<Reference?> names) in images)
        {
            long content = image.Manifest.Config.Size;
            foreach (Descriptor layer in image.Manifest.Layers.DistinctBy(static l => l.Digest))
            {
                content += layer.Size;
            }
            string sizes = $"{Human.ShortSize(image.Size + content)}\t{Human.ShortSize(content)}\t{(isUsed(image.Id) ? "U" : "")}\n";
            foreach (Reference? name in names)
            {
                text.Append($"{name?.Familiar ?? "<untagged>"}\t{image.Id.Short}\t{sizes}");
            }
            text.Append($"└─ {image.Config.Platform}\t{image.ManifestDigest.Short}\t{sizes}");
        }
        return Columns.Align(text.ToString());
    }
}
