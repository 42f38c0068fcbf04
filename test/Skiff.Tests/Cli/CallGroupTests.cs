using Skiff.Commands.Run;
using Xunit;

namespace Skiff.Tests.Cli;

/// <summary>What explain prints for people: work on one file after the other is told once.</summary>
public sealed class CallGroupTests
{
    private static IReadOnlyList<PlanCall> Calls(params string[] texts) =>
        [.. texts.Select(t => new PlanCall(t[..t.IndexOf('(', StringComparison.Ordinal)], t, ""))];

    private static string[] Hide(string path, int fd) => [$"openat(root, \"{path}\") = fd{fd}", $"mount(fd1, fd{fd})", $"close(fd{fd})"];

    [Fact]
    public void The_same_work_on_three_files_is_told_for_the_first()
    {
        List<string> lines = PlanCalls.Folded(
            Calls([.. Hide("proc/acpi", 7), .. Hide("proc/keys", 9), .. Hide("sys/firmware", 10), "chdir(\"/\")"])
        );
        Assert.Equal([.. Hide("proc/acpi", 7), "… the same for proc/keys, sys/firmware …", "chdir(\"/\")"], lines);
    }

    [Fact]
    public void What_only_looks_like_the_end_of_a_round_is_no_part_of_it()
    {
        string[] before = ["mount(fd1, fd2)", "close(fd2)"];
        List<string> lines = PlanCalls.Folded(Calls([.. before, .. Hide("a", 3), .. Hide("b", 4), .. Hide("c", 5)]));
        Assert.Equal([.. before, .. Hide("a", 3), "… the same for b, c …"], lines);
    }

    [Fact]
    public void Work_that_differs_is_told_in_full()
    {
        string[] twice = [.. Hide("a", 3), .. Hide("b", 4), "close(fd1)"];
        Assert.Equal(twice, PlanCalls.Folded(Calls(twice)));
        string[] other = [.. Hide("a", 3), .. Hide("b", 4), "openat(root, \"c\") = fd5", "mount(fd1, fd5, MS_RDONLY)", "close(fd5)"];
        Assert.Equal(other, PlanCalls.Folded(Calls(other)));
        string[] nothingDiffers = ["a(1)", "b(2)", "a(1)", "b(2)", "a(1)", "b(2)"];
        Assert.Equal(nothingDiffers, PlanCalls.Folded(Calls(nothingDiffers)));
    }

    [Fact]
    public void Calls_of_one_name_stay_a_list() =>
        Assert.Equal(5, PlanCalls.Folded(Calls("mkdir(\"a\")", "mkdir(\"b\")", "mkdir(\"c\")", "mkdir(\"d\")", "mkdir(\"e\")")).Count);
}
