namespace Skiff.Compose.Yaml;

/// <summary>Where in which file something stands.</summary>
/// <param name="File">The file as the user knows it.</param>
/// <param name="Line">Counted from 1; 0 for what is in no file.</param>
public readonly record struct Place(string File, int Line)
{
    /// <inheritdoc/>
    public override string ToString() => Line == 0 ? File ?? "" : $"{File}:{Line}";
}
