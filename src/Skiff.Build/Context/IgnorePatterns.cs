using Skiff.Linux;

namespace Skiff.Build.Context;

/// <summary>A .dockerignore: patterns of paths that are no part of a context. The last that fits decides; <c>!</c> takes back (docs.docker.com/build/concepts/context).</summary>
public sealed class IgnorePatterns
{
    private readonly List<(PathPattern Pattern, bool Excludes)> _patterns = [];

    /// <summary>No patterns.</summary>
    public static IgnorePatterns None { get; } = new();

    /// <summary>There is none.</summary>
    public bool IsEmpty => _patterns.Count == 0;

    /// <summary>Some pattern takes back: then what is in an excluded directory must be looked at.</summary>
    public bool HasExceptions { get; private set; }

    /// <summary>Reads the text of a .dockerignore.</summary>
    /// <exception cref="SkiffException">A pattern is malformed.</exception>
    public static IgnorePatterns Parse(string text)
    {
        IgnorePatterns patterns = new();
        string[] lines = (text.Length > 0 && text[0] == '\uFEFF' ? text[1..] : text).Split('\n');
        foreach (string line in lines)
        {
            if (line.StartsWith('#'))
            {
                continue;
            }
            patterns.Add(line.Trim());
        }
        return patterns;
    }

    /// <summary>The same from a list, as <c>--exclude</c> has it.</summary>
    public static IgnorePatterns Of(IEnumerable<string> list)
    {
        IgnorePatterns patterns = new();
        foreach (string pattern in list)
        {
            patterns.Add(pattern);
        }
        return patterns;
    }

    /// <summary>True if a path is excluded, by its own name or by that of a directory that it is in.</summary>
    /// <param name="path">Relative to the context, slashes between names, none at the ends.</param>
    public bool Excludes(string path)
    {
        bool excluded = false;
        foreach ((PathPattern pattern, bool excludes) in _patterns)
        {
            if (excludes != excluded && pattern.FitsOrHolds(path))
            {
                excluded = excludes;
            }
        }
        return excluded;
    }

    private void Add(string text)
    {
        bool excludes = true;
        if (text.StartsWith('!'))
        {
            excludes = false;
            text = text[1..].Trim();
            if (text.Length == 0)
            {
                throw new SkiffException("a pattern of the ignore file is a \"!\" alone: write what it takes back after it");
            }
        }
        text = PathPattern.Clean(text);
        if (text.Length == 0)
        {
            return;
        }
        HasExceptions |= !excludes;
        _patterns.Add((PathPattern.Parse(text), excludes));
    }
}
