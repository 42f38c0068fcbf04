namespace Skiff.Images.Store;

/// <summary>One line of index.json: an image under one name, or under none.</summary>
/// <param name="Manifest">The descriptor of the manifest.</param>
/// <param name="Name">The canonical name; null for a dangling image.</param>
/// <param name="Id">The image's id.</param>
/// <param name="Top">The descriptor that the name stands for at its registry; the manifest's own if there was no index.</param>
internal sealed record IndexEntry(Descriptor Manifest, string? Name, Digest Id, Descriptor Top)
{
    internal Reference? Reference => Name is not null && Images.Reference.TryParse(Name, out Reference? reference) ? reference : null;
}
