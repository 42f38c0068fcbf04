using System.Text.RegularExpressions;
using CsCheck;
using Skiff.Build.Context;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Building;

public sealed partial class IgnorePatternsTests
{
    [Theory]
    [InlineData("a", "a", true)]
    [InlineData("a", "a/b", true)]
    [InlineData("a", "ab", false)]
    [InlineData("a", "b/a", false)]
    [InlineData("/a/", "a", true)]
    [InlineData("./a", "a", true)]
    [InlineData("a/../b", "b", true)]
    [InlineData("*", "a/b", true)]
    [InlineData("*.md", "a.md", true)]
    [InlineData("*.md", "d/a.md", false)]
    [InlineData("*/*.md", "d/a.md", true)]
    [InlineData("**/*.md", "a.md", true)]
    [InlineData("**/*.md", "d/e/a.md", true)]
    [InlineData("**", "d/e", true)]
    [InlineData("d/**", "d/e/f", true)]
    [InlineData("d/**", "d", false)]
    [InlineData("d/**/f", "d/f", true)]
    [InlineData("d/**/f", "d/e/e/f/g", true)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "a/c", false)]
    [InlineData("[a-c]", "b", true)]
    [InlineData("[^a-c]", "b", false)]
    [InlineData("[^a-c]", "d", true)]
    [InlineData("\\*", "*", true)]
    [InlineData("\\*", "a", false)]
    [InlineData("# a comment\na", "a", true)]
    [InlineData("  a  ", "a", true)]
    [InlineData("*\n!a", "a", false)]
    [InlineData("*\n!a", "b", true)]
    [InlineData("*\n!a/b", "a/b/c", false)]
    [InlineData("*\n!a/b", "a/c", true)]
    [InlineData("*\n!a\na/x", "a/x", true)]
    [InlineData("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true)]
    [InlineData("*.md\n!README*.md\nREADME-secret.md", "README-a.md", false)]
    [InlineData("*.md\n! README.md", "README.md", false)]
    [InlineData("", "a", false)]
    [InlineData("/", "a", false)]
    [InlineData(".", "a", false)]
    public void The_last_pattern_that_fits_decides(string text, string path, bool excluded) =>
        Assert.Equal(excluded, IgnorePatterns.Parse(text).Excludes(path));

    [Theory]
    [InlineData("!")]
    [InlineData("[a")]
    [InlineData("a\\")]
    [InlineData("[]")]
    public void A_malformed_pattern_is_refused(string text) => Assert.Throws<SkiffException>(() => IgnorePatterns.Parse(text));

    /// <summary>The simple oracle: the pattern as a regular expression, tried on the path and on every directory that it is in.</summary>
    [Fact]
    public void Patterns_fit_what_a_regular_expression_fits()
    {
        Gen<string> pattern = Gen.OneOf(
                Gen.Const("a"),
                Gen.Const("b"),
                Gen.Const("*"),
                Gen.Const("**"),
                Gen.Const("?"),
                Gen.Const("a*"),
                Gen.Const("*b"),
                Gen.Const("a**"),
                Gen.Const("[ab]")
            )
            .Array[1, 4]
            .Select(p => string.Join('/', p));
        Gen<string> path = Gen.OneOf(Gen.Const("a"), Gen.Const("b"), Gen.Const("ab"), Gen.Const("aab"), Gen.Const("c"))
            .Array[1, 4]
            .Select(p => string.Join('/', p));
        Gen.Select(pattern, path)
            .Sample(
                (p, text) =>
                {
                    string[] parts = text.Split('/');
                    bool expected = Enumerable
                        .Range(1, parts.Length)
                        .Any(n =>
                            Regex.IsMatch(string.Join('/', parts.Take(n)), Expression(p), RegexOptions.None, TimeSpan.FromSeconds(5))
                        );
                    Assert.Equal(expected, IgnorePatterns.Parse(p).Excludes(text));
                },
                iter: 5_000
            );
    }

    [Fact]
    public void A_pattern_of_many_stars_takes_no_longer_than_others() =>
        Assert.False(IgnorePatterns.Parse(string.Concat(Enumerable.Repeat("*a", 200)) + "b").Excludes(new string('a', 4000)));

    private static string Expression(string pattern)
    {
        string text = Tokens()
            .Replace(
                pattern,
                m =>
                    m.Value switch
                    {
                        "**/" => "(.*/)?",
                        "**" => ".*",
                        "*" => "[^/]*",
                        "?" => "[^/]",
                        _ => m.Value,
                    }
            );
        return $"^{text}$";
    }

    [GeneratedRegex(@"\*\*/|\*\*|\*|\?", RegexOptions.None, 5000)]
    private static partial Regex Tokens();
}
