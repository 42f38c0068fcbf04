using Skiff.Images.Layers;
using Skiff.Linux;
using Xunit;
using static Skiff.Tests.Layers.Item;
using static Skiff.Tests.Layers.LayerFixture;

namespace Skiff.Tests.Layers;

public sealed class LayerRulesTests : IDisposable
{
    private readonly LayerFixture _f = new();

    public void Dispose() => _f.Dispose();

    [Fact]
    public void LAY_01_A_whiteout_hides_a_file_and_a_directory_and_harms_nothing_where_there_is_none()
    {
        _f.Add(Dir("d"), File("d/f"), Dir("d/sub"), File("d/sub/x"));
        string top = _f.Add(File("d/.wh.f", ""), File("d/.wh.sub", ""), File("d/.wh.none", ""));
        Assert.True(IsWhiteout($"{top}/d/f"));
        Assert.True(IsWhiteout($"{top}/d/sub"));
        Assert.False(Exists($"{top}/d/none"));
        Assert.Equal(2, Directory.GetFileSystemEntries($"{top}/d").Length);
    }

    [Theory]
    [InlineData(".wh.")]
    [InlineData("d/.wh.")]
    [InlineData("d/.wh..")]
    [InlineData("d/.wh...")]
    public void LAY_01_A_whiteout_of_nothing_is_an_error(string name) =>
        Assert.Contains("names nothing", Assert.Throws<TarException>(() => _f.Add(File(name, ""))).Message);

    [Fact]
    public void A_whiteout_in_the_bottom_layer_leaves_nothing_behind()
    {
        string bottom = _f.Add(Dir("d"), File("d/.wh.x", ""));
        Assert.False(Exists($"{bottom}/d/x"));
        Assert.Equal(1_600_000_000, Stat($"{bottom}/d").ModifyTime.Seconds);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void LAY_02_An_opaque_marker_after_its_siblings_hides_only_lower_content(bool after)
    {
        _f.Add(Dir("d"), File("d/old"));
        Item mark = File("d/.wh..wh..opq", "");
        string top = after
            ? _f.Add(Dir("d"), File("d/new"), File("d/.hidden"), mark)
            : _f.Add(Dir("d"), mark, File("d/new"), File("d/.hidden"));
        Assert.True(IsOpaque($"{top}/d"));
        Assert.True(Exists($"{top}/d/new"));
        Assert.True(Exists($"{top}/d/.hidden"));
        Assert.Equal(2, Directory.GetFileSystemEntries($"{top}/d").Length);
    }

    [Fact]
    public void An_opaque_root_hides_every_lower_name()
    {
        _f.Add(Dir("a"), File("a/x"), File("b"));
        string top = _f.Add(File(".wh..wh..opq", ""), Dir("a"), File("a/y"));
        Assert.True(IsWhiteout($"{top}/b"));
        Assert.True(IsOpaque($"{top}/a"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_whiteout_never_hides_what_its_own_layer_brings(bool before)
    {
        _f.Add(File("f"), Dir("d"), File("d/old"));
        Item[] marks = [File(".wh.f", ""), File(".wh.d", "")];
        Item[] content = [File("f", "new"), Dir("d"), File("d/new")];
        string top = _f.Add(before ? [.. marks, .. content] : [.. content, .. marks]);
        Assert.Equal("new", System.IO.File.ReadAllText($"{top}/f"));
        Assert.True(IsOpaque($"{top}/d"));
        Assert.True(Exists($"{top}/d/new"));
    }

    [Fact]
    public void A_file_below_a_whiteout_makes_an_opaque_directory()
    {
        _f.Add(Dir("d"), File("d/old"));
        string top = _f.Add(File(".wh.d", ""), File("d/new"));
        Assert.True(IsOpaque($"{top}/d"));
    }

    [Fact]
    public void LAY_05_Layers_unpacked_out_of_order_and_finished_in_order_equal_sequential_ones()
    {
        byte[][] tars = [Tar(Dir("d", 0x1C0), File("d/a"), File("d/b")), Tar(File("d/.wh.a", "")), Tar(File("d/c"), Link("d/e", "d/b"))];
        (PendingWork Work, string Path)[] trees = new (PendingWork, string)[3];
        for (int i = 2; i >= 0; i--)
        {
            trees[i].Work = _f.Unpack(tars[i], out trees[i].Path);
        }
        foreach ((PendingWork work, string path) in trees)
        {
            _f.Finish(path, work);
        }
        Assert.True(IsWhiteout($"{trees[1].Path}/d/a"));
        Assert.Equal(0x1C0u, Mode($"{trees[2].Path}/d"));
        Assert.Equal(Stat($"{trees[2].Path}/d/e").Inode, Stat($"{trees[2].Path}/d/b").Inode);
    }

    [Fact]
    public void LAY_06_A_hardlink_in_one_layer_shares_the_inode_and_its_parents_are_made()
    {
        string layer = _f.Add(File("a"), Link("x/y/b", "a"));
        Assert.Equal(Stat($"{layer}/a").Inode, Stat($"{layer}/x/y/b").Inode);
        Assert.Equal(2u, Stat($"{layer}/a").Links);
        Assert.Equal(0x1EDu, Mode($"{layer}/x/y"));
    }

    [Fact]
    public void LAY_06_A_hardlink_into_a_lower_layer_copies_the_target_up()
    {
        _f.Add(Dir("d", 0x1E8), File("d/f", "lower", 0x180));
        string top = _f.Add(Link("g", "d/f"), Link("h", "g"));
        Assert.Equal("lower", System.IO.File.ReadAllText($"{top}/g"));
        Assert.Equal(3u, Stat($"{top}/g").Links);
        Assert.Equal(Stat($"{top}/d/f").Inode, Stat($"{top}/h").Inode);
        Assert.Equal(0x180u, Mode($"{top}/g"));
        Assert.Equal(0x1E8u, Mode($"{top}/d"));
        Assert.Equal(1_600_000_000, Stat($"{top}/d/f").ModifyTime.Seconds);
    }

    [Fact]
    public void LAY_06_A_hardlink_keeps_a_lower_file_whose_name_its_own_layer_takes_away()
    {
        _f.Add(Dir("d"), File("d/a", "a"), File("d/b", "b"), File("d/c", "c"));
        string top = _f.Add(Link("a", "d/a"), File("d/.wh.a", ""), Link("b", "d/b"), File("d/b", "new"), Link("c", "d/c"), Link("c2", "c"));
        Assert.Equal("a", System.IO.File.ReadAllText($"{top}/a"));
        Assert.True(IsWhiteout($"{top}/d/a"));
        Assert.Equal("b", System.IO.File.ReadAllText($"{top}/b"));
        Assert.Equal("new", System.IO.File.ReadAllText($"{top}/d/b"));
        Assert.Equal(Stat($"{top}/d/c").Inode, Stat($"{top}/c2").Inode);
    }

    [Fact]
    public void LAY_02_An_opaque_directory_without_an_entry_looks_like_the_one_below()
    {
        _f.Add(Dir("d", 0x1C0), File("d/old"));
        string top = _f.Add(File("d/new"), File("d/.wh..wh..opq", ""));
        Assert.Equal(0x1C0u, Mode($"{top}/d"));
        Assert.True(IsOpaque($"{top}/d"));
    }

    [Fact]
    public void LAY_13_A_directory_that_comes_back_after_its_whiteout_looks_like_a_new_one()
    {
        _f.Add(Dir("d", 0x1C0), File("d/old"));
        string top = _f.Add(File(".wh.d", ""), File("d/new"));
        Assert.Equal(0x1EDu, Mode($"{top}/d"));
        Assert.True(IsOpaque($"{top}/d"));
    }

    [Fact]
    public void LAY_23_A_directory_after_a_file_of_the_same_name_hides_the_lower_directory()
    {
        _f.Add(Dir("d"), File("d/old"));
        Assert.True(IsOpaque($"{_f.Add(File("d"), Dir("d"))}/d"));
        Assert.True(IsOpaque($"{_f.Add(File("d"), File("d/x"))}/d"));
    }

    [Fact]
    public void A_hardlink_to_nothing_names_both_ends()
    {
        string message = Assert.Throws<SkiffException>(() => _f.Add(Link("a", "b/c"))).Message;
        Assert.Contains("layer/a", message);
        Assert.Contains("layer/b/c", message);
    }

    [Fact]
    public void LAY_08_A_hardlink_with_an_absolute_target_stays_inside()
    {
        string layer = _f.Add(Dir("usr/bin"), File("usr/bin/x"), Link("y", "/usr/bin/x"));
        Assert.Equal(Stat($"{layer}/y").Inode, Stat($"{layer}/usr/bin/x").Inode);
    }

    [Fact]
    public void LAY_10_Nothing_is_written_outside()
    {
        string outside = $"{_f.Root}/outside";
        Directory.CreateDirectory(outside);
        string layer = _f.Add(
            Symlink("a", outside),
            File("a/evil"),
            File("../x"),
            File("/abs/y"),
            File("p/../../z"),
            Symlink("up", "../../../.."),
            File("up/w"),
            Dir("d"),
            Symlink("d/l", "/etc"),
            Link("hard", "d/l/passwd-of-the-layer/../../../x")
        );
        Assert.Empty(Directory.GetFileSystemEntries(outside));
        Assert.True(Exists($"{layer}{outside}/evil"));
        Assert.True(Exists($"{layer}/x"));
        Assert.True(Exists($"{layer}/abs/y"));
        Assert.True(Exists($"{layer}/z"));
        Assert.True(Exists($"{layer}/w"));
        Assert.Equal(
            [Path.GetFileName(layer), "outside"],
            Directory.GetFileSystemEntries(_f.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void LAY_12_Symlinks_are_kept_as_they_are()
    {
        string layer = _f.Add(Symlink("a", "/nowhere"), Symlink("b", "../../../../etc/shadow"), Symlink("c", "c"));
        Assert.Equal("/nowhere", new FileInfo($"{layer}/a").LinkTarget);
        Assert.Equal("../../../../etc/shadow", new FileInfo($"{layer}/b").LinkTarget);
        Assert.Throws<LinuxException>(() => _f.Add(Symlink("c", "c"), File("c/x")));
    }

    [Fact]
    public void LAY_13_Missing_parents_are_0755_and_a_later_entry_gives_the_true_mode()
    {
        string layer = _f.Add(File("a/b/c"), Dir("a", 0x1C0));
        Assert.Equal(0x1C0u, Mode($"{layer}/a"));
        Assert.Equal(0x1EDu, Mode($"{layer}/a/b"));
        Assert.Equal(0u, Stat($"{layer}/a/b").Uid);
    }

    [Fact]
    public void LAY_13_Missing_parents_look_like_the_directory_below()
    {
        _f.Add(Dir("tmp", 0x3FF), Dir("root", 0x1C0));
        string top = _f.Add(File("tmp/x"), File("root/y"));
        Assert.Equal(0x3FFu, Mode($"{top}/tmp"));
        Assert.Equal(0x1C0u, Mode($"{top}/root"));
        Assert.Equal(1_600_000_000, Stat($"{top}/tmp").ModifyTime.Seconds);
    }

    [Fact]
    public void LAY_14_A_read_only_directory_gets_its_mode_and_time_last()
    {
        string layer = _f.Add(Dir("d", 0x16D), Dir("d/e", 0x140), File("d/e/f"), File("d/g"));
        Assert.Equal(0x16Du, Mode($"{layer}/d"));
        Assert.Equal(0x140u, Mode($"{layer}/d/e"));
        Assert.Equal(1_600_000_000, Stat($"{layer}/d").ModifyTime.Seconds);
        Assert.Equal(1_600_000_000, Stat($"{layer}/d/e").ModifyTime.Seconds);
    }

    [Fact]
    public void LAY_21_Times_before_1970_and_with_nanoseconds_are_kept_and_far_ones_do_no_harm()
    {
        Item At(string name, long seconds, long ns) =>
            new(
                Of(TarEntryType.File, name) with
                {
                    ModificationTime = new TimeSpec { Seconds = seconds, Nanoseconds = ns },
                }
            );
        string layer = _f.Add(
            At("ns", 1_600_000_000, 123_456_789),
            At("old", -2, 500_000_000),
            At("far", 300_000_000_000, 0),
            At("never", long.MaxValue, 0)
        );
        Assert.Equal(123_456_789u, Stat($"{layer}/ns").ModifyTime.Nanoseconds);
        Assert.Equal(-2, Stat($"{layer}/old").ModifyTime.Seconds);
        Assert.Equal(500_000_000u, Stat($"{layer}/old").ModifyTime.Nanoseconds);
        Assert.True(Stat($"{layer}/far").ModifyTime.Seconds > 4_000_000_000);
        Assert.True(Exists($"{layer}/never"));
    }

    [Fact]
    public void LAY_23_The_last_of_several_entries_for_a_path_wins()
    {
        string layer = _f.Add(
            File("ff", "1"),
            File("ff", "2"),
            File("fd"),
            Dir("fd"),
            File("fd/x"),
            Dir("df"),
            File("df/x"),
            File("df", "file"),
            Dir("ds"),
            File("ds/x"),
            Symlink("ds", "ff"),
            Symlink("sd", "ff"),
            Dir("sd"),
            File("h1", "h"),
            File("h2", "i"),
            Link("h2", "h1"),
            Dir("dd", 0x1C0),
            File("dd/x"),
            Dir("dd", 0x1ED)
        );
        Assert.Equal("2", System.IO.File.ReadAllText($"{layer}/ff"));
        Assert.True(Exists($"{layer}/fd/x"));
        Assert.Equal("file", System.IO.File.ReadAllText($"{layer}/df"));
        Assert.Equal("ff", new FileInfo($"{layer}/ds").LinkTarget);
        Assert.True(Directory.Exists($"{layer}/sd"));
        Assert.Equal("h", System.IO.File.ReadAllText($"{layer}/h2"));
        Assert.Equal(0x1EDu, Mode($"{layer}/dd"));
        Assert.True(Exists($"{layer}/dd/x"));
    }

    [Fact]
    public void LAY_25_Empty_layers_are_fine()
    {
        Assert.Empty(Directory.GetFileSystemEntries(_f.Add(new byte[1024])));
        Assert.Empty(Directory.GetFileSystemEntries(_f.Add((byte[])[])));
        Assert.Empty(Directory.GetFileSystemEntries(_f.Add(new byte[10240])));
    }

    [Fact]
    public void AUFS_metadata_is_left_out_and_hardlinks_into_it_work()
    {
        string layer = _f.Add(
            Dir(".wh..wh.plnk"),
            File(".wh..wh.plnk/12.34", "p"),
            Link("a", ".wh..wh.plnk/12.34"),
            File(".wh..wh.aufs", ""),
            File("d/.wh..wh.x", ""),
            File(".wh..wh.plnkx")
        );
        Assert.Equal("p", System.IO.File.ReadAllText($"{layer}/a"));
        Assert.Equal(["a"], Directory.GetFileSystemEntries(layer).Select(Path.GetFileName));
    }

    [Fact]
    public void A_parent_that_is_a_link_in_a_lower_layer_leads_where_the_link_leads()
    {
        _f.Add(Dir("usr/bin"), File("usr/bin/sh"), Symlink("bin", "usr/bin"), Symlink("lib", "/usr/lib"));
        string top = _f.Add(File("bin/tool"), File("lib/x/y"), File("lib/x/.wh.z", ""), Link("bin/sh2", "bin/sh"));
        Assert.False(Exists($"{top}/bin"));
        Assert.True(Exists($"{top}/usr/bin/tool"));
        Assert.True(Exists($"{top}/usr/lib/x/y"));
        Assert.False(Exists($"{top}/usr/lib/x/z"));
        Assert.Equal(Stat($"{top}/usr/bin/sh2").Inode, Stat($"{top}/usr/bin/sh").Inode);
    }

    [Fact]
    public void LAY_30_A_path_two_hundred_directories_deep_is_made_and_removed()
    {
        string deep = string.Join('/', Enumerable.Repeat("d", 200));
        string layer = _f.Add(File($"{deep}/f"), File($"{deep}/g"));
        Assert.True(Exists($"{layer}/{deep}/g"));
    }

    [Fact]
    public void A_name_longer_than_the_kernel_takes_is_an_error() =>
        Assert.Contains(
            "longer than 4095",
            Assert.Throws<TarException>(() => _f.Add(File(string.Join('/', Enumerable.Repeat("name", 1000))))).Message
        );

    [Fact]
    public void Unknown_types_are_left_out_and_noted()
    {
        byte[] tar = Tar(File("odd", "data"), File("next"));
        tar[156] = (byte)'s';
        tar[148 + 5]++; // not the right place of the checksum yet
        RawTar.FixChecksum(tar, 0);
        string layer = _f.Add(tar);
        Assert.False(Exists($"{layer}/odd"));
        Assert.True(Exists($"{layer}/next"));
        Assert.Contains("type 's'", Assert.Single(_f.Notes));
    }

    [Fact]
    public void Attributes_of_overlayfs_in_a_layer_are_never_set()
    {
        TarXattr evil = new("trusted.overlay.redirect"u8.ToArray(), "/etc"u8.ToArray());
        string layer = _f.Add(new Item(Of(TarEntryType.Directory, "d") with { Xattrs = [evil] }));
        Assert.Null(Skiff.Linux.FileTree.Xattrs.Get(Files.AtCwd, CString.Encode($"{layer}/d"), "trusted.overlay.redirect\0"u8));
        Assert.Contains("belongs to overlayfs", Assert.Single(_f.Notes));
    }

    [Fact]
    public void Odd_bytes_in_names_come_out_as_they_went_in()
    {
        byte[] name = [0xFF, 0xFE, (byte)'\n', 0x01, (byte)'\\', (byte)'*'];
        string layer = _f.Add(new Item(new TarRecord(TarEntryType.File, name)));
        byte[] path = [.. CString.Encode(layer)[..^1], (byte)'/', .. name, 0];
        Assert.Equal(0, Skiff.Linux.FileTree.At.Stat(Files.AtCwd, path, out _));
    }
}
