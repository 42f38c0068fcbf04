using System.Text.Json.Nodes;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The machine as a whole: df, prune, info, version, and the formats that every listing has.</summary>
public sealed class SystemTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    [Fact]
    public void Df_counts_shared_layers_once_and_says_what_can_be_given_back()
    {
        string image = Busybox;
        string layered = host.Image(TestImages.Layered);
        host.Run(
                "run",
                "-d",
                "--name",
                "on",
                "--network",
                "none",
                "-v",
                "kept:/kept",
                image,
                "sh",
                "-c",
                "head -c 5000 /dev/zero > /kept/file; sleep 1000"
            )
            .Succeeded();
        host.Run("run", "--name", "off", "--network", "none", image, "sh", "-c", "head -c 3000 /dev/zero > /file").Succeeded();
        host.Run("volume", "create", "unused").Succeeded();
        try
        {
            Wait.Until(
                () =>
                    host.Run("system", "df", "--format", "{{.Type}} {{.Size}}")
                        .Text.Contains("Local Volumes 5kB", StringComparison.Ordinal),
                10,
                () => host.Run("system", "df").ToString()
            );
            string[] lines = host.Run("system", "df").Succeeded().Lines;
            Assert.Equal(["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"], Words(lines[0]));
            Assert.Equal(["Images", "Containers", "Local Volumes", "Build Cache"], lines[1..].Select(static l => l.Split("   ")[0]));
            Assert.Equal(
                ["Images 2 1", "Containers 2 1", "Local Volumes 2 1", "Build Cache 0 0"],
                host.Run("system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}}").Succeeded().Lines
            );
            Assert.Equal(
                "3kB (100%)",
                host.Run("system", "df", "--format", "{{if eq .Type \"Containers\"}}{{.Reclaimable}}{{end}}").Succeeded().Output.Trim()
            );
            JsonNode details = JsonNode.Parse(host.Run("system", "df", "-v", "--format", "json").Succeeded().Text)!;
            JsonNode first = details["Images"]!
                .AsArray()
                .Single(i => image.EndsWith((string)i!["Repository"]! + ":1", StringComparison.Ordinal))!;
            JsonNode second = details["Images"]!
                .AsArray()
                .Single(i => layered.StartsWith((string)i!["Repository"]!, StringComparison.Ordinal) && i != first)!;
            Assert.Equal("2", (string?)first["Containers"]);
            // For programs whole, for people short.
            Assert.StartsWith("sha256:", (string?)first["ID"], StringComparison.Ordinal);
            Assert.Equal(64, ((string)details["Containers"]![0]!["ID"]!).Length);
            Assert.Equal((string?)first["Size"], (string?)first["SharedSize"]); // its one layer is the lowest of the other
            Assert.Equal("0B", (string?)first["UniqueSize"]);
            Assert.NotEqual("0B", (string?)second["UniqueSize"]);
            string verbose = host.Run("system", "df", "-v").Succeeded().Text;
            foreach (
                string title in (string[])
                    [
                        "Images space usage:",
                        "Containers space usage:",
                        "Local Volumes space usage:",
                        "Build cache usage: 0B",
                        "VOLUME NAME",
                        "SHARED SIZE",
                    ]
            )
            {
                Assert.Contains(title, verbose, StringComparison.Ordinal);
            }
            Assert.Contains(verbose.Split('\n').Select(Words), static w => w is ["kept", "1", "5kB"]);
        }
        finally
        {
            host.Run("rm", "-f", "on", "off").Succeeded();
            host.Run("volume", "rm", "kept", "unused").Succeeded();
        }
    }

    [Fact]
    public void Prune_asks_first_and_removes_only_what_nobody_uses()
    {
        using SkiffHost own = new();
        string image = own.Image(TestImages.Busybox);
        string layered = own.Image(TestImages.Layered);
        own.Run("run", "-d", "--name", "runs", "--network", "none", image, "sleep", "1000").Succeeded();
        string old = own.Run("run", "-d", "--name", "old", "--network", "none", "-v", "/anonymous", "-v", "named:/named", layered, "true")
            .Succeeded()
            .Text;
        own.Run("wait", "old").Succeeded();
        own.Run("create", "--name", "labelled", "--label", "keep", "--network", "none", layered, "true").Succeeded();
        CommandResult asked = own.RunWithInput("n\n"u8.ToArray(), "system", "prune");
        Assert.StartsWith("WARNING! This will remove:\n  - all stopped containers\n", asked.Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("[y/N]", asked.Output, StringComparison.Ordinal);
        Assert.Equal(3, own.Run("ps", "-aq").Succeeded().Lines.Length);
        own.Run("container", "prune", "-f", "--filter", "until=24h").Succeeded();
        own.Run("container", "prune", "-f", "--filter", "label=nosuch").Succeeded();
        Assert.Equal(3, own.Run("ps", "-aq").Succeeded().Lines.Length);
        own.Run("system", "prune", "-f", "--volumes", "--filter", "until=1h").ExitedWith(1).Complained("does not work with --volumes");
        string text = own.RunWithInput("y\n"u8.ToArray(), "system", "prune", "--filter", "label!=keep").Succeeded().Output;
        Assert.Contains($"Deleted Containers:\n{old}\n", text, StringComparison.Ordinal);
        Assert.Contains("Total reclaimed space: ", text, StringComparison.Ordinal);
        Assert.Equal(["labelled", "runs"], own.Run("ps", "-a", "--format", "{{.Names}}").Succeeded().Lines.Order());
        Assert.Equal(2, own.Run("volume", "ls", "-q").Succeeded().Lines.Length);
        Assert.Equal(2, own.Run("images", "-q").Succeeded().Lines.Length);
        text = own.Run("system", "prune", "-af", "--volumes").Succeeded().Output;
        Assert.Contains("Deleted Volumes:", text, StringComparison.Ordinal);
        Assert.Contains("Deleted Images:\nuntagged: ", text, StringComparison.Ordinal);
        Assert.Equal("named", own.Run("volume", "ls", "-q").Succeeded().Text);
        Assert.Equal(image, own.Run("images", "--format", "{{.Repository}}:{{.Tag}}").Succeeded().Text);
        Assert.Equal("runs", own.Run("ps", "-a", "--format", "{{.Names}}").Succeeded().Text);
        own.Run("rm", "-f", "runs").Succeeded();
    }

    [Fact]
    public void Info_has_dockers_fields_and_says_what_the_host_lacks()
    {
        _ = Busybox;
        JsonNode info = JsonNode.Parse(host.Run("info", "--format", "json").Succeeded().Text)!;
        string[] expected =
        [
            "ID",
            "Containers",
            "ContainersRunning",
            "ContainersPaused",
            "ContainersStopped",
            "Images",
            "Driver",
            "Plugins",
            "MemoryLimit",
            "SwapLimit",
            "CpuCfsQuota",
            "CPUShares",
            "CPUSet",
            "PidsLimit",
            "IPv4Forwarding",
            "HttpProxy",
            "NoProxy",
            "Debug",
            "Labels",
            "ExperimentalBuild",
            "Runtimes",
            "Swarm",
            "Isolation",
            "InitBinary",
            "ClientInfo",
            "LoggingDriver",
            "CgroupDriver",
            "CgroupVersion",
            "KernelVersion",
            "OperatingSystem",
            "OSType",
            "Architecture",
            "NCPU",
            "MemTotal",
            "DockerRootDir",
            "Name",
            "ServerVersion",
            "SecurityOptions",
            "Warnings",
        ];
        Assert.Empty(expected.Except(info.AsObject().Select(static f => f.Key)));
        Assert.Equal(host.Root, (string?)info["DockerRootDir"]);
        Assert.Equal(Tool.Run("uname", "-m").Text, (string?)info["Architecture"]);
        CommandResult text = host.Run("info").Succeeded();
        Assert.Contains("\nCgroup Version: ", text.Output, StringComparison.Ordinal);
        Assert.Equal(
            info["Warnings"]!.AsArray().Count,
            text.Error.Split('\n').Count(static l => l.StartsWith("skiff: warning: ", StringComparison.Ordinal))
        );
        // The password of a proxy is shown to nobody.
        Dictionary<string, string?> environment = new() { ["https_proxy"] = "http://me:secret@proxy:3128" };
        using (
            RunningCommand proxied = host.Start(
                environment,
                "info",
                "-f",
                "{{.HttpsProxy}} {{.Swarm.LocalNodeState}} {{.ClientInfo.Context}}"
            )
        )
        {
            Assert.Equal("http://xxxxx:xxxxx@proxy:3128 inactive default", proxied.WaitForExit().Succeeded().Text);
        }
        // A namespace without user namespaces: the sentence is about it and nothing else changes.
        CommandResult less = Tool.Run([
            "unshare",
            "--user",
            "--map-root-user",
            "sh",
            "-c",
            "echo 0 > /proc/sys/user/max_user_namespaces; exec \"$@\"",
            "sh",
            .. host.CommandLine("info", "--format", "{{json .Warnings}}")[3..],
        ]);
        Assert.Contains("user namespaces are switched off", less.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Version_answers_for_client_and_server()
    {
        string version = host.Run("version", "--format", "{{.Server.Version}}").Succeeded().Text;
        Assert.Equal(version, host.Run("version", "-f", "{{.Client.Version}}").Succeeded().Text);
        Assert.Equal(
            $"Engine {version}",
            host.Run("version", "-f", "{{range .Server.Components}}{{.Name}} {{.Version}}{{end}}").Succeeded().Text
        );
        Assert.Equal(version, (string?)JsonNode.Parse(host.Run("version", "--format", "json").Succeeded().Text)!["Server"]!["Version"]);
    }

    [Theory]
    [InlineData("ps -a", "{{.ID}} {{.Names}}", "ID Names Status", "-q --no-trunc")]
    [InlineData("container ls -a", "{{.ID}} {{.Names}}", "ID Names Status", "-q --no-trunc")]
    [InlineData("images", "{{.Repository}} {{.Tag}}", "ID Repository Tag Size", "-q --no-trunc")]
    [InlineData("image ls", "{{.Repository}} {{.Tag}}", "ID Repository Tag Size", "-q --no-trunc")]
    [InlineData("history IMAGE", "{{.ID}} {{.Size}}", "ID CreatedBy Size", "-q --no-trunc")]
    [InlineData("volume ls", "{{.Name}} {{.Driver}}", "Name Driver Mountpoint", "-q")]
    [InlineData("stats --no-stream -a", "{{.Name}} {{.PIDs}}", "Name CPUPerc MemUsage PIDs", "--no-trunc")]
    [InlineData("system df", "{{.TotalCount}} {{.Size}}", "Type Size Reclaimable", "")]
    public void Every_listing_has_table_template_json_and_its_short_forms(string verb, string template, string fields, string flags)
    {
        string image = Busybox;
        host.Run("create", "--name", "listed", "--network", "none", "-v", "listed:/v", image, "true").Succeeded();
        try
        {
            string[] words = verb.Replace("IMAGE", image, StringComparison.Ordinal).Split(' ');
            string[] rows = host.Run([.. words, "--format", template]).Succeeded().Lines;
            Assert.NotEmpty(rows);
            Assert.All(rows, static r => Assert.Equal(1, r.Count(static c => c == ' ')));
            string[] table = host.Run([.. words, "--format", "table " + template.Replace(' ', '\t')]).Succeeded().Lines;
            Assert.Equal(rows.Length + 1, table.Length);
            Assert.Equal(table[0].ToUpperInvariant(), table[0]);
            Assert.Equal(rows.Length + 1, host.Run([.. words, "--format", "table"]).Succeeded().Lines.Length);
            Assert.Equal(host.Run(words).Succeeded().Lines[0], host.Run([.. words, "--format", "table"]).Succeeded().Lines[0]);
            string[] json = host.Run([.. words, "--format", "json"]).Succeeded().Lines;
            Assert.Equal(rows.Length, json.Length);
            Assert.All(json, line => Assert.Empty(fields.Split(' ').Except(JsonNode.Parse(line)!.AsObject().Select(static f => f.Key))));
            Assert.Equal(json, host.Run([.. words, "--format", "{{json .}}"]).Succeeded().Lines);
            Assert.Contains("no field .Nonsense", host.Run([.. words, "--format", "{{.Nonsense}}"]).Error, StringComparison.Ordinal);
            foreach (string flag in flags.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                Assert.Equal(rows.Length + (flag == "-q" ? 0 : 1), host.Run([.. words, flag]).Succeeded().Lines.Length);
            }
        }
        finally
        {
            host.Run("rm", "listed").Succeeded();
            host.Run("volume", "rm", "listed").Succeeded();
        }
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
