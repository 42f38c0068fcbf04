using CsCheck;
using Skiff.Build.Parsing;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Building;

public sealed class ExpansionTests
{
    private static readonly Dictionary<string, string> s_variables = new()
    {
        ["x"] = "value",
        ["empty"] = "",
        ["path"] = "/usr/local/bin/tool.tar.gz",
        ["words"] = "a b",
        ["_u1"] = "u",
    };

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("$x", "value")]
    [InlineData("${x}", "value")]
    [InlineData("a${x}b$x-c", "avaluebvalue-c")]
    [InlineData("$_u1", "u")]
    [InlineData("$nothing", "")]
    [InlineData("\\$x", "$x")]
    [InlineData("\\\\$x", "\\value")]
    [InlineData("'$x'", "$x")]
    [InlineData("\"$x\"", "value")]
    [InlineData("\"a \\\" b\"", "a \" b")]
    [InlineData("\"a\\nb\"", "a\\nb")]
    [InlineData("a\\ b", "a b")]
    [InlineData("'it'\"'\"'s'", "it's")]
    [InlineData("$", "$")]
    [InlineData("a$ b", "a$ b")]
    [InlineData("${x:-y}", "value")]
    [InlineData("${empty:-y}", "y")]
    [InlineData("${empty-y}", "")]
    [InlineData("${nothing-y}", "y")]
    [InlineData("${nothing:-${x}}", "value")]
    [InlineData("${nothing:-a b}", "a b")]
    [InlineData("${nothing:-}", "")]
    [InlineData("${x:+y}", "y")]
    [InlineData("${empty:+y}", "")]
    [InlineData("${empty+y}", "y")]
    [InlineData("${nothing+y}", "")]
    [InlineData("${x:?why}", "value")]
    [InlineData("${path#*/}", "usr/local/bin/tool.tar.gz")]
    [InlineData("${path##*/}", "tool.tar.gz")]
    [InlineData("${path%.*}", "/usr/local/bin/tool.tar")]
    [InlineData("${path%%.*}", "/usr/local/bin/tool")]
    [InlineData("${path#nothing}", "/usr/local/bin/tool.tar.gz")]
    [InlineData("${path/local/own}", "/usr/own/bin/tool.tar.gz")]
    [InlineData("${path/o/0}", "/usr/l0cal/bin/tool.tar.gz")]
    [InlineData("${path//o/0}", "/usr/l0cal/bin/t00l.tar.gz")]
    [InlineData("${path//[/x}", "/usr/local/bin/tool.tar.gz")]
    [InlineData("${x/v*e/}", "")]
    [InlineData("${x#?}", "alue")]
    [InlineData("${x#\\?}", "value")]
    public void Variables_quotes_and_escapes(string word, string expected) => Assert.Equal(expected, Make().Word(word));

    [Theory]
    [InlineData("${}")]
    [InlineData("${x")]
    [InlineData("${x:")]
    [InlineData("${x:-y")]
    [InlineData("${x:=y}")]
    [InlineData("${x!}")]
    [InlineData("\"open")]
    [InlineData("'open")]
    [InlineData("${nothing:?it is needed}")]
    [InlineData("${nothing?}")]
    public void What_is_malformed_or_missing_is_refused(string word) => Assert.Throws<SkiffException>(() => Make().Word(word));

    [Theory]
    [InlineData("$words c", "a|b|c")]
    [InlineData("\"$words\" c", "a b|c")]
    [InlineData("$nothing c", "c")]
    public void Words_are_cut_at_spaces_that_were_not_quoted(string text, string expected) =>
        Assert.Equal(expected, string.Join('|', Make().Words(text)));

    [Theory]
    [InlineData("a \"$x\" 'b'\n", "a \"value\" 'b'\n")]
    [InlineData("\\$x \\n", "$x \\n")]
    [InlineData("\\", "\\")]
    public void In_a_text_quotes_are_like_other_characters(string text, string expected) => Assert.Equal(expected, Make().Text(text));

    [Fact]
    public void Another_escape_character_leaves_the_backslash_alone() =>
        Assert.Equal("c:\\value $x", new Expansion(s_variables.GetValueOrDefault, '`').Word("c:\\$x `$x"));

    [Fact]
    public void A_quoted_text_is_itself() =>
        Gen.String[Gen.Char[' ', '~'], 0, 20]
            .Sample(text => Assert.Equal(text, Make().Word("'" + text.Replace("'", "'\"'\"'", StringComparison.Ordinal) + "'")));

    [Fact]
    public void No_text_breaks_it()
    {
        Gen<string> odd = Gen.String[Gen.Char["${}:-+?#%/\\'\"x*"], 0, 12];
        odd.Sample(text =>
        {
            try
            {
                _ = Make().Word(text);
            }
            catch (SkiffException)
            {
                // refused in words
            }
        });
    }

    private static Expansion Make() => new(s_variables.GetValueOrDefault, '\\');
}
