using System.Runtime.CompilerServices;
using System.Text;
using CsCheck;
using Skiff.Compose.Yaml;
using Skiff.Linux;
using Xunit;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Skiff.Tests.Compose;

/// <summary>The parser beside another one: the same tree, or both refuse.</summary>
public sealed class YamlReaderTests
{
    [Theory]
    [InlineData("a: b")]
    [InlineData("a:\n  b: c\n  d:\n  - e\n  - f: g\n    h: i\n  -\n    - j\n    - - k\n      - l")]
    [InlineData("- a\n- b: c\n-\n- d")]
    [InlineData("a:\n- b\n- c\nd: e")]
    [InlineData("a: b c\n  d\n\n  e # f\ng: h")]
    [InlineData("a: 'b''c\n  d\n\n  e'\nf: \"g\\n\\x41\\u00e9 \\\n   h\n  i\"")]
    [InlineData("a: |\n  b\n   c\n\n  d\n\ne: >\n  f\n  g\n\n  h\n   i\n  j\n")]
    [InlineData("a: |-\n  b\n\nc: |+\n  d\n\ne: >-\n  f\n  g\n\n\nh: |2\n   i\n  j\nk: >+\n\n  l\n\n")]
    [InlineData("a: |\n\n\n  b\nc: |\nd: |\n\ne: f")]
    [InlineData("- |\n a\n- >\n b\n c\n- x: |\n   y\n  z: w")]
    [InlineData("a: [b, 'c', \"d\", [e, f], {g: h, i: }, j: k, l]\nm: {n, o: p, \"q\":r, s: [t],}\nu: []\nv: {}")]
    [InlineData("a: [\n  b,\n  # c\n  d e\n  f, g\n]\nh: {\n  i: j,\n  k:\n    l\n}")]
    [InlineData("a: &x {b: c}\nd: *x\ne: [*x, *x]\nf: &y\n  g: h\ni: *y\nj: &z k\nl: *z")]
    [InlineData("&a b: &c d\ne: *a\nf: *c")]
    [InlineData("a: !!str 1\nb: ! 2\nc: !reset\nd: !override [e]\nf: !x\n  g: h")]
    [InlineData("---\na: b\n---\nc\n...\n---\n- d\n--- |\n e\n--- f\n...\n")]
    [InlineData("%YAML 1.2\n%TAG ! tag:x,2000:\n---\na: b")]
    [InlineData("# a\n\na: b # c\n# d\n\n  # e\nf: g\n#h")]
    [InlineData("a:    b   \n\"c d\"  :   e\n'f': g\nh i j: k\nl#m: n#o\np:q: r:s\n")]
    [InlineData("? a\n: b\n? c\n? d\n: - e\n  - f\n")]
    [InlineData("a: -1\nb: - 1\n")]
    [InlineData("a: http://x:80/y?z#w\nb: 12:30\nc: -\nd: --x\ne: ?x\nf: :x")]
    [InlineData("a: b: c")]
    [InlineData("a: - b")]
    [InlineData("a: \"b\" c")]
    [InlineData("a: [b] c")]
    [InlineData("a: @b")]
    [InlineData("a: `b`")]
    [InlineData("a: %b")]
    [InlineData("a: [b")]
    [InlineData("a: 'b")]
    [InlineData("a: \"\\q\"")]
    [InlineData("a:\n\tb: c")]
    [InlineData("a: b\n  c: d")]
    [InlineData("a:\n  b: c\n d: e")]
    [InlineData("  a: b\nc: d")]
    [InlineData("- a\nb: c")]
    [InlineData("a: b\n- c")]
    [InlineData("- a\n  - b")]
    [InlineData("a\nb: c")]
    [InlineData("a: {b: c}}")]
    [InlineData("a: *b")]
    [InlineData("a: [b, , c]")]
    [InlineData("a: {b: c, , d}")]
    [InlineData("- - - a\n    - b\n  - c\n- d")]
    [InlineData("a:\r\n  b: c\r\n  d: |\r\n    e\r\n    f\r\n")]
    [InlineData("a: >\n\n b\n\n\n c\n  d\n\n e\n")]
    [InlineData("a: |1\n  b\n c\n")]
    [InlineData("a: \"b\n\n  c\t \n  d\"")]
    [InlineData("\"a\": b\n\"c: d\": e")]
    [InlineData("a: b\n\n\n")]
    [InlineData("a: !reset null\nb: &n !override {c: d}\ne: !override &m [f]")]
    [InlineData("a: é ü 日本\nb: \"\\u65e5\\U0001F600\"")]
    [InlineData("a: [b, c]: d")]
    [InlineData("[a, b]")]
    [InlineData("'a'")]
    [InlineData("|\n a\n b")]
    [InlineData("a: [x, &q y, *q]\nb: *q")]
    [InlineData("a:\n  # c\n  - b\n # d\n  - e")]
    [InlineData("a: b\\c\nd: \"e\\\\f\"\n")]
    [InlineData("a: |  # comment\n  b\nc: >- # d\n  e")]
    [InlineData("a: |x\n  b")]
    [InlineData("a: |-\n\n   \n\nb: |\n \n\n  \nc: d")]
    [InlineData("a: |\n\n    \n\n   # c\nb: c")]
    [InlineData("key: # c\n  - a\n  -   b: c\n      d: e\n")]
    public void A_text_means_what_it_means_to_another_parser(string text) => Compare(text, strict: true);

    [Fact]
    public void The_files_of_the_cases_mean_the_same()
    {
        foreach (string file in Directory.GetFiles(Path.Combine(Path.GetDirectoryName(Here())!, "Cases")))
        {
            foreach (string part in File.ReadAllText(file).Split("\n=== ").Where(static p => p.Split('\n')[0].EndsWith("ml")))
            {
                Compare(part[(part.IndexOf('\n') + 1)..] + "\n", strict: !part.Contains("<<"));
            }
        }
    }

    /// <summary>Where both find a meaning it is the same one. (Which of the many wrong texts is refused may differ: neither accepts only what the specification does.)</summary>
    [Fact]
    public void Texts_put_together_from_pieces_mean_the_same()
    {
        string[] pieces =
        [
            "a",
            "b c",
            "key: ",
            "- ",
            "-",
            "[",
            "]",
            "{",
            "}",
            ", ",
            ": ",
            "'",
            "\"",
            "|",
            ">",
            "|-",
            ">+",
            "\n",
            "\n",
            "\n",
            "\n  ",
            "\n  ",
            "\n    ",
            " ",
            "  ",
            "#x",
            " # c",
            "&n ",
            "!t ",
            "1",
            "\\n",
            "''",
            "é",
            "x: y\n",
            "\n- z",
            "\n  q: r",
            "[1, 2]",
            "{a: b}",
            "text: |\n    line\n     more\n",
            "fold: >\n    one\n    two\n\n    three\n",
            "\n\n",
        ];
        Gen.Int[0, pieces.Length - 1]
            .Select(i => pieces[i])
            .Array[1, 14]
            .Select(static p => string.Concat(p))
            // The other one goes wrong with a block scalar that is the whole file, and with a key at the very end of it.
            .Select(static text => $"top:\n  {text}\n")
            .Sample(static text => Compare(text, strict: false), iter: 20_000);
    }

    private static void Compare(string text, bool strict)
    {
        string? other = Other(text);
        string? ours = Ours(text);
        if (strict)
        {
            Assert.Equal(other, ours);
        }
        else if (other is not null && ours is not null)
        {
            Assert.True(other == ours, $"text:\n{text}\n--- other\n{other}\n--- ours\n{ours}");
        }
    }

    private static string? Ours(string text)
    {
        try
        {
            StringBuilder output = new();
            foreach (Node document in YamlReader.Read(text, "f"))
            {
                Write(output, document);
                output.Append('\n');
            }
            return output.ToString();
        }
        catch (SkiffException)
        {
            return null;
        }

        static void Write(StringBuilder output, Node node)
        {
            output.Append(
                node.Tag switch
                {
                    MergeTag.Reset => "!reset ",
                    MergeTag.Override => "!override ",
                    _ => "",
                }
            );
            switch (node.Kind)
            {
                case NodeKind.Map:
                    output.Append('{');
                    foreach ((string key, Node value) in node.Entries)
                    {
                        output.Append(key).Append('=');
                        Write(output, value);
                        output.Append(';');
                    }
                    output.Append('}');
                    break;
                case NodeKind.List:
                    output.Append('[');
                    foreach (Node item in node.Items)
                    {
                        Write(output, item);
                        output.Append(';');
                    }
                    output.Append(']');
                    break;
                default:
                    output.Append(node.Kind).Append('(').Append(node.Text).Append(')');
                    break;
            }
        }
    }

    /// <summary>The same text by the events of YamlDotNet; null where it refuses, or where a key is no scalar or is there twice.</summary>
    private static string? Other(string text)
    {
        try
        {
            Parser parser = new(new StringReader(text.Replace("\r\n", "\n")));
            StringBuilder output = new();
            parser.Consume<StreamStart>();
            while (!parser.Accept<StreamEnd>(out _))
            {
                Dictionary<string, string> anchors = [];
                parser.Consume<DocumentStart>();
                output.Append(Read(parser, anchors)).Append('\n');
                parser.Consume<DocumentEnd>();
            }
            return output.ToString();
        }
        catch (Exception e)
            when (e is YamlException or FormatException or ArgumentException or InvalidOperationException or InvalidCastException)
        {
            return null;
        }

        static string Read(Parser parser, Dictionary<string, string> anchors)
        {
            if (parser.TryConsume<AnchorAlias>(out AnchorAlias? alias))
            {
                return anchors.TryGetValue(alias!.Value.Value, out string? known) ? known : throw new FormatException();
            }
            NodeEvent start = (NodeEvent)parser.Current!;
            string tag = start.Tag.IsEmpty || start.Tag.IsNonSpecific ? "" : start.Tag.Value;
            StringBuilder node = new(tag is "!reset" or "!override" ? tag + " " : "");
            if (parser.TryConsume<Scalar>(out Scalar? scalar))
            {
                bool isText = scalar!.Style != ScalarStyle.Plain || tag == "tag:yaml.org,2002:str" || start.Tag.IsNonSpecific;
                Node value = isText ? Node.Of(scalar.Value) : YamlScalars.Resolve(scalar.Value, default);
                node.Append(value.Kind).Append('(').Append(value.Text).Append(')');
            }
            else if (parser.TryConsume<SequenceStart>(out SequenceStart? _))
            {
                node.Append('[');
                while (!parser.TryConsume<SequenceEnd>(out SequenceEnd? _))
                {
                    node.Append(Read(parser, anchors)).Append(';');
                }
                node.Append(']');
            }
            else
            {
                parser.Consume<MappingStart>();
                node.Append('{');
                HashSet<string> keys = [];
                while (!parser.TryConsume<MappingEnd>(out MappingEnd? _))
                {
                    string key = Read(parser, anchors);
                    int open = key.IndexOf('(');
                    key =
                        key.StartsWith("Null(", StringComparison.Ordinal) ? "null"
                        : open > 0 && key[^1] == ')' && key[0] is not ('{' or '[' or '!') ? key[(open + 1)..^1]
                        : throw new FormatException();
                    _ = keys.Add(key) ? 0 : throw new FormatException();
                    string value = Read(parser, anchors);
                    _ = key == "<<" && value[0] is '{' or '[' ? throw new FormatException() : 0;
                    node.Append(key).Append('=').Append(value).Append(';');
                }
                node.Append('}');
            }
            if (!start.Anchor.IsEmpty)
            {
                anchors[start.Anchor.Value] = node.ToString();
            }
            return node.ToString();
        }
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
