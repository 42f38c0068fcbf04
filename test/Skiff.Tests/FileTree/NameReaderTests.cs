using Skiff.Linux;
using Skiff.Linux.FileTree;
using Xunit;

namespace Skiff.Tests.FileTree;

public sealed class NameReaderTests
{
    /// <summary>Another command may remove a directory between its opening and its reading; getdents64(2) says ENOENT then.</summary>
    [Fact]
    public void A_directory_that_was_removed_while_it_was_open_has_no_names()
    {
        string directory = Directory.CreateTempSubdirectory("skiff").FullName;
        using SafeFd fd = Files.Open(directory, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        Directory.Delete(directory);
        NameReader reader = new(fd.Value, new byte[1024]);
        Assert.False(reader.Next());
        Assert.Equal(0, reader.Error);
        Assert.Empty(Tree.Names(directory));
    }
}
