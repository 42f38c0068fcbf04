using System.Text;
using Skiff.Commands.Containers;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Monitoring;

public sealed class DetachKeysTests
{
    private static (string Passed, bool Found) Type(string keys, params string[] pieces)
    {
        DetachKeys filter = DetachKeys.Parse(keys);
        StringBuilder passed = new();
        foreach (string piece in pieces)
        {
            byte[] target = new byte[piece.Length + 64];
            bool found = filter.Filter(Encoding.Latin1.GetBytes(piece), target, out int length);
            passed.Append(Encoding.Latin1.GetString(target, 0, length));
            if (found)
            {
                return (passed.ToString(), true);
            }
        }
        return (passed.ToString(), false);
    }

    [Theory]
    [InlineData("ctrl-p,ctrl-q", "ab\u0010\u0011cd", "ab", true)]
    [InlineData("ctrl-p,ctrl-q", "ab\u0010cd", "ab\u0010cd", false)]
    [InlineData("ctrl-p,ctrl-q", "\u0010\u0010\u0011", "\u0010", true)]
    [InlineData("ctrl-p,ctrl-q", "\u0011", "\u0011", false)]
    [InlineData("ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", "\0\u001b\u001c\u001d\u001e\u001f", "", true)]
    [InlineData("a,b,c", "ababc", "ab", true)]
    [InlineData("x", "yx", "y", true)]
    [InlineData("", "\u0010\u0011", "\u0010\u0011", false)]
    public void The_sequence_is_found_and_kept_from_the_container(string keys, string typed, string passed, bool found) =>
        Assert.Equal((passed, found), Type(keys, typed));

    [Fact]
    public void The_sequence_may_come_in_pieces()
    {
        Assert.Equal(("a", true), Type("ctrl-p,ctrl-q", "a\u0010", "\u0011"));
        Assert.Equal(("a\u0010b", false), Type("ctrl-p,ctrl-q", "a\u0010", "b"));
    }

    [Theory]
    [InlineData("ctrl-")]
    [InlineData("ctrl-P")]
    [InlineData("ab")]
    [InlineData("ctrl-1")]
    [InlineData("a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a")]
    public void Anything_else_is_no_key(string keys) => Assert.Throws<SkiffException>(() => DetachKeys.Parse(keys));
}
