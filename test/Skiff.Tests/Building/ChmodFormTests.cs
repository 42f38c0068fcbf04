using Skiff.Build.Steps;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Building;

public sealed class ChmodFormTests
{
    [Theory]
    [InlineData("755", 0x1B6, false, 0x1ED)]
    [InlineData("04755", 0x1B6, false, 0x9ED)]
    [InlineData("u=rwX,go=rX", 0x180, false, 0x1A4)]
    [InlineData("u=rwX,go=rX", 0x180, true, 0x1ED)]
    [InlineData("u=rwX,go=rX", 0x1C0, false, 0x1ED)]
    [InlineData("+x", 0x1A4, false, 0x1ED)]
    [InlineData("a-w", 0x1B6, false, 0x124)]
    [InlineData("g=u", 0x180, false, 0x1B0)]
    [InlineData("u+s", 0x1ED, false, 0x9ED)]
    [InlineData("o=", 0x1FF, false, 0x1F8)]
    public void Octal_and_letters(string text, uint mode, bool isDirectory, uint expected) =>
        Assert.Equal(expected, ChmodForm.Parse(text)(mode, isDirectory));

    [Theory]
    [InlineData("")]
    [InlineData("999")]
    [InlineData("77777")]
    [InlineData("u")]
    [InlineData("u=q")]
    [InlineData("rwx")]
    public void Others_are_refused(string text) => Assert.Throws<SkiffException>(() => ChmodForm.Parse(text));
}
