using System.Globalization;
using System.Text.Json.Nodes;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>What containers use and which processes they have: stats, top, port, rename, wait.</summary>
public sealed class StatsTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    [Fact]
    public void A_busy_container_shows_its_processor_its_memory_its_limit_and_its_traffic()
    {
        host.Run(
                "run",
                "-d",
                "--name",
                "busy",
                "--memory",
                "64m",
                "--cpus",
                "0.2",
                Busybox,
                "sh",
                "-c",
                "wget -q -O /dev/null http://127.0.0.1:1/; while :; do :; done"
            )
            .Succeeded();
        try
        {
            string[] lines = host.Run("stats", "--no-stream", "busy").Succeeded().Lines;
            Assert.Equal(
                ["CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS"],
                lines[0].Split("  ", StringSplitOptions.RemoveEmptyEntries).Select(static t => t.Trim()).Where(static t => t.Length > 0)
            );
            JsonNode row = JsonNode.Parse(host.Run("stats", "--no-stream", "--format", "json").Succeeded().Text)!;
            Assert.Equal("busy", (string?)row["Name"]);
            Assert.InRange(Number(row["CPUPerc"]), 1, 60); // a fifth of one processor, and what the clock adds on a loaded machine
            Assert.EndsWith(" / 64MiB", (string?)row["MemUsage"], StringComparison.Ordinal);
            Assert.InRange(Number(row["MemPerc"]), 0.01, 100);
            Assert.Equal("1", (string?)row["PIDs"]);
            Assert.Matches("^[0-9.]+k?B / [0-9.]+k?B$", (string)row["NetIO"]!);
            Wait.Until(
                () => host.Run("stats", "--no-stream", "--format", "{{.Throttled}}", "busy").Text is var t && t != "0.00%" && t != "--",
                10,
                () => "a container at its limit was never throttled"
            );
            string[] pressure = host.Run("stats", "--no-stream", "--pressure", "busy")
                .Succeeded()
                .Lines[0]
                .Split("  ", StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(12, pressure.Length);
            // docker: what it was called on the command line.
            string id = host.Run("inspect", "-f", "{{.Id}}", "busy").Succeeded().Text;
            Assert.Equal(
                ["busy", id[..5], id],
                [
                    host.Run("stats", "--no-stream", "--format", "{{.Container}}", "busy").Succeeded().Text,
                    host.Run("stats", "--no-stream", "--format", "{{.Container}}", id[..5]).Succeeded().Text,
                    host.Run("stats", "--no-stream", "--format", "{{.Container}}").Succeeded().Text,
                ]
            );
        }
        finally
        {
            host.Run("rm", "-f", "busy").Succeeded();
        }
    }

    [Fact]
    public void The_live_table_is_drawn_over_until_it_is_interrupted()
    {
        host.Run("run", "-d", "--name", "shown", "--network", "none", Busybox, "sleep", "1000").Succeeded();
        try
        {
            using Pty terminal = host.StartOnTerminal(24, 120, "stats", "shown");
            Wait.Until(() => terminal.Screen.Split("\u001b[H").Length > 3, 20, () => $"it was not drawn three times: {terminal.Screen}");
            Assert.Contains("shown", terminal.Screen, StringComparison.Ordinal);
            terminal.Type("\u0003");
            terminal.WaitForExit();
        }
        finally
        {
            host.Run("rm", "-f", "shown").Succeeded();
        }
    }

    [Fact]
    public void Containers_that_do_not_run_are_shown_with_nothing_when_all_are_asked_for()
    {
        host.Run("create", "--name", "idle", "--network", "none", Busybox, "true").Succeeded();
        Assert.Equal("", host.Run("stats", "--no-stream", "--format", "{{.Name}}").Succeeded().Text);
        Assert.Equal(
            "idle 0.00% 0B / 0B 0",
            host.Run("stats", "--no-stream", "-a", "--format", "{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}").Succeeded().Text
        );
        host.Run("stats", "--no-stream", "nosuch").ExitedWith(1).Complained("No such container: nosuch");
        host.Run("rm", "idle").Succeeded();
    }

    [Fact]
    public void Top_shows_the_processes_in_any_of_the_forms_of_ps()
    {
        host.Run("run", "-d", "--name", "tops", "--network", "none", "-u", "1:1", Busybox, "sh", "-c", "sleep 777 & exec sleep 888")
            .Succeeded();
        try
        {
            // Both have executed their commands.
            Wait.Until(
                () =>
                    host.Run("top", "tops").Lines.Count(static l => l.Contains(" sleep ", StringComparison.Ordinal) && !l.Contains(" sh "))
                    == 2,
                10,
                () => host.Run("top", "tops").ToString()
            );
            string[] full = host.Run("top", "tops").Succeeded().Lines;
            Assert.Equal(["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"], Words(full[0]));
            Assert.StartsWith("daemon ", full[1], StringComparison.Ordinal);
            Assert.Contains(full, static l => l.EndsWith("sleep 777", StringComparison.Ordinal));
            Assert.Equal(
                ["USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND"],
                Words(host.Run("top", "tops", "aux").Succeeded().Lines[0])
            );
            string pid = host.Run("inspect", "-f", "{{.State.Pid}}", "tops").Succeeded().Text;
            Assert.Equal(
                $"{pid} 1 1 sleep 888",
                string.Join(
                    ' ',
                    Words(host.Run("top", "tops", "-o", "pid,nspid,uid,args", "--no-headers", "--sort", "nspid").Succeeded().Lines[0])
                )
            );
            Assert.Equal(["PID", "WHO"], Words(host.Run("top", "tops", "-eo", "pid,user=WHO").Succeeded().Lines[0]));
            Assert.Equal(["PID", "USER"], Words(host.Run("top", "tops", "pid", "user").Succeeded().Lines[0]));
            Assert.Contains(
                "777",
                host.Run("top", "tops", "-o", "args", "--sort", "-nspid").Succeeded().Lines[1],
                StringComparison.Ordinal
            );
            foreach (
                string form in (string[])
                    ["-l", "-j", "-eF", "-ef", "ax", "-o comm,stat,etime,ni,pri,nlwp,psr,wchan,lstart,group,sid,tty,rss,vsz,c,%mem"]
            )
            {
                Assert.Equal(3, host.Run(["top", "tops", .. form.Split(' ')]).Succeeded().Lines.Length);
            }
            host.Run("top", "tops", "-o", "pidd").ExitedWith(1).Complained("did you mean pid?");
            host.Run("top", "tops", "-Z").ExitedWith(125).Complained("top does not know -Z");
        }
        finally
        {
            host.Run("rm", "-f", "tops").Succeeded();
        }
    }

    [Fact]
    public void Port_shows_what_is_published()
    {
        host.Run("run", "-d", "--name", "ports", "-p", "127.0.0.1:18070:80", "-p", "127.0.0.1:18071:81/udp", Busybox, "sleep", "1000")
            .Succeeded();
        Assert.Equal(["80/tcp -> 127.0.0.1:18070", "81/udp -> 127.0.0.1:18071"], host.Run("port", "ports").Succeeded().Lines.Order());
        Assert.Equal("127.0.0.1:18070", host.Run("port", "ports", "80").Succeeded().Text);
        Assert.Equal("127.0.0.1:18071", host.Run("port", "ports", "81/udp").Succeeded().Text);
        host.Run("port", "ports", "81").ExitedWith(1).Complained("publishes no port 81/tcp");
        host.Run("rm", "-f", "ports").Succeeded();
    }

    [Fact]
    public void A_renamed_container_is_found_by_its_new_name_alone()
    {
        string id = host.Run("create", "--name", "before", "--network", "none", Busybox, "true").Succeeded().Text;
        host.Run("create", "--name", "taken", "--network", "none", Busybox, "true").Succeeded();
        host.Run("rename", "before", "taken").ExitedWith(1).Complained("in use");
        host.Run("rename", "before", "a/b").ExitedWith(1).Complained("invalid container name");
        host.Run("rename", "before", "after").Succeeded();
        Assert.Equal(id, host.Run("inspect", "-f", "{{.Id}}", "after").Succeeded().Text);
        host.Run("inspect", "--type", "container", "before").ExitedWith(1);
        host.Run("create", "--name", "before", "--network", "none", Busybox, "true").Succeeded();
        host.Run("rm", "before", "after", "taken").Succeeded();
    }

    [Fact]
    public void Wait_prints_the_code_of_each_container_under_the_condition_asked_for()
    {
        host.Run("run", "-d", "--name", "two", "--network", "none", Busybox, "sh", "-c", "exit 2").Succeeded();
        host.Run("run", "-d", "--name", "three", "--network", "none", Busybox, "sh", "-c", "exit 3").Succeeded();
        Assert.Equal(["2", "3"], host.Run("wait", "two", "three").Succeeded().Lines);
        using (RunningCommand next = host.Start("wait", "--condition", "next-exit", "two"))
        {
            Wait.Until(
                () => Directory.Exists($"{host.Runroot}/waits") && Directory.EnumerateFiles($"{host.Runroot}/waits").Any(),
                10,
                () => "it does not wait"
            );
            host.Run("start", "two").Succeeded();
            Assert.Equal("2", next.WaitForExit(20).Succeeded().Text);
        }
        host.Run("run", "-d", "--rm", "--name", "gone", "--network", "none", Busybox, "sleep", "1000").Succeeded();
        using (RunningCommand removed = host.Start("wait", "--condition=removed", "gone"))
        {
            Wait.Until(() => Directory.EnumerateFiles($"{host.Runroot}/waits").Any(), 10, () => "it does not wait");
            host.Run("kill", "gone").Succeeded();
            Assert.Equal("137", removed.WaitForExit(20).Succeeded().Text);
        }
        host.Run("wait", "--condition", "never", "two").ExitedWith(125).Complained("expected not-running, next-exit or removed");
        host.Run("wait", "nosuch").ExitedWith(1).Complained("No such container");
        host.Run("rm", "two", "three").Succeeded();
    }

    private static double Number(JsonNode? value) => double.Parse(((string)value!).TrimEnd('%'), CultureInfo.InvariantCulture);

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
