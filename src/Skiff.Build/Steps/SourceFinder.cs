using Skiff.Build.Context;
using Skiff.Engine.Launch;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Build.Steps;

/// <summary>One file or tree that an instruction names: what it is, and where it was found.</summary>
/// <param name="Path">The path as written, with wildcards filled in; no slashes at its ends.</param>
/// <param name="RealPath">The path with links resolved, relative to the root.</param>
/// <param name="File">The file or directory, O_PATH.</param>
internal sealed record FoundSource(string Path, string RealPath, SafeFd File) : IDisposable
{
    public void Dispose() => File.Dispose();
}

/// <summary>Finds the sources of COPY and ADD below a root that bounds every lookup: a link never leads out of it.</summary>
/// <param name="root">The root.</param>
internal sealed class SourceFinder(SafeFd root)
{
    private const int MaxFound = 100_000;

    private readonly string _place = Place(root);

    /// <summary>Where a descriptor leads, relative to a root, without slashes at its ends.</summary>
    internal static string PathOf(SafeFd root, SafeFd file) => Relative(Place(root), Place(file));

    /// <summary>One path without wildcards; null where nothing is.</summary>
    internal FoundSource? Exactly(string path)
    {
        string clean = PathPattern.Clean(path);
        SafeFd? fd = LayeredFiles.OpenIn(root.Value, "./" + clean, OpenFlags.O_PATH, out int errno);
        return fd is not null ? new FoundSource(clean, Relative(_place, Place(fd)), fd)
            : errno is Errno.ENOENT or Errno.ENOTDIR ? null
            : throw new LinuxException("open", path, errno);
    }

    /// <summary>All that fits a pattern, by name. <c>**</c> is any number of directories.</summary>
    internal List<FoundSource> Matching(string pattern)
    {
        List<FoundSource> found = [];
        Descend("", PathPattern.Clean(pattern).Split('/'), 0, found, []);
        return found;
    }

    private void Descend(string at, string[] names, int next, List<FoundSource> found, HashSet<string> seen)
    {
        if (next == names.Length)
        {
            if (seen.Add(at) && Exactly(at) is { } source)
            {
                found.Add(found.Count < MaxFound ? source : throw new SkiffException($"more than {MaxFound} files fit the pattern"));
            }
            return;
        }
        string name = names[next];
        if (!PathPattern.HasWildcards(name))
        {
            Descend(Join(at, name), names, next + 1, found, seen);
            return;
        }
        if (name == "**")
        {
            Descend(at, names, next + 1, found, seen);
        }
        PathPattern pattern = PathPattern.Parse(name);
        foreach ((string entry, bool isDirectory) in Names(at))
        {
            if (name == "**")
            {
                if (isDirectory)
                {
                    Descend(Join(at, entry), names, next, found, seen);
                }
                else if (next == names.Length - 1)
                {
                    Descend(Join(at, entry), names, names.Length, found, seen);
                }
            }
            else if (pattern.Fits(entry))
            {
                Descend(Join(at, entry), names, next + 1, found, seen);
            }
        }
    }

    private List<(string Name, bool IsDirectory)> Names(string at)
    {
        using SafeFd? directory = LayeredFiles.OpenIn(root.Value, "./" + at, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out _);
        List<(string Name, bool IsDirectory)> names = [];
        if (directory is not null)
        {
            NameReader reader = new(directory.Value, new byte[32 << 10]);
            while (reader.Next())
            {
                names.Add((CString.Decode(reader.Name), reader.IsDirectory));
            }
            names.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        }
        return names;
    }

    private static string Join(string at, string name) => at.Length == 0 ? name : $"{at}/{name}";

    private static string Place(SafeFd fd) => Files.TryReadLink($"/proc/self/fd/{fd.Value}", out _) ?? "";

    private static string Relative(string root, string path) =>
        root == "/" ? path.Trim('/')
        : path.Length > root.Length && path[root.Length] == '/' && path.StartsWith(root, StringComparison.Ordinal)
            ? path[(root.Length + 1)..]
        : "";
}
