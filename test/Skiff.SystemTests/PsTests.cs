using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The list of containers: what it shows, in which order, what it is filtered by.</summary>
public sealed class PsTests : IClassFixture<PsTests.Fleet>
{
    private readonly SkiffHost _host;
    private readonly Fleet _fleet;

    public PsTests(Fleet fleet)
    {
        _fleet = fleet;
        _host = fleet.Host;
    }

    [Fact]
    public void Only_what_runs_is_listed_unless_all_is_asked_for()
    {
        Assert.Equal(["web"], Names());
        Assert.Equal(["idle", "failed", "web"], Names("-a"));
        Assert.Equal(["idle"], Names("-l"));
        Assert.Equal(["idle", "failed"], Names("-n", "2"));
        Assert.Equal(["idle", "failed", "web"], Names("-n", "0", "-a"));
    }

    [Fact]
    public void A_field_that_does_not_exist_is_an_error_without_any_row_too()
    {
        string[] none = ["-f", "name=nosuch"];
        _host.Run(["ps", .. none, "--format", "{{.Foo}}"]).ExitedWith(1).Complained("no field .Foo");
        _host.Run(["ps", .. none, "--format", "table {{.Foo}}"]).ExitedWith(1).Complained("no field .Foo");
        Assert.Equal(
            "",
            _host.Run(["ps", .. none, "--format", "{{slice .ID 0 60}}{{index (split .Names \"x\") 7}}{{.Label \"a\"}}"]).Succeeded().Output
        );
    }

    [Theory]
    [InlineData("json")]
    [InlineData("{{.Names}}")]
    [InlineData("table {{.Names}}")]
    public void Quiet_shows_the_ids_whatever_the_format(string format)
    {
        CommandResult result = _host.Run("ps", "-q", "--format", format).Succeeded().Complained("--quiet");
        Assert.Equal(_fleet.Ids["web"][..12], result.Text);
    }

    [Fact]
    public void The_default_table_has_dockers_columns()
    {
        string[] lines = _host.Run("ps", "-a").Succeeded().Lines;
        Assert.Equal(
            ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"],
            lines[0].Split("   ", StringSplitOptions.RemoveEmptyEntries).Select(static c => c.Trim())
        );
        Assert.Contains("\"sleep 1000\"", lines[3], StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:8080->80/tcp, 53/udp", lines[3], StringComparison.Ordinal);
        Assert.Contains("Exited (3) ", lines[2], StringComparison.Ordinal);
        Assert.Contains(" Created ", lines[1], StringComparison.Ordinal);
        string asTemplate = "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
        Assert.Equal(Ageless(lines), Ageless(_host.Run("ps", "-a", "--format", asTemplate).Succeeded().Lines));
        Assert.Equal(64, _host.Run("ps", "-q", "--no-trunc").Succeeded().Text.Length);
        Assert.Equal(_fleet.Ids["web"][..12], _host.Run("ps", "-q").Succeeded().Text);
    }

    [Theory]
    [InlineData("web,idle", "name=web", "name=idle")]
    [InlineData("web", "name=^web$")]
    [InlineData("web", "name=^/web$")]
    [InlineData("", "name=^eb")]
    [InlineData("web,failed", "name=^(web|fail.*)$")]
    [InlineData("failed", "exited=3")]
    [InlineData("", "exited=0")]
    [InlineData("failed,idle", "status=exited", "status=created")]
    [InlineData("web", "label=tier=front")]
    [InlineData("web,failed", "label=tier")]
    [InlineData("", "label=tier", "label=none")]
    [InlineData("web,failed,idle", "ancestor=127.0.0.1:5000/busybox:1")]
    [InlineData("", "ancestor=nosuch")]
    [InlineData("web,failed", "before=idle")]
    [InlineData("idle,failed", "since=web")]
    [InlineData("web", "volume=data")]
    [InlineData("web", "volume=/data")]
    [InlineData("failed,idle", "network=none")]
    [InlineData("web", "network=bridge")]
    [InlineData("web", "publish=8080")]
    [InlineData("web", "publish=8000-9000/tcp")]
    [InlineData("", "publish=8080/udp")]
    [InlineData("web", "expose=53/udp")]
    [InlineData("web", "expose=80")]
    [InlineData("web,failed,idle", "health=none")]
    [InlineData("", "health=healthy")]
    [InlineData("web,failed,idle", "is-task=false")]
    [InlineData("", "is-task=true")]
    public void Filters_are_dockers(string expected, params string[] filters)
    {
        string[] names = Names([.. filters.SelectMany(static f => (string[])["-f", f]), "-a"]);
        Assert.Equal(expected.Split(',', StringSplitOptions.RemoveEmptyEntries).Order(), names.Order());
    }

    [Fact]
    public void The_filter_by_id_takes_its_beginning()
    {
        Assert.Equal(["failed"], Names("-a", "--filter", $"id={_fleet.Ids["failed"][..10]}"));
        Assert.Equal(["failed"], Names("-a", "--filter", $"ancestor={_fleet.ImageId}", "--filter", "exited=3"));
    }

    [Theory]
    [InlineData("colour=red", "there is no filter \"colour\"")]
    [InlineData("status=walking", "expected created, running")]
    [InlineData("exited=x", "a number is expected")]
    [InlineData("name=a(b", "a ( without its )")]
    [InlineData("before=nosuch", "No such container: nosuch")]
    [InlineData("publish=http", "a number is expected")]
    public void A_wrong_filter_is_explained(string filter, string words) =>
        _host.Run("ps", "--filter", filter).ExitedWith(1).Complained(words);

    [Fact]
    public void Fields_of_templates_and_json_are_dockers()
    {
        string[] fields =
        [
            "Command",
            "CreatedAt",
            "ID",
            "Image",
            "Labels",
            "LocalVolumes",
            "Mounts",
            "Names",
            "Networks",
            "Platform",
            "Ports",
            "RunningFor",
            "Size",
            "State",
            "Status",
        ];
        JsonObject row = JsonNode.Parse(_host.Run("ps", "--format", "json").Succeeded().Text)!.AsObject();
        Assert.Equal(fields, row.Select(static f => f.Key));
        Assert.Equal(
            "web running data bridge 1 front",
            _host
                .Run("ps", "--format", "{{.Names}} {{.State}} {{.Mounts}} {{.Networks}} {{.LocalVolumes}} {{.Label \"tier\"}}")
                .Succeeded()
                .Text
        );
        Assert.Equal("tier=front", (string?)row["Labels"]);
        string size = _host.Run("ps", "--size", "--format", "{{.Size}}").Succeeded().Text;
        Assert.Matches(@"^5kB \(virtual [0-9.]+MB\)$", size);
        Assert.EndsWith("SIZE", _host.Run("ps", "-s").Succeeded().Lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Names_and_ids_lead_to_containers_or_to_a_sentence()
    {
        Assert.Equal(_fleet.Ids["web"], _host.Run("inspect", "-f", "{{.Id}}", _fleet.Ids["web"][..6]).Succeeded().Text);
        Assert.Equal(_fleet.Ids["web"], _host.Run("inspect", "-f", "{{.Id}}", "/web").Succeeded().Text);
        _host.Run("stop", "wed").ExitedWith(1).Complained("did you mean web?");
        CommandResult mixed = _host
            .Run("inspect", "-f", "{{.Name}}", "web", "nosuch", "idle")
            .ExitedWith(1)
            .Complained("No such object: nosuch");
        Assert.Equal("/web\n/idle", mixed.Text);
    }

    [Fact]
    public void An_ambiguous_beginning_of_an_id_is_refused_with_the_candidates()
    {
        HashSet<char> seen = [];
        List<string> ids = [];
        try
        {
            // After 17 containers two begin with the same digit.
            while (ids.TrueForAll(id => seen.Add(id[0])))
            {
                seen.Clear();
                ids.Add(_host.Run("create", "--network", "none", _fleet.Image, "true").Succeeded().Text);
            }
            string twice = ids.GroupBy(static id => id[..1]).First(static g => g.Count() > 1).Key;
            _host.Run("inspect", twice).ExitedWith(1).Complained($"multiple containers have ids that begin with {twice}");
            _host.Run("rm", twice).ExitedWith(1).Complained("give more digits");
        }
        finally
        {
            _host.Run(["rm", .. ids]).Succeeded();
        }
    }

    [Fact]
    public void Of_many_containers_each_change_is_seen_although_little_is_read()
    {
        List<string> ids = [];
        try
        {
            for (int i = 0; i < 20; i++)
            {
                ids.Add(_host.Run("create", "--network", "none", _fleet.Image, "true").Succeeded().Text);
            }
            string[] running = ["one", "two", "three"];
            foreach (string name in running)
            {
                ids.Add(_host.Run("run", "-d", "--name", name, "--network", "none", _fleet.Image, "sleep", "1000").Succeeded().Text);
            }
            Thread.Sleep(150); // what has just changed is not kept
            string[] cold = Ageless(_host.Run("ps", "-a", "--no-trunc").Succeeded().Lines).ToArray();
            Assert.True(File.Exists($"{_host.Runroot}/listing"));
            Assert.Equal(cold, Ageless(_host.Run("ps", "-a", "--no-trunc").Succeeded().Lines));
            Assert.Equal(
                "data bridge 1 front",
                _host
                    .Run("ps", "-f", "name=web", "--format", "{{.Mounts}} {{.Networks}} {{.LocalVolumes}} {{.Label \"tier\"}}")
                    .Succeeded()
                    .Text
            );

            _host.Run("pause", "one").Succeeded();
            Assert.Equal(["one"], Names("-f", "status=paused"));
            _host.Run("unpause", "one").Succeeded();
            _host.Run("rename", "one", "first").Succeeded();
            Assert.Equal(["three", "two", "first", "web"], Names());

            // Both at once, so that nobody is left who could write the end down.
            string[] pids = _host.Run("inspect", "-f", "{{.State.Pid}}", "two").Succeeded().Lines;
            string Monitors() => string.Join('\n', ProcessTable.WithCommandLine($"--runroot {_host.Runroot} monitor {ids[^2]}"));
            Wait.Until(() => Monitors().Length > 0, 10, () => "it has no monitor");
            string monitor = Monitors().Split(' ')[0];
            Tool.Run("kill", "-9", monitor, pids[0]);
            Wait.Until(() => !Names().Contains("two"), 10, () => "a dead container is listed as running");
            Assert.Equal(["two"], Names("-f", "status=exited", "-f", "name=two"));
        }
        finally
        {
            _host.Run(["rm", "-f", .. ids]).Succeeded();
        }
        Assert.Equal(["web"], Names());
    }

    private string[] Names(params string[] flags) => _host.Run(["ps", "--format", "{{.Names}}", .. flags]).Succeeded().Lines;

    /// <summary>Ages may differ by a second between two calls.</summary>
    private static IEnumerable<string> Ageless(string[] lines) =>
        lines.Select(static l =>
            Regex.Replace(Regex.Replace(l, @"(Less than a second|\d+ seconds?|About a minute|\d+ minutes)( ago)?", "AGE"), " +", " ")
        );

    /// <summary>Three containers in three states.</summary>
    public sealed class Fleet : IDisposable
    {
        public Fleet()
        {
            Image = Host.Image(TestImages.Busybox);
            Make(
                "web",
                "run",
                "-d",
                "--label",
                "tier=front",
                "-v",
                "data:/data",
                "-p",
                "127.0.0.1:8080:80",
                "--expose",
                "53/udp",
                Image,
                "sleep",
                "1000"
            );
            Host.Run("exec", "web", "sh", "-c", "head -c 5000 /dev/zero > /file").Succeeded();
            Make("failed", "run", "-d", "--label", "tier=back", "--network", "none", Image, "sh", "-c", "exit 3");
            Assert.Equal("3", Host.Run("wait", "failed").Succeeded().Text);
            Make("idle", "create", "--network", "none", Image, "true");
            ImageId = Host.Run("inspect", "-f", "{{.Image}}", "web").Succeeded().Text;
        }

        internal SkiffHost Host { get; } = new();

        internal string Image { get; }

        internal string ImageId { get; }

        internal Dictionary<string, string> Ids { get; } = [];

        public void Dispose()
        {
            Host.Run("rm", "-f", "-v", "web", "failed", "idle").Succeeded();
            Host.Dispose();
        }

        private void Make(string name, string verb, params string[] words) =>
            Ids[name] = Host.Run([verb, "--name", name, .. words]).Succeeded().Text;
    }
}
