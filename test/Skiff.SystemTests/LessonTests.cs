using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The experiments of docs/how-containers-work.md do what the text says.</summary>
public sealed class LessonTests
{
    public static TheoryData<string, int> Experiments
    {
        get
        {
            var data = new TheoryData<string, int>();
            string chapter = "";
            int number = 0;
            foreach (string line in File.ReadLines(Document))
            {
                if (line.StartsWith("## ", StringComparison.Ordinal))
                {
                    (chapter, number) = (line[3..], 0);
                }
                else if (line == "```sh experiment")
                {
                    data.Add(chapter, ++number);
                }
            }
            return data;
        }
    }

    private static string Document => Path.Combine(Workspace.Repository, "docs", "how-containers-work.md");

    [Theory]
    [MemberData(nameof(Experiments))]
    public void Every_experiment_prints_what_the_text_says(string chapter, int number)
    {
        Tool.Require("nft");
        string directory = Workspace.NewDirectory("lesson");
        Tool.Shell(
            $"cd {directory} && mkdir -p rootfs/bin rootfs/proc rootfs/tmp && cp /bin/busybox rootfs/bin/ && ln -s busybox rootfs/bin/sh"
        );
        string[] lines = Block(chapter, number);
        File.WriteAllLines($"{directory}/experiment.sh", lines);
        CommandResult result = Tool.Run(
            "unshare",
            "--mount",
            "--net",
            "--propagation",
            "private",
            "/bin/sh",
            "-euc",
            $"cd {directory} && . ./experiment.sh"
        );
        int from = 0;
        foreach (
            string expected in lines.Where(l => l.StartsWith("# prints ", StringComparison.Ordinal)).Select(l => l["# prints ".Length..])
        )
        {
            int at = result.Output.IndexOf(expected, from, StringComparison.Ordinal);
            Assert.True(at >= 0, $"'{expected}' is missing or out of order\n{result}");
            from = at + expected.Length;
        }
    }

    [Fact]
    public void Every_excerpt_tells_steps_that_explain_tells()
    {
        string root = Path.Combine(Workspace.NewDirectory("lesson"), "root");
        string json = Tool.Run(Workspace.Binary, "--root", root, "explain", "run", "--rm", "--json", "-p", "8080:80", "busybox").Output;
        Dictionary<string, HashSet<string>> told = [];
        foreach (JsonNode? step in JsonNode.Parse(json)!["steps"]!.AsArray())
        {
            told[$"[{step!["place"]}] {step["why"]}"] = [.. step["calls"]!.AsArray().Select(c => c!["name"]!.GetValue<string>())];
        }
        int steps = 0;
        HashSet<string> calls = [];
        foreach (string line in Excerpts())
        {
            if (Regex.Match(line, @"^\d+\. (\[.*)$") is { Success: true } head)
            {
                Assert.True(told.TryGetValue(head.Groups[1].Value, out calls!), $"explain no longer says: {line}");
                steps++;
            }
            else if (
                line.StartsWith("     ", StringComparison.Ordinal)
                && Regex.Match(line, "^     ([a-zA-Z_0-9]+)[( ]") is { Success: true } call
                && !line.Contains("require ", StringComparison.Ordinal)
                && !line.Contains("go on after ", StringComparison.Ordinal)
            )
            {
                Assert.True(calls.Contains(call.Groups[1].Value), $"that step of explain has no such call: {line}");
            }
        }
        Assert.True(steps > 10, "the excerpts were not found");
    }

    /// <summary>Line by line, where the host is one like that on which the page was written: the version of the cgroups decides what is told of them.</summary>
    [Fact]
    public void Every_line_of_an_excerpt_is_told_today()
    {
        Assert.SkipUnless(Directory.Exists("/sys/fs/cgroup/unified/"), "this host has no hybrid cgroups, of which the page tells");
        Assert.SkipUnless(Environment.ProcessorCount > 1, "this host has one processor; the page tells of two");
        Assert.SkipUnless(Environment.OSVersion.Version >= new Version(6, 15), "on this kernel some steps have another order");
        string root = Path.Combine(Workspace.NewDirectory("lesson"), "root");
        string text = Tool.Run(Workspace.Binary, "--root", root, "explain", "run", "--rm", "-p", "8080:80", "busybox").Output;
        string[] told = text.Replace(root, "/var/lib/skiff", StringComparison.Ordinal).Split('\n');
        int at = 0;
        foreach (string line in Excerpts().Where(static l => l.Trim() is not ("" or "...")))
        {
            string begin = line.EndsWith("...", StringComparison.Ordinal) ? line[..^3] : line;
            bool whole = begin.Length == line.Length;
            bool IsIt(string l) => whole ? l == begin : l.StartsWith(begin, StringComparison.Ordinal);
            // In order, except that a chapter may begin anywhere.
            int next = Array.FindIndex(told, char.IsDigit(line[0]) ? 0 : at, IsIt);
            Assert.True(next >= 0, $"explain no longer says, or not there: {line}");
            at = next + 1;
        }
    }

    [Fact]
    public void Every_line_of_the_conversation_with_a_registry_is_told_today()
    {
        string root = Path.Combine(Workspace.NewDirectory("lesson"), "root");
        string[] told = Tool.Run(Workspace.Binary, "--root", root, "explain", "pull", "127.0.0.1:5000/library/busybox").Output.Split('\n');
        int at = 0;
        int lines = 0;
        foreach (
            string line in File.ReadLines(Document)
                .SkipWhile(static l => !l.StartsWith("$ skiff explain pull", StringComparison.Ordinal))
                .Skip(1)
                .TakeWhile(static l => l != "```")
                .Where(static l => l.Trim() is not ("" or "…"))
        )
        {
            string begin = line.TrimEnd('…');
            at = Array.FindIndex(told, at, l => begin.Length < line.Length ? l.StartsWith(begin, StringComparison.Ordinal) : l == line) + 1;
            Assert.True(at > 0, $"explain no longer says, or not there: {line}");
            lines++;
        }
        Assert.True(lines > 8, "the excerpt was not found");
    }

    private static IEnumerable<string> Excerpts()
    {
        bool inside = false;
        foreach (string line in File.ReadLines(Document))
        {
            if (inside && line != "```")
            {
                yield return line;
            }
            inside = line == "```text" || (inside && line != "```");
        }
    }

    private static string[] Block(string chapter, int number)
    {
        IEnumerable<string> lines = File.ReadLines(Document).SkipWhile(l => l != $"## {chapter}");
        for (int i = 0; i < number; i++)
        {
            lines = lines.SkipWhile(l => l != "```sh experiment").Skip(1);
        }
        return [.. lines.TakeWhile(l => l != "```")];
    }
}
