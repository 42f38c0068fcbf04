using Skiff.Build.Cache;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using Xunit;

namespace Skiff.Tests.Building;

public sealed class StatCacheTests
{
    [Fact]
    public void A_file_is_known_until_anything_of_it_changes()
    {
        string directory = Directory.CreateTempSubdirectory("skiff-stat").FullName;
        try
        {
            string file = $"{directory}/f";
            File.WriteAllText(file, "one");
            DateTime written = File.GetLastWriteTimeUtc(file);
            DateTimeOffset later = TimeProvider.System.GetUtcNow().AddMinutes(1);
            byte[] hash = new byte[32];
            hash[0] = 7;

            StatCache first = StatCache.Load(directory, "/c", later);
            first.Add(Stat(file), hash);
            first.Save(directory);
            byte[] found = new byte[32];
            Assert.True(StatCache.Load(directory, "/c").TryGet(Stat(file), found));
            Assert.Equal(hash, found);
            Assert.False(StatCache.Load(directory, "/other").TryGet(Stat(file), found));

            StatxBuffer before = Stat(file);
            do
            {
                File.WriteAllText(file, "two");
                File.SetLastWriteTimeUtc(file, written); // size and time are as before: the time of change is not
            } while (Stat(file).ChangeTime.Nanoseconds == before.ChangeTime.Nanoseconds); // its clock has a coarse tick
            Assert.False(StatCache.Load(directory, "/c").TryGet(Stat(file), found));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_file_that_was_written_just_now_is_not_believed()
    {
        string directory = Directory.CreateTempSubdirectory("skiff-stat").FullName;
        try
        {
            File.WriteAllText($"{directory}/f", "one");
            StatCache cache = StatCache.Load(directory, "/c");
            cache.Add(Stat($"{directory}/f"), new byte[32]);
            Assert.False(cache.TryGet(Stat($"{directory}/f"), new byte[32]));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static StatxBuffer Stat(string path)
    {
        Assert.Equal(0, At.Stat(Files.AtCwd, CString.Encode(path), out StatxBuffer stat));
        return stat;
    }
}
