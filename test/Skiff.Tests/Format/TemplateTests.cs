using Skiff.Format;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Format;

public sealed class TemplateTests
{
    private static readonly Value s_data = ValueJson.Parse(
        """
        {"Id":"sha256:0123456789ab","Names":["web","db"],"Running":true,"Dead":false,"Pid":4711,"Ratio":1.5,"Size":7812345678,"Empty":"","Nothing":null,
         "Config":{"Env":["A=1","B=2"],"Labels":{"b":"two","a":"one"},"Entrypoint":[]},
         "Mounts":[{"Type":"bind","Destination":"/a"},{"Type":"volume","Destination":"/b"}],"Html":"<a href=\"x\">&</a>"}
        """u8,
        new HashSet<string> { "Labels" }
    );

    private static string Run(string template) => new Template(template).Run(s_data);

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("{{.Id}}", "sha256:0123456789ab")]
    [InlineData("{{ .Pid }} {{.Running}} {{.Ratio}} {{.Size}}", "4711 true 1.5 7812345678")]
    [InlineData("{{.Names}}", "[web db]")]
    [InlineData("{{.Config.Labels}}", "map[a:one b:two]")]
    [InlineData("{{.Config}}", "{[A=1 B=2] map[a:one b:two] []}")]
    [InlineData("{{.Config.Labels.a}}-{{.Config.Labels.zz}}", "one-<no value>")]
    [InlineData("{{.Nothing}}", "<no value>")]
    [InlineData("{{.}}x", null)]
    [InlineData("{{json .Config}}", """{"Env":["A=1","B=2"],"Labels":{"a":"one","b":"two"},"Entrypoint":[]}""")]
    [InlineData(
        "{{json .Html}}",
        """
            "<a href=\"x\">&</a>"
            """
    )]
    [InlineData("{{.Html | html}}", "&lt;a href=&#34;x&#34;&gt;&amp;&lt;/a&gt;")]
    [InlineData("{{json .Nothing}} {{json .Pid}} {{json .Ratio}}", "null 4711 1.5")]
    public void Fields_print_as_Go_prints_them(string template, string? expected)
    {
        if (expected is not null)
        {
            Assert.Equal(expected, Run(template));
        }
    }

    [Theory]
    [InlineData("{{if .Running}}up{{else}}down{{end}}", "up")]
    [InlineData("{{if .Dead}}a{{else if .Running}}b{{else}}c{{end}}", "b")]
    [InlineData("{{if .Dead}}a{{else if .Empty}}b{{else}}c{{end}}", "c")]
    [InlineData("{{if not .Empty}}none{{end}}", "none")]
    [InlineData("{{if and .Running (gt .Pid 0)}}alive{{end}}", "alive")]
    [InlineData("{{if or .Dead .Empty}}x{{else}}y{{end}}", "y")]
    [InlineData("{{or .Empty \"default\"}}", "default")]
    [InlineData("{{and .Running .Pid}}", "4711")]
    [InlineData("{{with .Config}}{{.Env}}{{end}}", "[A=1 B=2]")]
    [InlineData("{{with .Empty}}x{{else}}none{{end}}", "none")]
    [InlineData("{{with .Empty}}x{{else with .Pid}}{{.}}{{end}}", "4711")]
    [InlineData("{{with $x := .Config}}{{$x.Labels.a}}{{$.Pid}}{{end}}", "one4711")]
    public void Branches(string template, string expected) => Assert.Equal(expected, Run(template));

    [Theory]
    [InlineData("{{range .Names}}{{.}};{{end}}", "web;db;")]
    [InlineData("{{range $i, $e := .Names}}{{if $i}}, {{end}}{{$i}}={{$e}}{{end}}", "0=web, 1=db")]
    [InlineData("{{range $e := .Names}}{{$e}}{{end}}", "webdb")]
    [InlineData("{{range $k, $v := .Config.Labels}}{{$k}}:{{$v}} {{end}}", "a:one b:two ")]
    [InlineData("{{range .Config.Entrypoint}}x{{else}}empty{{end}}", "empty")]
    [InlineData("{{range .Names}}{{if eq . \"db\"}}{{break}}{{end}}{{.}}{{end}}", "web")]
    [InlineData("{{range .Names}}{{if eq . \"web\"}}{{continue}}{{end}}{{.}}{{end}}", "db")]
    [InlineData("{{range .Mounts}}{{.Type}}:{{.Destination}}{{println}}{{end}}", "bind:/a\nvolume:/b\n")]
    [InlineData("{{range 3}}{{.}}{{end}}", "012")]
    [InlineData("{{range .Nothing}}x{{else}}none{{end}}", "none")]
    [InlineData("{{$n := 1}}{{range .Names}}{{$n = 2}}{{end}}{{$n}}", "2")]
    [InlineData("{{$n := 1}}{{range .Names}}{{$n := 2}}{{end}}{{$n}}", "1")]
    public void Ranges(string template, string expected) => Assert.Equal(expected, Run(template));

    [Theory]
    [InlineData("a {{- 1 -}} b", "a1b")]
    [InlineData("a  {{- /* gone */ -}}  b", "ab")]
    [InlineData("x{{/* note */}}y", "xy")]
    [InlineData("{{-3}}", "-3")]
    [InlineData("a\n{{- range .Names }}\n{{.}}\n{{- end }}\n", "a\nweb\ndb\n")]
    public void Trim_markers_and_comments(string template, string expected) => Assert.Equal(expected, Run(template));

    [Theory]
    [InlineData("{{join .Names \",\"}}", "web,db")]
    [InlineData("{{.Id | upper}}", "SHA256:0123456789AB")]
    [InlineData("{{upper .Id | lower}}", "sha256:0123456789ab")]
    [InlineData("{{title \"hello big world\"}}", "Hello Big World")]
    [InlineData("{{split .Id \":\"}}", "[sha256 0123456789ab]")]
    [InlineData("{{index (split .Id \":\") 1}}", "0123456789ab")]
    [InlineData("{{(index .Mounts 1).Destination}}", "/b")]
    [InlineData("{{index .Config.Labels \"b\"}}", "two")]
    [InlineData("{{index .Config \"Labels\" \"b\"}}", "two")]
    [InlineData("{{len .Names}} {{len .Id}} {{len .Config.Labels}}", "2 19 2")]
    [InlineData("{{slice .Id 7 11}}", "0123")]
    [InlineData("{{slice .Names 1}}", "[db]")]
    [InlineData("{{truncate .Id 6}}|{{pad .Empty 2 2}}|{{pad \"x\" 1 2}}|", "sha256|| x  |")]
    [InlineData("{{print 1 2 \"a\" \"b\" 3}}", "1 2ab3")]
    [InlineData("{{println \"a\" 1}}", "a 1\n")]
    [InlineData(
        "{{eq .Pid 1 2 4711}} {{ne .Pid 1}} {{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 1.5 1.5}} {{eq nil .Nothing}}",
        "true true true true false true true"
    )]
    [InlineData(
        "{{\"quoted\\t\\u00e4\" | printf \"%q\"}} {{`raw\\n`}} {{'a'}} {{0x1f}} {{1_000}} {{1e3}}",
        "\"quoted\\tä\" raw\\n 97 31 1000 1000"
    )]
    [InlineData("{{define \"n\"}}<{{.}}>{{end}}{{range .Names}}{{template \"n\" .}}{{end}}", "<web><db>")]
    [InlineData("{{block \"b\" .Pid}}{{.}}!{{end}}", "4711!")]
    [InlineData("{{urlquery \"a b&c\"}}", "a+b%26c")]
    public void Functions(string template, string expected) => Assert.Equal(expected, Run(template));

    [Theory]
    [InlineData("{{.Foo}}", "--format: there is no field .Foo")]
    [InlineData("{{.Config.Lables}}", "--format: there is no field .Config.Lables, did you mean .Labels?")]
    [InlineData("{{.id}}", "--format: there is no field .id, did you mean .Id?")]
    [InlineData("{{.Id.Foo}}", "--format: .Id.Foo: sha256:0123456789ab has no fields")]
    [InlineData("{{.Nothing.Foo}}", "--format: .Nothing.Foo is a field of something that has no value")]
    [InlineData("{{index .Names 5}}", "--format: index out of range: 5")]
    [InlineData("{{jsonn .}}", "--format, column 3: unknown function jsonn, did you mean json?")]
    [InlineData("{{.Id", "--format, column 6: unclosed action: }} is missing")]
    [InlineData("{{if .Id}}x", "--format, column 12: {{if}} has no {{end}}")]
    [InlineData("{{end}}", "--format, column 8: unexpected {{end}}")]
    [InlineData("{{break}}", "--format, column 10: {{break}} outside {{range}}")]
    [InlineData("{{$x}}", "--format, column 3: unknown variable $x")]
    [InlineData("{{eq .Id 1}}", "--format: eq cannot compare sha256:0123456789ab with 1: the types differ")]
    [InlineData("{{.Id 1}}", "--format: .Id is not a function and takes no arguments")]
    [InlineData("{{\"open}}", "--format, column 3: unclosed string")]
    [InlineData("{{}}", "--format, column 3: a value is missing")]
    public void Errors_are_one_sentence_with_the_place(string template, string expected)
    {
        SkiffException e = Assert.Throws<SkiffException>(() => Run(template));
        Assert.Equal(expected, e.Message);
    }

    [Fact]
    public void A_template_that_calls_itself_ends_with_an_error() =>
        Assert.Throws<SkiffException>(() => Run("{{define \"a\"}}{{template \"a\"}}{{end}}{{template \"a\"}}"));
}
