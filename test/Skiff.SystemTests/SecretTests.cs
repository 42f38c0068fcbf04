using System.Text;
using System.Text.Json.Nodes;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Secrets: kept by the store, given to containers, and seen nowhere else.</summary>
public sealed class SecretTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private const string Content = "the-combination-is-12345";

    private static readonly string[] s_map = ["--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536"];

    private string Busybox => host.Image(TestImages.Busybox);

    [Fact]
    public void A_secret_is_made_listed_inspected_and_removed()
    {
        string id = Create("crud", "content", "--label", "kind=key", "-l", "plain");
        Assert.Matches("^[0-9a-f]{25}$", id);
        Assert.Equal(
            $"{id} crud file kind=key,plain= key",
            host.Run("secret", "ls", "-f", "name=^crud$", "--format", "{{.ID}} {{.Name}} {{.Driver}} {{.Labels}} {{.Label \"kind\"}}")
                .Succeeded()
                .Text
        );
        string[] table = host.Run("secret", "ls", "--filter", "label=kind=key").Succeeded().Lines;
        Assert.Matches("^ID +NAME +DRIVER +CREATED +UPDATED$", table[0]);
        Assert.Matches($"^{id} +crud +file +.*second", table[1]);
        Assert.Matches($"^{id} ", host.Run("secret", "ls", "-n", "-f", "name=crud").Succeeded().Text);
        Assert.Equal(id, host.Run("secret", "list", "-q", "--filter", "id=" + id[..6]).Succeeded().Text);
        Assert.Equal("", host.Run("secret", "ls", "-q", "-f", "label=kind=rope").Succeeded().Text);
        JsonNode json = JsonNode.Parse(host.Run("secret", "inspect", id[..12]).Succeeded().Output)![0]!;
        Assert.Equal(
            (id, "crud", "file", "key"),
            (
                (string)json["ID"]!,
                (string)json["Spec"]!["Name"]!,
                (string)json["Spec"]!["Driver"]!["Name"]!,
                (string)json["Spec"]!["Labels"]!["kind"]!
            )
        );
        Assert.Equal((string)json["CreatedAt"]!, (string)json["UpdatedAt"]!);
        Assert.Null(json["SecretData"]);
        string pretty = host.Run("secret", "inspect", "--pretty", "crud").Succeeded().Output;
        Assert.Contains(
            $"ID:                {id}\nName:              crud\nLabels:\n - kind=key\n - plain\n",
            pretty,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("content", pretty, StringComparison.Ordinal);
        host.Run("secret", "exists", "crud").Succeeded();
        host.Run("secret", "exists", id[..8]).Succeeded();
        Assert.Equal(id, host.Run("secret", "rm", "crud").Succeeded().Text);
        Assert.Equal("", host.Run("secret", "exists", "crud").ExitedWith(1).Output);
        host.Run("secret", "rm", "crud").ExitedWith(1).Complained("No such secret: crud");
        host.Run("secret", "rm", "-i", "crud").Succeeded();
        host.Run("secret", "inspect", "crud").ExitedWith(1).Complained("No such secret: crud");
        host.Run("secret", "rm").ExitedWith(1).Complained("--all");
        Assert.Contains(
            $"secret remove {id} (name=crud)",
            host.Run("events", "--since", "10m", "--until", "0s", "--filter", "type=secret").Succeeded().Output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Content_comes_from_a_file_standard_input_or_a_variable_and_is_shown_when_asked_only()
    {
        string file = Path.Combine(Workspace.NewDirectory("secret"), "f");
        File.WriteAllText(file, "from a file\n");
        host.Run("secret", "create", "filed", file).Succeeded();
        Create("piped", "from a pipe");
        using (
            RunningCommand variable = host.Start(
                new Dictionary<string, string?> { ["TOKEN"] = "from a variable" },
                "secret",
                "create",
                "--env",
                "named",
                "TOKEN"
            )
        )
        {
            variable.WaitForExit().Succeeded();
        }
        string Shown(string name) => host.Run("secret", "inspect", "--showsecret", "-f", "{{.SecretData}}|", name).Succeeded().Text;
        Assert.Equal("from a file\n|", Shown("filed"));
        Assert.Equal("from a pipe|", Shown("piped"));
        Assert.Equal("from a variable|", Shown("named"));
        host.Run("secret", "create", "--env", "none", "NO_SUCH_VARIABLE").ExitedWith(1).Complained("NO_SUCH_VARIABLE is not set");
        host.Run("secret", "create", "none", "/no/such/file").ExitedWith(1).Complained("/no/such/file");
        host.Run("secret", "create", "-d", "shell", "none", file).ExitedWith(1).Complained("no driver shell");
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a=b")]
    [InlineData("a,b")]
    [InlineData("a\nb")]
    [InlineData("LONG")]
    public void Names_that_no_flag_or_file_can_have_are_refused(string name) =>
        host.RunWithInput("x"u8.ToArray(), "secret", "create", name == "LONG" ? new string('n', 254) : name, "-")
            .ExitedWith(1)
            .Complained("cannot be the name of a secret");

    [Theory]
    [InlineData(0)]
    [InlineData(512_000)]
    [InlineData(700_000)]
    public void A_secret_has_one_to_511999_bytes(int size) =>
        host.RunWithInput(new byte[size], "secret", "create", "sized", "-").ExitedWith(1).Complained("at least one and less than 512000");

    [Fact]
    public void The_largest_secret_reaches_the_container_whole()
    {
        byte[] content = new byte[511_999];
        new Random(7).NextBytes(content);
        host.RunWithInput(content, "secret", "create", "large", "-").Succeeded();
        Assert.Equal(content, host.RunShell("cat /run/secrets/large", "--secret", "large").Succeeded().OutputBytes);
        host.Run("run", "--rm", "--network", "none", "--secret", "large,type=env", Busybox, "true")
            .ExitedWith(125)
            .Complained("give it as a file");
    }

    [Fact]
    public void A_name_is_taken_once_and_a_replacement_keeps_the_time_of_the_first()
    {
        string first = Create("again", "one");
        host.RunWithInput("two"u8.ToArray(), "secret", "create", "again", "-").ExitedWith(1).Complained("--replace");
        Assert.Equal(first, Create("again", "two", "--ignore"));
        host.RunWithInput("two"u8.ToArray(), "secret", "create", "--ignore", "--replace", "again", "-").ExitedWith(125);
        string created = host.Run("secret", "inspect", "-f", "{{.CreatedAt}}", "again").Succeeded().Text;
        string second = Create("again", "two", "--replace");
        Assert.NotEqual(first, second);
        string[] times = host.Run("secret", "inspect", "-f", "{{.CreatedAt}} {{.UpdatedAt}}", "again").Succeeded().Text.Split(' ');
        Assert.Equal(created, times[0]);
        Assert.True(DateTimeOffset.Parse(times[1], null) > DateTimeOffset.Parse(times[0], null));
    }

    [Fact]
    public void Files_are_for_root_alone_and_those_of_killed_commands_go()
    {
        Create("kept", Content);
        string store = $"{host.Root}/secrets";
        Assert.Equal("700", Tool.Run("stat", "-c", "%a", store).Text);
        Assert.Equal("600", Tool.Run("stat", "-c", "%a", $"{store}/kept").Text);
        string half = $"{store}/,new-0123456789abcdef";
        File.WriteAllText(half, "half");
        Assert.DoesNotContain(",new", host.Run("secret", "ls").Succeeded().Output, StringComparison.Ordinal);
        Assert.True(File.Exists(half)); // it may be arriving
        File.SetLastWriteTimeUtc(half, DateTime.UtcNow.AddMinutes(-5));
        host.Run("secret", "ls").Succeeded();
        Assert.False(File.Exists(half));
        File.WriteAllText($"{store}/damaged", "no description");
        host.Run("secret", "inspect", "damaged").ExitedWith(1).Complained("No such secret: damaged");
        File.Delete($"{store}/damaged");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_container_finds_it_in_memory_that_it_cannot_change(bool users)
    {
        string name = users ? "mapped" : "plain";
        Create(name, Content);
        string[] output = host.RunShell(
                $"cd /run/secrets; cat {name}; echo; stat -c '%a %u:%g %n' {name} sub/dir/other /etc/key .; cat sub/dir/other /etc/key; echo; echo x >>{name}; rm -f sub/dir/other; echo x >new; "
                    + $"awk '$1 == \"secrets\" {{ print $2, $3, substr($4, 1, 25) }}' /proc/mounts; echo \"$V\"; tr '\\0' '\\n' </proc/1/environ | grep -c '^V='",
                [
                    "--secret",
                    name,
                    "--secret",
                    $"{name},target=sub/dir/other,uid=1000,gid=1001,mode=0440",
                    "--secret",
                    $"{name},target=/etc/key,mode=4000",
                    "--secret",
                    $"{name},type=env,target=V",
                    "-e",
                    "V=hidden",
                    .. users ? s_map : [],
                ]
            )
            .Succeeded()
            .Lines;
        Assert.Equal(
            [
                Content,
                $"444 0:0 {name}",
                "440 1000:1001 sub/dir/other",
                "4000 0:0 /etc/key",
                "755 0:0 .",
                Content + Content,
                "/run/secrets tmpfs ro,nosuid,nodev,noexec,re",
                "/etc/key tmpfs ro,nosuid,nodev,noexec,re",
                Content,
                "1",
            ],
            output
        );
    }

    [Theory]
    [InlineData("--read-only")]
    [InlineData("--read-only", "--read-only-tmpfs")]
    [InlineData("--tmpfs", "/run")]
    [InlineData("-v", "anonymous:/run")]
    [InlineData("--user", "1000:1000", "--cap-drop", "ALL")]
    [InlineData("-m", "16m")]
    [InlineData("--pid", "host", "--ipc", "host")]
    [InlineData("--privileged")]
    [InlineData("--init")]
    public void It_is_there_however_the_container_is_made(params string[] flags)
    {
        host.RunWithInput("seen"u8.ToArray(), "secret", "create", "--ignore", "anywhere", "-").Succeeded();
        Assert.Equal(
            "seen seen",
            host.RunShell(
                    "echo $(cat /run/secrets/anywhere) $anywhere",
                    [.. flags, "--secret", "anywhere", "--secret", "anywhere,type=env"]
                )
                .Succeeded()
                .Text
        );
    }

    [Fact]
    public void Twenty_secrets_are_shown_too()
    {
        List<string> flags = [];
        for (int i = 0; i < 20; i++)
        {
            Create($"many{i}", $"{i}");
            flags.AddRange(["--secret", $"many{i}", "--secret", $"many{i},target=/etc/m/{i}"]);
        }
        Assert.Equal("20 20", host.RunShell("echo $(ls /run/secrets | wc -l) $(ls /etc/m | wc -l)", [.. flags]).Succeeded().Text);
    }

    [Fact]
    public void The_whole_life_of_a_container_shows_what_it_was_made_with_and_only_to_its_processes()
    {
        Create("life", Content);
        Create("variable", Content + "-V");
        string trace = host.Run(
                "run",
                "--rm",
                "--trace",
                "--network",
                "none",
                "--secret",
                "life",
                "--secret",
                "variable,type=env,target=S",
                Busybox,
                "true"
            )
            .Succeeded()
            .Error;
        Assert.DoesNotContain(Content, trace, StringComparison.Ordinal);
        host.Run(
                "run",
                "-d",
                "--name",
                "lives",
                "--network",
                "none",
                "--secret",
                "life",
                "--secret",
                "variable,type=env,target=S",
                "--health-cmd",
                "test $S = " + Content.Replace("12345", "$((12344+1))", StringComparison.Ordinal) + "-V",
                "--health-interval",
                "1s",
                Busybox,
                "sh",
                "-c",
                "trap exit TERM; echo up; while :; do sleep 0.1; done"
            )
            .Succeeded();
        // Replaced and removed: the container keeps its own.
        Create("life", "replacement-54321", "--replace");
        host.Run("secret", "rm", "variable").Succeeded();
        string Inside() => host.Run("exec", "lives", "sh", "-c", "echo $(cat /run/secrets/life) $S").Succeeded().Text;
        Assert.Equal($"{Content} {Content}-V", Inside());
        Assert.Equal("given", host.Run("exec", "-e", "S=given", "lives", "sh", "-c", "echo $S").Succeeded().Text);
        Wait.Until(
            () => host.Run("inspect", "-f", "{{.State.Health.Status}}", "lives").Text == "healthy",
            10_000,
            () => host.Run("inspect", "lives").Output
        );
        host.Run("restart", "lives").Succeeded();
        Assert.Equal($"{Content} {Content}-V", Inside());

        string directory = Workspace.NewDirectory("leak");
        host.Run("export", "-o", $"{directory}/export.tar", "lives").Succeeded();
        host.Run("commit", "lives", "leaked:1").Succeeded();
        host.Run("save", "-o", $"{directory}/save.tar", "leaked:1").Succeeded();
        string[] words =
        [
            host.Run("inspect", "lives").Succeeded().Output,
            host.Run("inspect", "--run-command", "lives").Succeeded().Output,
            host.Run("inspect", "leaked:1").Succeeded().Output,
            host.Run("history", "--no-trunc", "leaked:1").Succeeded().Output,
            host.Run("diff", "lives").Succeeded().Output,
            host.Run("logs", "lives").Succeeded().Output,
            host.Run("events", "--since", "10m", "--until", "0s").Succeeded().Output,
            host.Run("explain", "run", "--secret", "life", "--secret", "life,type=env", Busybox, "true").Succeeded().Output,
            File.ReadAllText($"{directory}/export.tar", Encoding.Latin1),
            File.ReadAllText($"{directory}/save.tar", Encoding.Latin1),
        ];
        Assert.All(words, text => Assert.DoesNotContain(Content, text, StringComparison.Ordinal));
        Assert.All(words, static text => Assert.DoesNotContain("54321", text, StringComparison.Ordinal));
        Assert.Contains("--secret life --secret variable,type=env,target=S", words[1], StringComparison.Ordinal);
        Assert.Equal(
            "life mount /run/secrets/life 292|variable env S 292|",
            host.Run("inspect", "-f", "{{range .Config.Secrets}}{{.Name}} {{.Type}} {{.Target}} {{.Mode}}|{{end}}", "lives")
                .Succeeded()
                .Text
        );
        // On the disk it stands in the files of secrets alone.
        string[] files = Tool.Shell($"grep -rlF '{Content}' {host.Root} {host.Runroot} || true").Lines;
        Assert.All(files, static f => Assert.Contains("/secrets/", f, StringComparison.Ordinal));
        host.Run("rm", "-f", "lives").Succeeded();
        Assert.Equal("", Tool.Shell($"grep -rlF '{Content}' {host.Root}/containers {host.Runroot} || true").Text);
        host.Run("rmi", "leaked:1").Succeeded();
    }

    [Fact]
    public void A_created_container_has_it_when_it_is_started_and_replaced()
    {
        Create("later", "first");
        host.Run("create", "--name", "later", "--network", "none", "--secret", "later", Busybox, "cat", "/run/secrets/later").Succeeded();
        host.Run("secret", "rm", "later").Succeeded();
        Assert.Equal("first", host.Run("start", "-a", "later").Succeeded().Text);
        Assert.Equal("first", host.Run("start", "-a", "later").Succeeded().Text);
        host.Run("create", "--name", "later", "--replace", "--secret", "later", Busybox).ExitedWith(1).Complained("No such secret: later");
        Assert.Equal("first", host.Run("start", "-a", "later").Succeeded().Text);
        host.Run("rm", "later").Succeeded();
    }

    [Theory]
    [InlineData("No such secret: nosuch", "--secret", "nosuch")]
    [InlineData("expected NAME", "--secret", "there,typo=1")]
    [InlineData("two secrets have the target", "--secret", "there", "--secret", "there")]
    [InlineData("exclude each other", "--secret", "there", "-v", "/etc:/run/secrets/there")]
    [InlineData("exclude each other", "--secret", "there", "--tmpfs", "/run/secrets")]
    [InlineData("exclude each other", "--secret", "there,target=/x", "--tmpfs", "/x")]
    [InlineData("what is mounted there is read-only", "--secret", "there", "-v", "/usr/lib:/run:ro")]
    [InlineData("inside /proc", "--secret", "there,target=/proc/x")]
    [InlineData("is a file in the image", "--secret", "there,target=/etc/passwd/x")]
    public void What_cannot_be_is_refused_and_leaves_nothing(string complaint, params string[] flags)
    {
        host.RunWithInput("x"u8.ToArray(), "secret", "create", "--ignore", "there", "-").Succeeded();
        host.Run(["run", "--rm", "--network", "none", .. flags, Busybox, "true"]).ExitedWith(125).Complained(complaint);
        host.Run(["run", "-d", "--rm", "--network", "none", .. flags, Busybox, "true"]).ExitedWith(125).Complained(complaint);
        Assert.Empty(Directory.GetDirectories($"{host.Root}/containers"));
    }

    [Fact]
    public void A_secret_that_is_no_text_is_a_file_only()
    {
        host.RunWithInput([0x41, 0], "secret", "create", "zero", "-").Succeeded();
        host.RunWithInput([0xFF, 0xFE], "secret", "create", "binary", "-").Succeeded();
        host.RunShell("true", "--secret", "zero,type=env").ExitedWith(125).Complained("zero byte");
        host.RunShell("true", "--secret", "binary,type=env").ExitedWith(125).Complained("not UTF-8");
        Assert.Equal([0xFF, 0xFE], host.RunShell("cat /run/secrets/binary", "--secret", "binary").Succeeded().OutputBytes);
    }

    [Fact]
    public void Prune_and_df_leave_secrets_alone()
    {
        Create("stays", "x");
        host.Run("system", "prune", "-af", "--volumes").Succeeded();
        Assert.DoesNotContain("ecret", host.Run("system", "df").Succeeded().Output, StringComparison.Ordinal);
        host.Run("secret", "exists", "stays").Succeeded();
    }

    private string Create(string name, string content, params string[] flags) =>
        host.RunWithInput(Encoding.UTF8.GetBytes(content), ["secret", "create", .. flags, name, "-"]).Succeeded().Text;
}
