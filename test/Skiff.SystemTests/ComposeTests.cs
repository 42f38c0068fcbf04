using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Projects of compose files: made, changed, stopped and removed.</summary>
public sealed class ComposeTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private const string Idle = "sh -c \"trap 'exit 0' TERM; while true; do sleep 0.05; done\"";

    [Fact]
    public void A_project_is_made_kept_changed_and_removed()
    {
        using Project project = new(host);
        project.Write(
            """
            services:
              web:
                image: IMAGE
                command: IDLE
                depends_on: [db]
                environment: {GREETING: "${WORD:-ahoy}"}
              db:
                image: IMAGE
                command: IDLE
                volumes: ["data:/data", "/anonymous"]
            volumes: {data: {}}
            """
        );
        CommandResult up = project.Run("up", "-d").Succeeded();
        Assert.Equal(
            " Network app_default  Created| Volume app_data  Created| Container app-db-1  Started| Container app-web-1  Started",
            Sorted(up, 2)
        );
        Assert.Equal("app-db-1 running|app-web-1 running", project.Ps());
        Assert.Equal("ahoy", project.Run("exec", "-T", "web", "sh", "-c", "echo $GREETING").Succeeded().Text);
        Assert.Equal("db web", string.Join(' ', project.Run("ps", "--services").Succeeded().Lines));

        string before = project.Ids();
        Assert.Equal("| Container app-db-1  Running| Container app-web-1  Running", "|" + Sorted(project.Run("up", "-d").Succeeded()));
        Assert.Equal(before, project.Ids());

        // Files written to the anonymous volume are there after the container was made anew.
        project.Run("exec", "-T", "db", "sh", "-c", "echo kept > /anonymous/file").Succeeded();
        project.Replace("/anonymous\"]", "/anonymous\"]\n    environment: {NEW: 1}");
        Assert.Contains("replace the container app-db-1: its configuration has changed", project.Explain());
        project.Run("up", "-d").Succeeded();
        Assert.NotEqual(before, project.Ids());
        Assert.Equal("kept", project.Run("exec", "-T", "db", "cat", "/anonymous/file").Succeeded().Text);
        Assert.Equal("app-db-1 running|app-web-1 running", project.Ps());

        Assert.Equal(
            "app_default app_data",
            $"{project.Host("network", "ls", "--filter", "label=com.docker.compose.project=app", "--format", "{{.Name}}").Text} {project.Host("volume", "ls", "-q", "--filter", "label=com.docker.compose.project=app").Text}"
        );
        project.Run("down", "-v").Succeeded();
        Assert.Equal(
            "",
            project.Host("ps", "-aq").Text
                + project.Host("network", "ls", "-q", "--filter", "type=custom").Text
                + project.Host("volume", "ls", "-q").Text
        );
    }

    [Fact]
    public void Services_find_each_other_by_name_and_alias()
    {
        using Project project = new(host);
        project.Write(
            """
            services:
              server:
                image: IMAGE
                command: sh -c "mkdir /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www"
                networks: {default: {aliases: [mirror]}}
                healthcheck: {test: ["CMD", "wget", "-qO-", "http://127.0.0.1/"], interval: 100ms, start_interval: 100ms}
              client:
                image: IMAGE
                command: sh -c "wget -qO- http://server/; wget -qO- http://mirror/"
                depends_on: {server: {condition: service_healthy}}
            """
        );
        CommandResult up = project.Run("up", "--exit-code-from", "client", "--no-color").Succeeded();
        Assert.Contains("client-1  | hello\nclient-1  | hello\nclient-1 exited with code 0", up.Output);
        project.Run("down").Succeeded();
    }

    [Fact]
    public void Dependencies_are_waited_for_and_their_failure_is_said()
    {
        using Project project = new(host);
        project.Write(
            """
            services:
              migrate: {image: IMAGE, network_mode: none, command: "sh -c 'exit ${CODE:-0}'"}
              web:
                image: IMAGE
                network_mode: none
                command: IDLE
                depends_on: {migrate: {condition: service_completed_successfully}}
            """
        );
        project.Run("up", "-d").Succeeded();
        Assert.Equal("app-migrate-1 exited|app-web-1 running", project.Ps());
        project.Run("down").Succeeded();
        project.Write(project.Text.Replace("${CODE:-0}", "3", StringComparison.Ordinal));
        Assert.Contains("service \"migrate\" didn't complete successfully: exit 3", project.Run("up", "-d").Failed(1));
        Assert.Equal("app-migrate-1 exited", project.Ps());
        project.Run("down").Succeeded();
    }

    [Fact]
    public void Secrets_and_configs_are_files_of_the_right_content_owner_and_mode()
    {
        using Project project = new(host);
        File.WriteAllText(Path.Combine(project.Directory, "pass.txt"), "from a file\n");
        project.Write(
            """
            services:
              a:
                image: IMAGE
                network_mode: none
                command: sh -c "cat /run/secrets/one /run/secrets/two /three; stat -c '%u:%g %a' /run/secrets/two /three"
                secrets: [one, {source: two, uid: "5", gid: "6", mode: 0400}]
                configs: [three]
            secrets: {one: {file: ./pass.txt}, two: {environment: TOKEN}}
            configs: {three: {content: "text $${X}\n"}}
            """
        );
        project.Variables["TOKEN"] = "from outside\n";
        CommandResult up = project.Run("up", "--no-log-prefix").Succeeded();
        Assert.StartsWith("from a file\nfrom outside\ntext ${X}\n5:6 400\n0:0 444\n", up.Output);
        project.Run("down").Succeeded();
        Assert.Equal("", project.Host("secret", "ls", "-q").Text);
    }

    [Fact]
    public void Twenty_services_start_and_end_side_by_side_again_and_again()
    {
        using Project project = new(host);
        StringWriter text = new() { NewLine = "\n" };
        text.WriteLine("services:");
        for (int i = 1; i <= 20; i++)
        {
            // one in five needs another one, one in four has a terminal
            string needs = i % 5 == 0 ? $", depends_on: [s{i - 1}]" : "";
            text.WriteLine($"  s{i}: {{image: IMAGE, command: sleep 1000, stop_grace_period: 0s, tty: {i % 4 == 0}{needs}}}");
        }
        project.Write(text.ToString().Replace("True", "true").Replace("False", "false"));
        for (int round = 0; round < 6; round++)
        {
            project.Run("up", "-d").Succeeded();
            AssertRun(20);
            project.Run(round % 2 == 0 ? "kill" : "stop").Succeeded();
            project.Run("start").Succeeded();
            project.Run("restart").Succeeded();
            project.Run("up", "-d", "--force-recreate").Succeeded();
            AssertRun(20);
            Assert.Equal("", project.Host("ps", "-q", "--filter", "status=created").Text);
            project.Run("down").Succeeded();
            AssertRun(0);
        }

        void AssertRun(int number) => Assert.Equal(number, project.Run("ps", "-q", "--status", "running").Succeeded().Lines.Length);
    }

    [Fact]
    public void Services_are_scaled_stopped_started_and_restarted()
    {
        using Project project = new(host);
        project.Write(
            "services:\n  w: {image: IMAGE, network_mode: none, command: QUOTED}\n  other: {image: IMAGE, network_mode: none, command: sleep 1000, stop_grace_period: 0s}\n"
        );
        project.Run("up", "-d", "--scale", "w=3").Succeeded();
        Assert.Equal("app-other-1 running|app-w-1 running|app-w-2 running|app-w-3 running", project.Ps());
        project.Run("scale", "w=1").Succeeded();
        Assert.Equal("app-other-1 running|app-w-1 running", project.Ps());
        project.Run("pause", "w").Succeeded();
        Assert.Contains("app-w-1 paused", project.Ps());
        project.Run("unpause").Succeeded();
        project.Run("stop", "w").Succeeded();
        Assert.Equal("app-other-1 running|app-w-1 exited", project.Ps());
        project.Run("start", "w").Succeeded();
        project.Run("restart", "-t", "1").Succeeded();
        Assert.Equal("app-other-1 running|app-w-1 running", project.Ps());
        project.Run("kill", "w").Succeeded();
        Assert.Equal("app-other-1 running|app-w-1 exited", project.Ps());
        project.Run("rm", "-fs").Succeeded();
        Assert.Equal("", project.Ps());
        project.Run("down").Succeeded();
    }

    [Fact]
    public void The_verbs_that_show_something_have_docker_composes_form()
    {
        using Project project = new(host);
        project.Write(
            """
            services:
              db: {image: IMAGE, command: sleep 1000, stop_grace_period: 0s, healthcheck: {test: "true", interval: 100ms}}
              web:
                image: IMAGE
                command: sleep 1000
                stop_grace_period: 0s
                depends_on: {db: {condition: service_healthy}}
                deploy: {replicas: 2}
                ports: ["80"]
                labels: {tier: front}
            """
        );
        CommandResult up = project.Run("up", "-d").Succeeded();
        Assert.Contains(" Container app-db-1  Healthy", up.Error);
        Assert.Matches(
            @"^SERVICE  #   UID +PID +PPID +C +STIME +TTY +TIME +CMD\ndb +1 .*sleep 1000\nweb +1 .*\nweb +2 [^\n]*$",
            project.Run("top").Succeeded().Text
        );
        Assert.Matches(@"^0\.0\.0\.0:\d+$", project.Run("port", "web", "80").Succeeded().Text);
        Assert.Contains("publishes no port 99/tcp", project.Run("port", "--index", "2", "web", "99").Failed(1));
        Assert.Matches("^[0-9a-f]{64}$", project.Run("images", "-q").Succeeded().Text);
        Assert.Matches(
            "^\\[\\{\"ContainerName\":\"app-db-1\",.*\"ID\":\"sha256:[0-9a-f]{64}\",.*\"Size\":\\d+.*\\}\\]$",
            project.Run("images", "--format", "json").Succeeded().Text
        );
        Assert.Matches(
            "^\\[\\{\"ConfigFiles\":\"[^\"]*/app/compose.yaml\",\"Name\":\"app\",\"Status\":\"running\\(3\\)\"\\}\\]$",
            project.Run("ls", "--format", "json", "--filter", "name=app").Succeeded().Text
        );
        Assert.Equal(2, project.Run("config", "--images").Succeeded().Lines.Length); // one line for each service, not for each image
        CommandResult paused = project.Run("pause", "web").Succeeded();
        Assert.Equal(("", " Container app-web-1  Paused| Container app-web-2  Paused"), (paused.Output, Sorted(paused)));
        Assert.Contains("app-web-2 paused", project.Ps());
        Assert.Contains("Container app-web-1  Unpaused", project.Run("unpause").Succeeded().Error);
        Assert.Contains("Container app-web-1  Started", project.Run("restart", "web").Succeeded().Error);
        string events = project.Run("events", "--json", "--since", "1h", "--until", "0s", "web").Succeeded().Output;
        Assert.Matches(
            "\\{\"action\":\"pause\",\"attributes\":\\{\"image\":\"[^\"]*\",\"name\":\"app-web-2\",\"tier\":\"front\"\\},\"id\":\"[0-9a-f]{64}\",\"service\":\"web\",\"time\":\"[^\"]*Z\",\"type\":\"container\"\\}\n",
            events
        );
        Assert.DoesNotContain("app-db-1", events);
        Assert.Matches("^[0-9a-f]{64}$", project.Run("run", "-d", "--no-deps", "web").Succeeded().Text);
        Assert.Equal("no such service: nosuch", project.Run("exec", "-T", "nosuch", "true").Failed(1).Trim().Replace("skiff: ", ""));
        Assert.Contains("nofile.yaml: no such file", project.Run("-f", "nofile.yaml", "ps").Failed(1));
        project.Run("stop").Succeeded();
        Assert.StartsWith("Going to remove app-", project.Run("rm", "-f").Succeeded().Output);
        project.Run("down").Succeeded();
    }

    [Fact]
    public void A_dry_run_changes_nothing_whatever_the_verb()
    {
        using Project project = new(host);
        project.Write("services:\n  w: {image: IMAGE, network_mode: none, command: sleep 1000, stop_grace_period: 0s}\n");
        project.Run("up", "-d").Succeeded();
        string before = project.Ids() + project.Ps();
        foreach (
            string[] verb in (string[][])
                [
                    ["up", "-d", "--force-recreate"],
                    ["scale", "w=2"],
                    ["stop"],
                    ["restart"],
                    ["kill"],
                    ["rm", "-fs"],
                    ["pause"],
                    ["down"],
                    ["create", "--force-recreate"],
                ]
        )
        {
            project.Run(["--dry-run", .. verb]).Succeeded();
            project.Run([verb[0], "--dry-run", .. verb[1..]]).Succeeded();
            Assert.Equal(before, project.Ids() + project.Ps());
        }
        foreach (
            string[] verb in (string[][])
                [
                    ["exec", "w", "true"],
                    ["run", "w"],
                    ["build"],
                    ["pull"],
                    ["cp", "w:/bin", "x"],
                ]
        )
        {
            Assert.Contains("--dry-run goes with up", project.Run(["--dry-run", .. verb]).Failed(1));
        }
        project.Run("down").Succeeded();
    }

    [Fact]
    public void Orphans_are_removed_by_the_verbs_that_are_told_to()
    {
        using Project project = new(host);
        const string One = "services:\n  a: {image: IMAGE, network_mode: none, command: sleep 1000, stop_grace_period: 0s}\n";
        string two = One + One[10..].Replace("  a:", "  b:", StringComparison.Ordinal);
        project.Write(two);
        project.Run("up", "-d").Succeeded();
        project.Write(One);
        project.Run("run", "--rm", "-T", "--remove-orphans", "a", "true").Succeeded();
        Assert.Equal("app-a-1 running", project.Ps());
        project.Write(two);
        project.Run("up", "-d").Succeeded();
        project.Write(One);
        project.Run("kill", "--remove-orphans").Succeeded();
        Assert.Equal("app-a-1 exited", project.Ps());
        project.Run("down").Succeeded();
    }

    [Fact]
    public void One_command_is_run_beside_a_service()
    {
        using Project project = new(host);
        project.Write(
            """
            services:
              tool: {image: IMAGE, command: "true", environment: {A: service}, depends_on: [db], network_mode: none, profiles: [tools]}
              db: {image: IMAGE, command: QUOTED, network_mode: none}
            """
        );
        CommandResult run = project.Run("run", "--rm", "-T", "-e", "B=mine", "tool", "sh", "-c", "echo $A $B; exit 4").ExitedWith(4);
        Assert.Equal("service mine", run.Text);
        Assert.Equal("app-db-1 running", project.Ps());
        Assert.Matches("^[0-9a-f]{64}$", project.Run("run", "-d", "--name", "job", "tool", "sleep", "1000").Succeeded().Text);
        Assert.Equal("app-db-1 running|job running", project.Ps());
        project.Run("down", "-t", "0").Succeeded();
        Assert.Equal("", project.Host("ps", "-aq").Text);
    }

    [Fact]
    public void The_end_of_an_up_of_some_services_leaves_the_others_alone()
    {
        using Project project = new(host);
        project.Write(
            """
            services:
              job: {image: IMAGE, network_mode: none, command: sh -c "sleep 1; exit 5", depends_on: [db]}
              db: {image: IMAGE, network_mode: none, command: sleep 1000, stop_grace_period: 0s}
              other: {image: IMAGE, network_mode: none, command: sleep 1000, stop_grace_period: 0s}
            """
        );
        project.Run("up", "-d", "other").Succeeded();
        project.Run("up", "--abort-on-container-exit", "--exit-code-from", "job", "job").ExitedWith(5);
        Assert.Equal("app-db-1 running|app-job-1 exited|app-other-1 running", project.Ps());
        project.Run("start", "job").Succeeded();
        Assert.Matches("^container \"[0-9a-f]{64}\" exited with status code 5$", project.Run("wait", "job").ExitedWith(5).Text);
        project.Run("down").Succeeded();
    }

    [Fact]
    public void Ctrl_C_stops_all_in_the_foreground()
    {
        using Project project = new(host);
        project.Write(
            $"services:\n  a: {{image: IMAGE, network_mode: none, command: {Quote(Idle.Replace("while", "echo ready; while"))}}}\n  b: {{image: IMAGE, network_mode: none, command: {Quote(Idle)}, depends_on: [a]}}\n"
        );
        using RunningCommand up = project.Start("up");
        up.WaitForOutput("a-1  | ready");
        Wait.Until(() => project.Ps() == "app-a-1 running|app-b-1 running", 20, () => project.Ps());
        up.Signal(2);
        CommandResult result = up.WaitForExit().ExitedWith(130);
        Assert.Contains("Gracefully stopping...", result.Error);
        Assert.Equal("app-a-1 exited|app-b-1 exited", project.Ps());
        project.Run("down").Succeeded();
    }

    [Fact]
    public void What_is_wrong_is_refused_before_anything_is_made()
    {
        using Project project = new(host);
        project.Write(
            $"services:\n  a: {{image: IMAGE, command: {Quote(Idle)}}}\n  b: {{image: IMAGE, cap_add: [NONSENSE], depends_on: [a]}}\n"
        );
        Assert.Contains("services.b: ", project.Run("up", "-d").Failed(1));
        project.Write("services:\n  a: {image: IMAGE, networks: [out]}\nnetworks: {out: {external: true}}\n");
        Assert.Contains("network out declared as external, but could not be found", project.Run("up", "-d").Failed(1));
        project.Write("services:\n  a: {image: IMAGE, gpus: all}\n");
        Assert.Contains("compose.yaml:2: services.a.gpus cannot be had", project.Run("up", "-d").Failed(1));
        Assert.Equal("", project.Ps() + project.Host("network", "ls", "-q", "--filter", "type=custom").Text);
    }

    [Fact]
    public void A_container_that_cannot_be_made_leaves_the_old_one_running()
    {
        using Project project = new(host);
        project.Write($"services:\n  a: {{image: IMAGE, network_mode: none, command: {Quote(Idle)}}}\n");
        project.Run("up", "-d").Succeeded();
        string before = project.Ids();
        project.Replace("network_mode: none", "network_mode: none, user: nobody-of-that-name");
        _ = project.Run("up", "-d").Failed(125);
        Assert.Equal((before, "app-a-1 running"), (project.Ids(), project.Ps()));
        project.Run("down").Succeeded();
    }

    [Fact]
    public void An_image_is_built_from_its_section()
    {
        using Project project = new(host);
        project.Write(
            """
            services:
              a:
                build: {context: ., dockerfile_inline: "FROM IMAGE\nARG WORD\nRUN echo $$WORD > /word\n", args: {WORD: built}}
                network_mode: none
                command: cat /word
            """
        );
        Assert.Contains("a-1  | built", project.Run("up").Succeeded().Output);
        Assert.Equal("app-a", project.Host("images", "--format", "{{.Repository}}", "--filter", "reference=app-a").Text);
        project.Run("down", "--rmi", "local").Succeeded();
        Assert.Equal("", project.Host("images", "-q", "--filter", "reference=app-a").Text);
    }

    private static string Quote(string text) => "\"" + text.Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    /// <summary>What was said of steps; beyond the first <paramref name="fixedLines"/> their order is not fixed.</summary>
    private static string Sorted(CommandResult result, int fixedLines = 0)
    {
        string[] lines = result.Error.TrimEnd('\n').Split('\n');
        return string.Join(
            '|',
            [.. lines.Take(fixedLines).Order(StringComparer.Ordinal), .. lines.Skip(fixedLines).Order(StringComparer.Ordinal)]
        );
    }

    /// <summary>A directory <c>app</c> with a compose file, on a machine of its own.</summary>
    private sealed class Project : IDisposable
    {
        private readonly Machine _machine;

        public Project(SkiffHost host)
        {
            _machine = new Machine(host);
            Directory = Path.Combine(Workspace.NewDirectory("c"), "app");
            System.IO.Directory.CreateDirectory(Directory);
        }

        public string Directory { get; }

        public string Text { get; private set; } = "";

        public Dictionary<string, string?> Variables { get; } = new(StringComparer.Ordinal);

        public void Write(string text)
        {
            Text = text.Replace("IMAGE", _machine.Busybox, StringComparison.Ordinal)
                .Replace("IDLE", Idle, StringComparison.Ordinal)
                .Replace("QUOTED", Quote(Idle), StringComparison.Ordinal);
            File.WriteAllText(Path.Combine(Directory, "compose.yaml"), Text + "\n");
        }

        public void Replace(string old, string now)
        {
            Assert.Contains(old, Text);
            Write(Text.Replace(old, now, StringComparison.Ordinal));
        }

        public RunningCommand Start(params string[] arguments) =>
            RunningCommand.Start(_machine.CommandLine(["compose", .. arguments]), Variables, Directory);

        public CommandResult Run(params string[] arguments)
        {
            using RunningCommand running = Start(arguments);
            running.CloseInput();
            return running.WaitForExit();
        }

        public CommandResult Host(params string[] arguments) => _machine.Run(arguments).Succeeded();

        public string Explain()
        {
            using RunningCommand running = RunningCommand.Start(_machine.CommandLine("explain", "compose", "up"), Variables, Directory);
            running.CloseInput();
            return running.WaitForExit().Succeeded().Output;
        }

        /// <summary>The containers with their states.</summary>
        public string Ps() => string.Join('|', Run("ps", "-a", "--format", "{{.Name}} {{.State}}").Succeeded().Lines);

        public string Ids() => Run("ps", "-aq").Succeeded().Text;

        public void Dispose()
        {
            Run("down", "-v", "-t", "0", "--remove-orphans");
            _machine.Dispose();
        }
    }
}
