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
}
