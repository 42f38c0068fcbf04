using System.Text;
using Skiff.Commands;
using Skiff.Format;
using Skiff.Images;
using Skiff.Images.Store;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Cli;

public sealed class ImageVerbTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);

    private static Image Make(params string[] names)
    {
        byte[] config =
            """
            {"architecture":"amd64","os":"linux","created":"2026-11-24T12:00:00Z",
             "config":{"Env":["A=1"],"Cmd":["sh"],"ExposedPorts":{"80/tcp":{}},"Labels":{"tier":"front"},"Volumes":{"/data":{}}},
             "rootfs":{"type":"layers","diff_ids":["sha256:1111111111111111111111111111111111111111111111111111111111111111"]},
             "history":[{"created":"2026-11-24T11:00:00Z","created_by":"ADD rootfs.tar /\tdone # and a very long line that goes on"},{"created":"2026-11-24T12:00:00Z","created_by":"CMD [\"sh\"]","empty_layer":true}]}
            """u8.ToArray();
        Digest id = Digest.Parse("sha256:" + new string('c', 64));
        var manifest = new ImageManifest(
            MediaTypes.OciManifest,
            new Descriptor(MediaTypes.OciConfig, id, 1),
            [],
            new Dictionary<string, string>()
        );
        return new Image(id, Digest.Of("m"u8), manifest, ImageConfig.Parse(config), ["/l/1"], [.. names.Select(Reference.Parse)], 7_812_345)
        {
            LayerSizes = [7_812_345],
            TopDigest = Digest.Of("t"u8),
        };
    }

    private static IReadOnlyList<Reference?> Names(Image image, string? argument, params string[] filters) =>
        ImageFilter
            .From(Filters.Parse(filters, "dangling", "reference", "before", "since", "label", "until"), argument, _ => image, s_now)
            .NamesOf(image);

    [Theory]
    [InlineData("alpine", 2)]
    [InlineData("alpine:3", 1)]
    [InlineData("docker.io/library/alpine", 2)]
    [InlineData("busybox", 0)]
    [InlineData("alp*", 2)]
    public void The_argument_chooses_names(string argument, int count) =>
        Assert.Equal(count, Names(Make("alpine", "alpine:3", "localhost:5000/x/y:1"), argument).Count);

    [Theory]
    [InlineData("reference=alpine", 2)]
    [InlineData("reference=*:3", 1)]
    [InlineData("reference=localhost:5000/*/*", 1)]
    [InlineData("dangling=true", 0)]
    [InlineData("dangling=false", 3)]
    [InlineData("label=tier", 3)]
    [InlineData("label=tier=back", 0)]
    [InlineData("until=12h", 3)]
    [InlineData("until=48h", 0)]
    [InlineData("before=me", 0)]
    public void Filters_choose_images(string filter, int count) =>
        Assert.Equal(count, Names(Make("alpine", "alpine:3", "localhost:5000/x/y:1"), null, filter).Count);

    [Fact]
    public void An_image_without_a_name_is_one_row()
    {
        Assert.Equal([null], Names(Make(), null));
        Assert.Equal([null], Names(Make(), null, "dangling=true"));
        Assert.Empty(Names(Make(), null, "dangling=false"));
        Value row = ImagesCommand.Row(Make(), null, full: false, s_now);
        Assert.Equal(
            "<none> <none> <none> cccccccccccc 24 hours ago 7.81MB",
            new Template("{{.Repository}} {{.Tag}} {{.Digest}} {{.ID}} {{.CreatedSince}} {{.Size}}").Run(row)
        );
    }

    [Fact]
    public void Inspect_answers_what_scripts_ask_docker()
    {
        Value image = ImageInspectCommand.Describe(Make("alpine:3"));
        Assert.Equal("[alpine:3]", new Template("{{.RepoTags}}").Run(image));
        Assert.Equal(
            "sh A=1 front",
            new Template("{{index .Config.Cmd 0}} {{index .Config.Env 0}} {{index .Config.Labels \"tier\"}}").Run(image)
        );
        Assert.Equal("80/tcp", new Template("{{range $p, $_ := .Config.ExposedPorts}}{{$p}}{{end}}").Run(image));
        Assert.Equal("null []", new Template("{{json .Config.Entrypoint}} {{.Config.Entrypoint}}").Run(image));
        Assert.StartsWith($"alpine@sha256:", new Template("{{index .RepoDigests 0}}").Run(image), StringComparison.Ordinal);
        Assert.Contains("\"Created\":\"2026-11-24T12:00:00Z\"", ValueJson.Line(image), StringComparison.Ordinal);
    }

    [Fact]
    public void History_has_the_newest_step_first_and_sizes_only_for_layers()
    {
        IReadOnlyList<Value> rows = HistoryCommand.Rows(Make(), human: true, full: false, s_now);
        var template = new Template("{{.ID}}|{{.CreatedBy}}|{{.Size}}");
        Assert.Equal("cccccccccccc|CMD [\"sh\"]|0B", template.Run(rows[0]));
        Assert.Equal("<missing>|ADD rootfs.tar / done # and a very long line…|7.81MB", template.Run(rows[1]));
    }

    [Theory]
    [InlineData("", "docker.io")]
    [InlineData("https://index.docker.io/v1/", "docker.io")]
    [InlineData("http://localhost:5000/v2/", "localhost:5000")]
    [InlineData("quay.io", "quay.io")]
    public void Registries_are_named_by_host_or_address(string server, string domain) => Assert.Equal(domain, Credentials.Domain(server));

    [Fact]
    public void Version_answers_for_client_and_server() =>
        Assert.Equal(
            "abc abc 6.1",
            new Template("{{.Client.GitCommit}} {{.Server.GitCommit}} {{.Server.KernelVersion}}").Run(VersionCommand.Describe("abc", "6.1"))
        );

    [Fact]
    public void The_facts_of_info_are_read_from_their_files()
    {
        Assert.Equal(2048, InfoCommand.MemTotal("MemFree: 1 kB\nMemTotal:       2 kB\n"));
        Assert.Equal("Debian GNU/Linux 12", InfoCommand.OsName("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n"));
    }

    [Fact]
    public void Inspect_shows_what_it_found_before_it_fails()
    {
        var text = new StringBuilder();
        var errors = new StringBuilder();
        int code = InspectPrinter.Print(
            new Display.Output(text, errors),
            "{{.A}}",
            ["x", "y"],
            n => n == "x" ? throw new SkiffException("No such image: x") : Value.Struct(("A", Value.Of(n)))
        );
        Assert.Equal((1, "y\n", "skiff: No such image: x\n"), (code, text.ToString(), errors.ToString()));
    }

    [Fact]
    public void Pulls_are_explained_step_by_step()
    {
        Reference reference = Reference.Parse("alpine");
        string text = ExplainPullCommand.Text(
            reference,
            PullConversation.Of(reference, new Platform("linux", "amd64"), true, inStore: false, null)
        );
        Assert.StartsWith("pull docker.io/library/alpine:latest\n\n1. GET https://", text, StringComparison.Ordinal);
        Assert.Contains("an anonymous token", text, StringComparison.Ordinal);
    }
}
