using System.Text;
using Skiff.Linux;

namespace Skiff.Compose.Loading;

/// <summary>Names of projects: lower-case letters, digits, hyphens and underscores, beginning with a letter or digit.</summary>
internal static class ProjectName
{
    /// <summary>Refuses other names.</summary>
    public static string Check(string name) =>
        name.Length > 0 && name == Normalize(name)
            ? name
            : throw new SkiffException(
                $"invalid project name \"{name}\": must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number"
            );

    /// <summary>Makes a name of a directory's.</summary>
    public static string Normalize(string text)
    {
        StringBuilder name = new();
        foreach (char c in text.ToLowerInvariant())
        {
            if (char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_')
            {
                name.Append(c);
            }
        }
        return name.ToString().TrimStart('-', '_');
    }
}
