using Skiff.Engine.Transfer;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Transfer;

public sealed class CopyRuleTests
{
    // docker's documentation, "docker container cp", line by line: source, how it ends, what is at the destination, how that ends
    [Theory]
    [InlineData(FileKind.File, "", FileKind.Missing, "", CopyForm.Named)]
    [InlineData(FileKind.File, "", FileKind.File, "", CopyForm.Named)]
    [InlineData(FileKind.File, "", FileKind.Directory, "", CopyForm.Into)]
    [InlineData(FileKind.File, "", FileKind.Directory, "/", CopyForm.Into)]
    [InlineData(FileKind.File, "", FileKind.Directory, "/.", CopyForm.Into)]
    [InlineData(FileKind.Directory, "", FileKind.Missing, "", CopyForm.Named)]
    [InlineData(FileKind.Directory, "", FileKind.Missing, "/", CopyForm.Named)]
    [InlineData(FileKind.Directory, "/.", FileKind.Missing, "", CopyForm.Named)]
    [InlineData(FileKind.Directory, "", FileKind.Directory, "", CopyForm.Into)]
    [InlineData(FileKind.Directory, "/", FileKind.Directory, "/", CopyForm.Into)]
    [InlineData(FileKind.Directory, "/.", FileKind.Directory, "", CopyForm.Content)]
    public void Dockers_table_says_what_becomes_of_the_source(
        FileKind source,
        string sourceEnd,
        FileKind target,
        string targetEnd,
        CopyForm expected
    ) =>
        Assert.Equal(
            expected,
            CopyRule.Decide(source, CopyPath.Parse("/s" + sourceEnd, "/"), target, CopyPath.Parse("/t" + targetEnd, "/"))
        );

    [Theory]
    [InlineData(FileKind.File, "", FileKind.Missing, "/", "no such directory")]
    [InlineData(FileKind.Directory, "", FileKind.File, "", "cannot copy directory")]
    [InlineData(FileKind.Directory, "/.", FileKind.File, "", "cannot copy directory")]
    [InlineData(FileKind.File, "/", FileKind.Directory, "", "not a directory")]
    [InlineData(FileKind.File, "/.", FileKind.Missing, "", "not a directory")]
    [InlineData(FileKind.File, "", FileKind.File, "/", "not a directory")]
    public void What_does_not_go_together_is_refused(
        FileKind source,
        string sourceEnd,
        FileKind target,
        string targetEnd,
        string complaint
    ) =>
        Assert.StartsWith(
            complaint,
            Assert
                .Throws<SkiffException>(() =>
                    CopyRule.Decide(source, CopyPath.Parse("/s" + sourceEnd, "/"), target, CopyPath.Parse("/t" + targetEnd, "/"))
                )
                .Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("/a/b", "/a/b", false, false, "b", "/a")]
    [InlineData("/a/b/", "/a/b", true, false, "b", "/a")]
    [InlineData("/a/b/.", "/a/b", true, true, "b", "/a")]
    [InlineData("b", "/home/b", false, false, "b", "/home")]
    [InlineData(".", "/home", true, true, "home", "/")]
    [InlineData("", "/home", true, true, "home", "/")]
    [InlineData("..", "/", true, true, "", "/")]
    [InlineData("/", "/", true, true, "", "/")]
    [InlineData("/../../etc/./passwd", "/etc/passwd", false, false, "passwd", "/etc")]
    [InlineData("/a.", "/a.", false, false, "a.", "/")]
    public void A_path_is_read_with_its_end(string text, string path, bool directory, bool content, string name, string parent)
    {
        CopyPath read = CopyPath.Parse(text, "/home");
        Assert.Equal((path, directory, content, name, parent), (read.Path, read.IsDirectory, read.ContentOnly, read.Name, read.Parent));
    }
}
