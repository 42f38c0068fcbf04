using Skiff.Build.Parsing;
using Xunit;

namespace Skiff.Tests.Building;

public sealed class DockerfileParserTests
{
    [Theory]
    [InlineData("FROM a\nRUN x", "FROM a;RUN x")]
    [InlineData("\uFEFFFROM a\r\nRUN x\r\n", "FROM a;RUN x")]
    [InlineData("  from a as b\n\n\trun  x  y  ", "FROM a as b;RUN x  y")]
    [InlineData("FROM a\nRUN a \\\n  b \\\n c", "FROM a;RUN a   b  c")]
    [InlineData("FROM a\nRUN a \\  \n b", "FROM a;RUN a  b")]
    [InlineData("FROM a\nRUN a \\\n# comment\n   # another\n b", "FROM a;RUN a  b")]
    [InlineData("FROM a\nRUN a \\\n\n b", "FROM a;RUN a  b")]
    [InlineData("FROM a\nRUN a \\\\\nRUN b", "FROM a;RUN a \\\\;RUN b")]
    [InlineData("FROM a\nRUN echo '# no comment'", "FROM a;RUN echo '# no comment'")]
    [InlineData("FROM a\nRUN a \\", "FROM a;RUN a")]
    [InlineData("# comment\n# escape=`\nFROM a\nRUN a \\\nRUN b", "FROM a;RUN a RUN b")]
    [InlineData("# escape=`\nFROM a\nRUN a `\n b \\\nRUN c", "FROM a;RUN a  b \\;RUN c")]
    [InlineData("# ESCAPE = `\n#syntax=x\nFROM a\nRUN a `\nb", "FROM a;RUN a b")]
    [InlineData("\n# escape=`\nFROM a\nRUN a \\\nb", "FROM a;RUN a b")]
    [InlineData("FROM a\nCOPY --from=x --chown=1:2 a b", "FROM a;COPY --from=x --chown=1:2 a b")]
    [InlineData("FROM a\nRUN --mount=type=cache,target=\"/a b\" x", "FROM a;RUN --mount=type=cache,target=/a b x")]
    [InlineData("FROM a\nCOPY -- --a b", "FROM a;COPY --a b")]
    [InlineData("FROM a\nRUN <<EOF\nRUN x\nEOF\nRUN y", "FROM a;RUN <<EOF;RUN y")]
    public void It_is_cut_into_instructions(string text, string expected) =>
        Assert.Equal(expected, string.Join(';', DockerfileParser.Parse(text).Instructions));

    [Theory]
    [InlineData("FROM a\nRUN <<EOF\na\n b\nEOF", "EOF|a\n b\n|True")]
    [InlineData("FROM a\nRUN <<'EOF'\n$a\nEOF", "EOF|$a\n|False")]
    [InlineData("FROM a\nRUN <<\"EOF\"\nEOF", "EOF||False")]
    [InlineData("FROM a\nRUN <<-EOF\n\t\ta\n\tEOF", "EOF|a\n|True")]
    [InlineData("FROM a\nRUN <<A cat <<B\n1\nA\n2\nB", "A|1\n|True;B|2\n|True")]
    [InlineData("FROM a\nCOPY <<f1 <<f2 /d/\n1\nf1\n2\nf2", "f1|1\n|True;f2|2\n|True")]
    [InlineData("FROM a\nRUN cat 3<<E\nx\nE", "E|x\n|True")]
    [InlineData("FROM a\nRUN cat <<<x", "")]
    [InlineData("FROM a\nRUN echo $((1 << 2))", "")]
    [InlineData("FROM a\nRUN [\"cat\", \"<<EOF\"]", "")]
    [InlineData("FROM a\nENV a=<<EOF", "")]
    [InlineData("FROM a\nRUN <<EOF \\\n x\n1\nEOF", "EOF|1\n|True")]
    [InlineData("FROM a\nRUN echo \"<<EOF\"", "")]
    public void Texts_are_taken_out_of_the_lines(string text, string expected) =>
        Assert.Equal(
            expected,
            string.Join(';', DockerfileParser.Parse(text).Instructions[1].Heredocs.Select(h => $"{h.Name}|{h.Content}|{h.Expands}"))
        );

    [Theory]
    [InlineData("", 0, "no instruction")]
    [InlineData("# only a comment", 0, "no instruction")]
    [InlineData("FROM a\nRNU x", 2, "unknown instruction: RNU (did you mean RUN?)")]
    [InlineData("FROM a\n\nRUN", 3, "RUN needs at least one argument")]
    [InlineData("FROM a\nRUN <<EOF\nx", 2, "not ended by a line EOF")]
    [InlineData("# escape=x\nFROM a", 1, "escape character")]
    [InlineData("# escape=`\n# escape=`\nFROM a", 2, "given twice")]
    [InlineData("FROM a\nRUN --mount=\"x y", 2, "a quote is not closed")]
    public void What_is_malformed_is_named_with_its_line(string text, int line, string message)
    {
        DockerfileException error = Assert.Throws<DockerfileException>(() => DockerfileParser.Parse(text));
        Assert.Equal(line, error.FirstLine);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_are_counted_over_continuations_and_texts()
    {
        Dockerfile file = DockerfileParser.Parse(
            "# syntax=docker/dockerfile:1\n# check=skip=all\nFROM a\nRUN a \\\n  b\nRUN <<X\n\nX\nCMD c"
        );
        Assert.Equal([(3, 3), (4, 5), (6, 8), (9, 9)], file.Instructions.Select(i => (i.FirstLine, i.LastLine)));
        Assert.Equal(("docker/dockerfile:1", "skip=all"), (file.Syntax, file.Check));
    }

    [Theory]
    [InlineData("[\"a\", \"b c\"]", "a|b c")]
    [InlineData(" [ ] ", "")]
    [InlineData("['a']", null)]
    [InlineData("[\"a\", 1]", null)]
    [InlineData("[\"a\"", null)]
    [InlineData("[ -f x ]", null)]
    [InlineData("[\"a\\u0041\"]", "aA")]
    [InlineData("{\"a\":1}", null)]
    public void Only_a_list_of_strings_is_the_exec_form(string text, string? expected) =>
        Assert.Equal(expected, JsonForm.TryParse(text) is { } words ? string.Join('|', words) : null);
}
