using Skiff.Commands.Containers;
using Xunit;

namespace Skiff.Tests.Cli;

public sealed class StatusTextTests
{
    [Theory]
    [InlineData("sh -c 'echo a'", "sh", "-c", "echo a")]
    [InlineData("a b", "a b")]
    [InlineData(@"sh -c a\nb \""x\""", "sh", "-c", "a\nb", "\"x\"")]
    [InlineData(@"sh \x01\\\t\r", "sh", "\u0001\\\t\r")]
    public void A_command_is_quoted_as_dockers_listing_quotes_it(string expected, params string[] words) =>
        Assert.Equal($"\"{expected}\"", StatusText.Command(words, full: true));

    [Fact]
    public void A_long_command_is_cut_before_it_is_quoted() =>
        Assert.Equal(@"""sh -c 'aaaaaaaaaa\nb…""", StatusText.Command(["sh", "-c", "aaaaaaaaaa\nb c d e f"], full: false));
}
