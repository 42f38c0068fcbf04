using Skiff.Commands;
using Skiff.Commands.Containers;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Cli;

public sealed class NamePatternTests
{
    [Theory]
    [InlineData("web", "my-web-1", true)]
    [InlineData("^web", "my-web-1", false)]
    [InlineData("^web-[0-9]+$", "web-12", true)]
    [InlineData("^web-[0-9]+$", "web-", false)]
    [InlineData("^(web|db)-.*1$", "db-a1", true)]
    [InlineData("^(web|db)-.*1$", "cache-a1", false)]
    [InlineData("a?b*c", "c", true)]
    [InlineData("^a{2,3}$", "aaa", true)]
    [InlineData("^a{2,3}$", "aaaa", false)]
    [InlineData("^a{2}$", "aa", true)]
    [InlineData("^[^a-c]", "d", true)]
    [InlineData("^[^a-c]", "b", false)]
    [InlineData("^[]x]$", "]", true)]
    [InlineData(@"^\w+\.\d$", "a_1.5", true)]
    [InlineData(@"^\.$", "x", false)]
    [InlineData("a{x", "a{x", true)]
    [InlineData("", "anything", true)]
    [InlineData("(a*)*b", "aaab", true)]
    public void It_matches_as_RE2_does(string pattern, string text, bool expected) =>
        Assert.Equal(expected, NamePattern.Parse(pattern).Matches(text));

    [Theory]
    [InlineData("(a", "a ( without its )")]
    [InlineData("a)", "a ) without its (")]
    [InlineData("[a", "a [ without its ]")]
    [InlineData("*a", "nothing before *")]
    [InlineData("a\\", "a backslash at its end")]
    [InlineData("a\\q", "\\q is not known here")]
    public void A_wrong_pattern_is_explained(string pattern, string words)
    {
        SkiffException e = Assert.Throws<SkiffException>(() => NamePattern.Parse(pattern));
        Assert.Equal(1, e.ExitCode);
        Assert.Contains(words, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_made_to_run_for_ever_is_given_up() =>
        Assert.Throws<SkiffException>(() => NamePattern.Parse("^(a|aa)+$").Matches(new string('a', 200) + "!"));

    [Fact]
    public void Traffic_is_the_sum_of_all_links_but_loopback()
    {
        const string table =
            "Inter-|   Receive                                                |  Transmit\n"
            + " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
            + "    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0\n"
            + "  eth0:    2000      20    0    0    0     0          0         0     300       3    0    0    0     0       0          0\n"
            + "  eth1:5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n";
        Assert.Equal((2005UL, 306UL), ContainerSample.Traffic(table));
    }
}
