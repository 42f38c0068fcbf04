using Skiff.Engine.Spec;

namespace Skiff.Engine.Transfer;

/// <summary>A path of <c>cp</c> as docker reads it: what stands at its end has a meaning.</summary>
/// <param name="Path">Absolute and cleaned.</param>
/// <param name="IsDirectory">It ends in a slash or in <c>/.</c>: it must be a directory, and a link to one is followed.</param>
/// <param name="ContentOnly">It ends in <c>/.</c>: what is in the directory is meant, not the directory.</param>
public readonly record struct CopyPath(string Path, bool IsDirectory, bool ContentOnly)
{
    /// <summary>Reads a path.</summary>
    /// <param name="text">As written; empty for the directory that relative paths start from.</param>
    /// <param name="from">Where relative paths start: the working directory on the host, the root in a container.</param>
    public static CopyPath Parse(string text, string from)
    {
        string path = OptionValue.CleanPath(text.StartsWith('/') ? text : $"{from}/{text}");
        bool content = text.Length == 0 || text == "." || text.EndsWith("/.", StringComparison.Ordinal) || path == "/";
        return new CopyPath(path, content || text.EndsWith('/'), content);
    }

    /// <summary>The last component; empty for the root.</summary>
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];

    /// <summary>The directory it is in.</summary>
    public string Parent => Path.LastIndexOf('/') is int slash and > 0 ? Path[..slash] : "/";
}
