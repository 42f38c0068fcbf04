using System.Globalization;
using System.Text.Json;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The journal of what happens, and <c>events</c>.</summary>
public sealed class EventsTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    private static string Now => Seconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

    private string Journal => Path.Combine(host.Root, "events", "events.jsonl");

    [Fact]
    public void The_life_of_a_container_is_told_in_dockers_words_and_order()
    {
        host.Run(
                "run",
                "-d",
                "--name",
                "told",
                "--network",
                "none",
                "--label",
                "tier=gold",
                Busybox,
                "sh",
                "-c",
                "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done"
            )
            .Succeeded();
        Wait.Until(() => host.Run("logs", "told").Text.Contains("ready", StringComparison.Ordinal), 10, () => "it did not get ready");
        host.Run("exec", "told", "true").Succeeded();
        host.Run("pause", "told").Succeeded();
        host.Run("unpause", "told").Succeeded();
        host.Run("rename", "told", "retold").Succeeded();
        host.Run("kill", "-s", "USR1", "retold").Succeeded();
        host.Run("stop", "retold").Succeeded();
        host.Run("rm", "retold").Succeeded();
        string[] actions = Past("{{.Action}}", "label=tier=gold", "type=container");
        Assert.Equal(
            [
                "create",
                "start",
                "exec_create: true",
                "exec_start: true",
                "exec_die",
                "pause",
                "unpause",
                "rename",
                "kill",
                "kill",
                "die",
                "stop",
                "destroy",
            ],
            actions
        );
        Assert.Equal(["3"], Past("{{.Actor.Attributes.exitCode}}", "event=die", "label=tier=gold"));
        Assert.Equal(["10", "15"], Past("{{.Actor.Attributes.signal}}", "event=kill", "label=tier=gold"));
        Assert.Equal(["/told retold"], Past("{{.Actor.Attributes.oldName}} {{.Actor.Attributes.name}}", "event=rename", "label=tier=gold"));
    }

    [Fact]
    public void A_line_is_dockers_and_json_has_dockers_fields()
    {
        host.Run("run", "--rm", "--name", "shape", "--network", "none", Busybox, "sh", "-c", "exit 4").ExitedWith(4);
        string line = Past("", "container=shape", "event=die").Single();
        Assert.Matches(
            @"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d) container die [0-9a-f]{64} \(execDuration=\d+, exitCode=4, image=.*, name=shape\)$",
            line
        );
        using JsonDocument json = JsonDocument.Parse(Past("json", "container=shape", "event=die").Single());
        Assert.Equal(
            ["status", "id", "from", "Type", "Action", "Actor", "scope", "time", "timeNano"],
            json.RootElement.EnumerateObject().Select(p => p.Name)
        );
        Assert.Equal("4", json.RootElement.GetProperty("Actor").GetProperty("Attributes").GetProperty("exitCode").GetString());
        Assert.Equal(["create", "attach", "start", "die", "destroy"], Past("{{.Status}}", "container=shape"));
    }

    [Fact]
    public void A_command_that_cannot_be_executed_dies_with_127()
    {
        host.Run("run", "--rm", "--name", "absent", "--network", "none", Busybox, "/nosuch").ExitedWith(127);
        Assert.Equal(
            ["create", "attach", "die 127", "destroy"],
            Past("{{.Action}}{{with .Actor.Attributes.exitCode}} {{.}}{{end}}", "container=absent")
        );
    }

    [Fact]
    public void Images_are_told_too()
    {
        string name = Busybox;
        host.Run("pull", "-q", name).Succeeded();
        host.Run("tag", name, "told/twice:2").Succeeded();
        host.Run("rmi", "told/twice:2").Succeeded();
        Assert.Contains("pull", Past("{{.Action}}", "type=image", $"image={name}"));
        Assert.Equal(
            ["tag told/twice:2", "untag told/twice:2"],
            Past("{{.Action}} {{.Actor.Attributes.name}}", "type=image", "image=told/twice")
        );
    }

    [Fact]
    public void A_killed_command_is_told_by_the_next_one()
    {
        using (
            RunningCommand killed = host.Start("run", "--name", "lost", "--network", "none", Busybox, "sh", "-c", "echo ready; sleep 1000")
        )
        {
            killed.WaitForOutput("ready");
            killed.Signal(9);
            killed.WaitForExit();
        }
        host.Run("ps").Succeeded();
        Assert.Contains("die", Past("{{.Action}}", "container=lost"));
        host.Run("rm", "lost").Succeeded();
    }

    [Fact]
    public void Several_followers_see_everything_while_the_journal_is_rotated()
    {
        host.Run("create", "--name", "before", "--network", "none", Busybox, "true").Succeeded();
        string since = Now;
        using RunningCommand first = host.Start(
            "events",
            "--since",
            since,
            "--filter",
            "container=turn",
            "--format",
            "{{.Action}} {{.Actor.Attributes.name}}"
        );
        using RunningCommand second = host.Start(
            "events",
            "--since",
            since,
            "--filter",
            "container=turn",
            "--format",
            "{{.Action}} {{.Actor.Attributes.name}}"
        );
        host.Run("create", "--name", "turn1", "--network", "none", Busybox, "true").Succeeded();
        first.WaitForOutput("create turn1");
        second.WaitForOutput("create turn1");
        Fill();
        host.Run("create", "--name", "turn2", "--network", "none", Busybox, "true").Succeeded();
        Assert.True(File.Exists(Journal + ".1"), "the journal was not rotated");
        host.Run("create", "--name", "turn3", "--network", "none", Busybox, "true").Succeeded();
        Fill();
        host.Run("create", "--name", "turn4", "--network", "none", Busybox, "true").Succeeded();
        // One after the other: those of one command are removed at the same time.
        foreach (string name in (string[])["before", "turn1", "turn2", "turn3", "turn4"])
        {
            host.Run("rm", name).Succeeded();
        }
        foreach (RunningCommand follower in new[] { first, second })
        {
            follower.WaitForOutput("destroy turn4");
            Assert.Equal(
                [
                    "create turn1",
                    "create turn2",
                    "create turn3",
                    "create turn4",
                    "destroy turn1",
                    "destroy turn2",
                    "destroy turn3",
                    "destroy turn4",
                ],
                follower.OutputSoFar.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            );
        }
        Assert.True(
            new FileInfo(Journal).Length < 1 << 20 && new FileInfo(Journal + ".1").Length < 6 << 20,
            "the journal grows without end"
        );
    }

    [Fact]
    public void Many_writers_at_once_lose_no_event()
    {
        string name = Busybox;
        string since = Now;
        RunningCommand[] writers = [.. Enumerable.Range(0, 12).Select(n => host.Start("tag", name, $"many/writers:{n}"))];
        foreach (RunningCommand writer in writers)
        {
            writer.WaitForExit().Succeeded();
            writer.Dispose();
        }
        Assert.Equal(
            12,
            host.Run(
                    "events",
                    "--since",
                    since,
                    "--until",
                    Later,
                    "--filter",
                    "event=tag",
                    "--filter",
                    "image=many/writers",
                    "--format",
                    "{{.ID}}"
                )
                .Succeeded()
                .Lines.Length
        );
        host.Run(["rmi", .. Enumerable.Range(0, 12).Select(n => $"many/writers:{n}")]).Succeeded();
    }

    [Fact]
    public void Until_ends_the_following_and_a_reversed_span_is_refused()
    {
        Assert.Equal(
            "",
            host.Run(
                    "events",
                    "--until",
                    (DateTimeOffset.UtcNow.AddMilliseconds(300).ToUnixTimeMilliseconds() / 1000.0).ToString(
                        "F3",
                        CultureInfo.InvariantCulture
                    ),
                    "--filter",
                    "container=nobody"
                )
                .Succeeded()
                .Text
        );
        host.Run("events", "--since", "10m", "--until", "20m").ExitedWith(1).Complained("later than");
        host.Run("events", "--filter", "colour=red").ExitedWith(1).Complained("no filter");
    }

    [Fact]
    public void A_damaged_line_hides_no_other()
    {
        host.Run("create", "--name", "whole", "--network", "none", Busybox, "true").Succeeded();
        File.AppendAllText(Journal, "{\"Type\":\"container\",\"Act\n\0\0\0\n");
        host.Run("rm", "whole").Succeeded();
        Assert.Equal(["create", "destroy"], Past("{{.Action}}", "container=whole"));
    }

    /// <summary>As docker's daemon, which always tells the end: here whoever reads the events does it for a command whose <c>exec</c> was killed.</summary>
    [Theory]
    [InlineData("255", "exec", "-d")] // it lived on, and nobody saw its end
    [InlineData("137", "exec")] // it was killed with the command
    public void The_end_of_an_exec_is_told_once_although_who_waited_for_it_was_killed(string code, params string[] exec)
    {
        string name = "alone" + code;
        host.Run("run", "-d", "--name", name, "--network", "none", Busybox, "sleep", "1000").Succeeded();
        string[] command = [.. exec, name, "sh", "-c", "kill -STOP $$; exit 7"];
        using RunningCommand? foreground = exec.Length == 1 ? host.Start(command) : null;
        _ = foreground is null ? host.Run(command).Succeeded() : null;
        string verb = foreground is null ? " hold-exec " : " exec ";
        Wait.Until(() => Keepers(verb).Length == 1 && Ids(name, "exec_start").Length == 1, 10, () => string.Join('\n', Keepers(verb)));
        Tool.Run("kill", "-KILL", Keepers(verb)[0].Split(' ')[0]);
        using RunningCommand reader = host.Start("events", "--filter", "event=exec_die", "--filter", "container=" + name);
        if (foreground is null)
        {
            Assert.Empty(Ids(name, "exec_die")); // it lives
            host.Run("exec", name, "sh", "-c", "kill -KILL $(pidof sh | tr ' ' '\\n' | grep -v $$)");
            reader.WaitForOutput("exitCode=");
        }
        Wait.Until(() => Ids(name, "exec_die").Contains(Ids(name, "exec_start")[0]), 10, () => "its end is not told");
        string id = Ids(name, "exec_start")[0];
        Assert.Single(Ids(name, "exec_die"), id);
        string[] told = Past("{{.Actor.Attributes.execID}} {{.Actor.Attributes.exitCode}}", "event=exec_die", "container=" + name);
        Assert.Contains(told.Single(t => t.StartsWith(id, StringComparison.Ordinal)), (string[])[$"{id} {code}", id + " 137"]); // the kernel may know more than nothing
        reader.Signal(9);
        host.Run("rm", "-f", name).Succeeded();

        string[] Keepers(string verb) =>
            [
                .. ProcessTable
                    .WithCommandLine("kill -STOP")
                    .Where(p => p.Contains(host.Root, StringComparison.Ordinal) && p.Contains(verb, StringComparison.Ordinal)),
            ];
    }

    private string[] Ids(string container, string action) =>
        Past("{{.Actor.Attributes.execID}}", "container=" + container, "event=" + action);

    [Fact]
    public void Looking_at_processes_and_committing_are_told_as_docker_tells_them()
    {
        host.Run("run", "-d", "--name", "looked", "--network", "none", Busybox, "sleep", "1000").Succeeded();
        host.Run("top", "looked").Succeeded();
        host.Run("commit", "looked", "frozen:1").Succeeded();
        host.Run("commit", "--pause=false", "looked", "frozen:1").Succeeded();
        Assert.Equal(
            ["create", "start", "top", "pause", "unpause", "commit", "commit"],
            Past("{{.Action}}", "container=looked", "type=container")
        );
        Assert.Equal(["frozen:1", "frozen:1"], Past("{{.Actor.Attributes.imageRef}}", "container=looked", "event=commit"));
        Assert.Equal(["frozen:1", "frozen:1"], Past("{{.Actor.Attributes.name}}", "type=image", "event=tag", "image=frozen:1"));
        host.Run("rm", "-f", "looked").Succeeded();
        host.Run("rmi", "-f", "frozen:1").Succeeded();
    }

    /// <summary>A moment that lies in the past for the command that is started with it.</summary>
    /// <summary>The end of this millisecond: what happened in it a moment ago is before it.</summary>
    private static string Later => Seconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + 1);

    private static string Seconds(long milliseconds) => (milliseconds / 1000.0).ToString("F3", CultureInfo.InvariantCulture);

    private string[] Past(string format, params string[] filters) =>
        host.Run(["events", "--since", "0", "--until", Later, "--format", format, .. filters.SelectMany(f => (string[])["--filter", f])])
            .Succeeded()
            .Lines;

    private void Fill()
    {
        const string old =
            """{"Type":"image","Action":"tag","Actor":{"ID":"sha256:0","Attributes":{"name":"filler"}},"scope":"local","time":1,"timeNano":1000000000}""";
        File.AppendAllText(Journal, string.Concat(Enumerable.Repeat(old + "\n", (4 << 20) / old.Length)));
    }
}
