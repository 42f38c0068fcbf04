using Skiff.Engine.Containers;
using Xunit;

namespace Skiff.Tests.Containers;

public sealed class ProcessStatTests
{
    [Fact]
    public void A_command_with_spaces_and_parentheses_does_not_shift_the_fields()
    {
        ReadOnlySpan<byte> line = "7 (a) R (b c) S 3 7 7 34816 -1 4194560 1 2 3 4 55 66 0 0 20 0 1 0 987654 1 2 3\n"u8;
        Assert.True(ProcessStat.TryParse(line, out ProcessStat stat));
        Assert.Equal(new ProcessStat('S', 3, 34816, 55, 66, 987654), stat);
    }

    [Fact]
    public void A_cut_off_line_is_refused() => Assert.False(ProcessStat.TryParse("7 (a) S 3 7 7"u8, out _));

    /// <summary>proc_pid_stat(5): the flags are field 9, the pending signals 31, the exit code 52.</summary>
    [Theory]
    [InlineData('S', 0x400100, 0, 0, false)]
    [InlineData('T', 0x400100, 0, 19, false)] // stopped by a signal, which stands in the same field
    [InlineData('t', 0x400100, 0, 5, false)]
    [InlineData('R', 0x400100, 1 << 14, 0, false)] // SIGTERM can be kept off
    [InlineData('D', 0x400100, 1 << 8, 0, true)]
    [InlineData('R', 0x400500, 0, 0, true)]
    [InlineData('R', 0x400104, 0, 0, true)]
    [InlineData('S', 0x400100, 0, 9, true)]
    [InlineData('Z', 0x400100, 0, 0, true)]
    [InlineData('X', 0x400100, 0, 0, true)]
    public void A_process_is_ending_from_the_moment_in_which_SIGKILL_was_sent(char state, long flags, long pending, long code, bool ends)
    {
        string line =
            $"7 (a b) {state} 3 7 7 0 -1 {flags} 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2 18446744073709551615 1 2 3 4 5 {pending} 0 0 0 1 0 0 17 1 0 0 0 0 0 1 2 3 4 5 6 7 {code}\n";
        Assert.Equal(ends, ProcessStat.IsEnding(System.Text.Encoding.ASCII.GetBytes(line)));
    }

    [Fact]
    public void A_process_that_lives_is_not_ending_and_of_one_that_is_no_more_nothing_is_said()
    {
        Assert.False(ProcessStat.IsEnding(Environment.ProcessId));
        Assert.Null(ProcessStat.IsEnding(-1));
        using System.Diagnostics.Process dead = System.Diagnostics.Process.Start("true");
        dead.WaitForExit();
        Assert.Null(ProcessStat.IsEnding(dead.Id));
    }
}
