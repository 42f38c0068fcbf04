using System.Text;
using Skiff.Images;

namespace Skiff.Build.Cache;

/// <summary>A cache key: the SHA-256 of all that a step's result depends on, each part with its name and length.</summary>
internal sealed class KeyBuilder
{
    private readonly StringBuilder _text = new();

    internal KeyBuilder(string kind) => Add("skiff-build-1", kind);

    /// <summary>Adds a part.</summary>
    internal KeyBuilder Add(string name, string value)
    {
        _text.Append(name).Append(' ').Append(value.Length).Append(' ').Append(value).Append('\n');
        return this;
    }

    /// <summary>Adds a list.</summary>
    internal KeyBuilder Add(string name, IReadOnlyCollection<string> values)
    {
        _text.Append(name).Append(' ').Append(values.Count).Append('\n');
        foreach (string value in values)
        {
            Add("", value);
        }
        return this;
    }

    /// <summary>The key, 64 hexadecimal digits.</summary>
    internal string Key() => Convert.ToHexStringLower(Hashing.Sha256(Encoding.UTF8.GetBytes(_text.ToString())));
}
