using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The executable itself.</summary>
public sealed class BinaryTests
{
    private const long LargestSize = 15_000_000;

    [Fact]
    public void It_is_small_and_needs_nothing_but_the_C_library()
    {
        Assert.InRange(new FileInfo(Workspace.Binary).Length, 1, LargestSize);
        string[] needed =
        [
            .. Tool.Run("readelf", "-d", Workspace.Binary)
                .Text.Split('\n')
                .Where(line => line.Contains("(NEEDED)", StringComparison.Ordinal)),
        ];
        Assert.NotEmpty(needed);
        Assert.All(needed, line => Assert.Matches(@"\[(libc\.so\.6|ld-linux-[a-z0-9-]+\.so\.[12])\]", line));
    }

    [Fact]
    public void The_functions_of_a_start_lie_side_by_side_in_their_order()
    {
        string[] listed = File.ReadAllLines($"{Workspace.Repository}/src/Skiff/start-order.txt");
        HashSet<string> wanted = [.. listed];
        Dictionary<string, long> address = [];
        foreach (string line in Tool.Run("nm", Workspace.Binary + ".dbg").Text.Split('\n'))
        {
            if (line.Split(' ') is [{ Length: 16 } number, "t" or "T", var name] && wanted.Contains(name))
            {
                address[name] = Convert.ToInt64(number, 16);
            }
        }
        long[] places = [.. listed.Where(address.ContainsKey).Select(name => address[name])];
        Assert.True(
            places.Length > listed.Length * 8 / 10,
            $"only {places.Length} of {listed.Length} functions are still there: run scripts/start-order.sh"
        );
        int inOrder = places.Zip(places.Skip(1)).Count(static pair => pair.First <= pair.Second);
        Assert.True(
            inOrder > places.Length * 9 / 10,
            $"only {inOrder} of {places.Length} functions follow the one before: is IlcOrderFile still understood?"
        );
    }

    [Fact]
    public void What_a_start_writes_to_is_copied_at_once_and_only_by_run()
    {
        (long Address, string Name)[] symbols =
        [
            .. Tool.Run("nm", Workspace.Binary + ".dbg")
                .Text.Split('\n')
                .Select(line => line.Split(' ', 3))
                .Where(words => words is [{ Length: 16 }, _, _])
                .Select(words => (Convert.ToInt64(words[0], 16), words[2])),
        ];
        long At(string name) => symbols.Single(s => s.Name == name).Address;
        long[] All(string kind) => [.. symbols.Where(s => s.Name.StartsWith(kind, StringComparison.Ordinal)).Select(s => s.Address)];
        long[] objects = All("__FrozenObj_");
        long[] cells = All("__InterfaceDispatchCell_");
        Tool.Require("strace");
        AssertWithin(objects, At("skiff_objects"), At("skiff_objects_end"));
        AssertWithin(cells, At("skiff_statics"), At("skiff_statics_end"));
        Assert.InRange(At("skiff_statics_end") - At("skiff_objects"), 1, 1 << 20);
        Assert.Empty(Copied("version"));
        Assert.Equal(Environment.ProcessorCount > 1 ? 2 : 0, Copied("run", "--help").Length);
    }

    private static void AssertWithin(long[] addresses, long begin, long end)
    {
        Assert.NotEmpty(addresses);
        Assert.All(addresses, address => Assert.InRange(address, begin, end));
    }

    private static string[] Copied(params string[] command) =>
        [
            .. Tool.Try(["strace", "-e", "trace=madvise", Workspace.Binary, .. command])
                .Error.Split('\n')
                .Where(line => line.Contains("MADV_POPULATE_WRITE) = 0", StringComparison.Ordinal)),
        ];
}
