using CsCheck;
using Skiff.Compose.Loading;
using Skiff.Compose.Output;
using Skiff.Compose.Schema;
using Skiff.Compose.Yaml;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Compose;

/// <summary>Variables, words, durations, and the texts of YAML.</summary>
public sealed class ComposeTextTests
{
    private static string? Lookup(string name) =>
        name switch
        {
            "A" => "a",
            "EMPTY" => "",
            "DOLLAR" => "$A",
            _ => null,
        };

    [Theory]
    [InlineData("$A", "a")]
    [InlineData("${A}b", "ab")]
    [InlineData("$A$A", "aa")]
    [InlineData("$$A", "$A")]
    [InlineData("$$$A", "$a")]
    [InlineData("${NONE}", "")]
    [InlineData("${NONE:-d}", "d")]
    [InlineData("${NONE-d}", "d")]
    [InlineData("${EMPTY:-d}", "d")]
    [InlineData("${EMPTY-d}", "")]
    [InlineData("${A:-d}", "a")]
    [InlineData("${A:+x}", "x")]
    [InlineData("${EMPTY:+x}", "")]
    [InlineData("${EMPTY+x}", "x")]
    [InlineData("${NONE+x}", "")]
    [InlineData("${A:?no}", "a")]
    [InlineData("${EMPTY?no}", "")]
    [InlineData("${NONE:-${EMPTY:-${A}}}", "a")]
    [InlineData("${NONE:-a}b}", "ab}")]
    [InlineData("${NONE:-{}}", "{}")]
    [InlineData("${DOLLAR}", "$A")]
    [InlineData("${NONE:-$$A}", "$A")]
    [InlineData("${NONE:-}", "")]
    [InlineData("{{.A}} }", "{{.A}} }")]
    public void Variables_are_replaced(string text, string expected) => Assert.Equal(expected, new Interpolation(Lookup).Expand(text));

    [Theory]
    [InlineData("$")]
    [InlineData("a$ b")]
    [InlineData("${A")]
    [InlineData("${}")]
    [InlineData("${1}")]
    [InlineData("${A!}")]
    [InlineData("${A:}")]
    [InlineData("$-")]
    public void A_dollar_that_is_no_variable_is_refused(string text) =>
        Assert.Throws<FormatException>(() => new Interpolation(Lookup).Expand(text));

    [Fact]
    public void Texts_without_sense_never_break_the_interpolation() =>
        Gen.String[Gen.Char["$${}A:-+? b"], 0, 40]
            .Sample(text =>
            {
                try
                {
                    _ = new Interpolation(Lookup).Expand(text);
                }
                catch (Exception e) when (e is FormatException or SkiffException) { }
            });

    [Fact]
    public void An_unset_variable_is_told_of_unless_it_has_a_default()
    {
        List<string> unset = [];
        _ = new Interpolation(Lookup, unset.Add).Expand("$NONE ${OTHER:-x} ${THIRD}");
        Assert.Equal(["NONE", "THIRD"], unset);
    }

    [Theory]
    [InlineData("a b  c", "a|b|c")]
    [InlineData("sh -c 'a b'", "sh|-c|a b")]
    [InlineData("\"a \\\" b\" c\\ d", "a \" b|c d")]
    [InlineData("a''b", "ab")]
    [InlineData("''", "")]
    [InlineData("a\nb", "a|b")]
    public void A_command_is_split_as_a_shell_does(string text, string words) => Assert.Equal(words.Split('|'), ShellWords.Split(text));

    [Fact]
    public void Joined_words_are_split_into_the_same() =>
        Gen.String[Gen.Char[" 'a\"\\\n$"], 0, 8].Array[0, 5].Sample(words => Assert.Equal(words, ShellWords.Split(ShellWords.Join(words))));

    [Theory]
    [InlineData("90s", "1m30s")]
    [InlineData("3600s", "1h0m0s")]
    [InlineData("1500ms", "1.5s")]
    [InlineData("1h", "1h0m0s")]
    [InlineData("200us", "200µs")]
    [InlineData("0", "0s")]
    [InlineData("1.5h", "1h30m0s")]
    public void Durations_are_printed_as_Go_does(string text, string expected)
    {
        Assert.True(ComposeDuration.TryParse(text, out string? canonical));
        Assert.Equal(expected, canonical);
    }

    [Theory]
    [InlineData("A=1\n#c\n\nB = 2 # d\nC='x $A'\nD=\"${A}\\n\"\nE", "A=1|B=2|C=x $A|D=1\n|E=")]
    [InlineData("export A=x#y\nB: z\r\nM=\"1\n2\"\nN=$M", "A=x#y|B=z|M=1\n2|N=1\n2")]
    [InlineData("A=\nB=\"\"\nC=a b", "A=|B=|C=a b")]
    public void Files_of_variables_are_read(string text, string expected) =>
        Assert.Equal(expected, string.Join('|', DotEnv.Parse(text, ".env", static _ => null).Select(static v => $"{v.Key}={v.Value}")));

    [Theory]
    [InlineData("A\"=1", ".env:1: unexpected character \"\"\" in the name of a variable, near \"A\"\"")]
    [InlineData("\nA='x", ".env:2: the quote of the variable A is not closed")]
    [InlineData("=x", ".env:1: a variable has no name")]
    [InlineData("A=${B", ".env:1: a ${ has no }")]
    public void A_wrong_line_of_variables_is_named(string text, string message) =>
        Assert.Equal(message, Assert.Throws<SkiffException>(() => DotEnv.Parse(text, ".env", static _ => null)).Message);

    [Fact]
    public void Every_text_survives_being_written_as_YAML_and_read_again() =>
        Gen.OneOf(Gen.String[Gen.Char["ab:#-?,[]{}&*!|>'\"%@` \n\t~0.1x_=<é\u0001"], 0, 12], Gen.String[Gen.Char[' ', '\u2FFF'], 0, 12])
            .Sample(text =>
            {
                Node map = Node.Map();
                map.Set("x-a", Node.ListOf(default, Node.Of(text)));
                map.Set("x-b", Node.Of(text));
                Node read = YamlReader.Read(ModelYaml.Write(map), "f")[0];
                Assert.Equal((NodeKind.Text, text), (read["x-a"]!.Items[0].Kind, read["x-a"]!.Items[0].Text));
                Assert.Equal((NodeKind.Text, text), (read["x-b"]!.Kind, read["x-b"]!.Text));
            });

    [Theory]
    [InlineData("0640", "416")]
    [InlineData("0o17", "15")]
    [InlineData("0x1F", "31")]
    [InlineData("1_000", "1000")]
    [InlineData("1.50", "1.5")]
    [InlineData("1e3", "1000")]
    [InlineData("1e30", "1e+30")]
    public void Numbers_are_read_and_printed_as_Go_does(string text, string expected) =>
        Assert.Equal(expected, YamlScalars.Resolve(text, default).Text);
}
