using System.Runtime.InteropServices;
using System.Text;
using Skiff.Engine.Launch;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Images;
using Skiff.Linux;
using Skiff.Linux.Spawning;
using Xunit;

namespace Skiff.Tests.Rootless;

/// <summary>What an ordinary user's engine decides without asking the kernel.</summary>
public sealed class RootlessTests
{
    private static readonly HostFacts s_user = new()
    {
        Rootless = true,
        Uid = 1000,
        Gid = 100,
        OwnUids = [new IdMapping(0, 1000, 1), new IdMapping(1, 100_000, 65536)],
        OwnGids = [new IdMapping(0, 100, 1), new IdMapping(1, 100_000, 65536)],
        SubordinateUids = new IdMapping(0, 1, 65536),
        SubordinateGids = new IdMapping(0, 1, 65536),
    };

    private static SpecResult Build(HostFacts host, params string[] flags) =>
        SpecBuilder.Build(
            Spec.Options.Parse([.. flags, "image"]),
            new SpecContext
            {
                Id = new string('a', 64),
                OverlayDirectory = static number => $"/overlay{number}",
                RootPath = "rootfs",
                Image = new ImageConfig { Cmd = ["sh"], User = "7" },
                ResolvConf = "/run/c/resolv.conf",
                Host = host,
            }
        );

    [Theory]
    [InlineData("ann:100000:65536\n", "0:1000:1 1:100000:65536")]
    [InlineData("# no\nbob:1:2\n1000:5:6\nann:20:3", "0:1000:1 1:5:6 7:20:3")]
    [InlineData("ann:x:1\nann:1\nann:1:0\n:::\nann:4294967295:4294967295\n", "0:1000:1")]
    [InlineData(null, "0:1000:1")]
    public void All_ranges_of_a_user_follow_the_users_own_id(string? text, string map) =>
        Assert.Equal(map, string.Join(' ', Lines(SubordinateIds.Map(1000, text, 1000, "ann"))));

    [Fact]
    public void No_more_ranges_are_mapped_than_the_kernel_takes()
    {
        string text = string.Concat(Enumerable.Range(1, 1000).Select(static i => $"ann:{i * 10}:5\n"));
        Assert.Equal(340, SubordinateIds.Map(1000, text, 1000, "ann").Count);
    }

    [Fact]
    public void Keep_id_is_the_user_in_a_namespace_below_the_users()
    {
        SpecResult result = Build(s_user, "--userns", "keep-id", "--network", "none");
        Assert.Equal("0:1:1000 1000:0:1 1001:1001:64536", string.Join(' ', Lines(result.Spec.Linux.UidMappings)));
        Assert.Equal("0:1:100 100:0:1 101:101:65436", string.Join(' ', Lines(result.Spec.Linux.GidMappings)));
        Assert.Equal((1000u, 100u), (result.Spec.Process!.User.Uid, result.Spec.Process.User.Gid));
        Assert.Equal(0u, Build(s_user, "--userns", "keep-id", "-u", "0", "--network", "none").Spec.Process!.User.Uid);
        Assert.All(result.Spec.Mounts, static mount => Assert.DoesNotContain("idmap", mount.Options.AsSpan().ToArray()));
    }

    [Fact]
    public void A_user_who_has_one_id_is_told_how_to_get_more()
    {
        HostFacts single = s_user with
        {
            OwnUids = [new IdMapping(0, 1000, 1)],
            OwnGids = [new IdMapping(0, 100, 1)],
            SubordinateUids = null,
            SubordinateGids = null,
        };
        Assert.Contains(
            "/etc/subuid",
            Assert.Throws<SkiffException>(() => Build(single, "--network", "none")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "/etc/subuid",
            Assert.Throws<SkiffException>(() => Build(single, "-u", "0", "--userns", "keep-id", "--network", "none")).Message,
            StringComparison.Ordinal
        );
        Assert.Empty(Build(single, "-u", "0", "--group-add", "5", "--network", "none").Warnings);
    }

    [Fact]
    public void Without_root_there_are_no_device_rules_and_overlays_note_in_attributes_of_users()
    {
        RuntimeSpec spec = Build(s_user, "-v", "/a:/b:O", "--network", "host").Spec;
        Assert.True(spec.Linux.Resources.Devices.IsEmpty);
        Assert.Contains("userxattr", spec.Mounts.AsSpan().ToArray().Single(static m => m.Destination == "/b").Options.AsSpan().ToArray());
        Assert.Equal("bind", spec.Mounts.AsSpan().ToArray().Single(static m => m.Destination == "/sys").Type);
        Assert.Throws<SkiffException>(() => Build(s_user, "-v", "/a:/b:idmap", "--userns", "keep-id", "--network", "none"));
    }

    [Fact]
    public void The_deepest_mount_above_a_path_says_its_file_system()
    {
        byte[] mounts = Encoding.UTF8.GetBytes(
            "22 1 8:1 / / rw - ext4 /dev/sda rw\n23 22 0:5 / /home rw - nfs4 host:/home rw\n24 22 0:6 / /home/ann\\040b rw - xfs /dev/sdb rw\n25 23 0:7 / /home rw - btrfs /dev/sdc rw\n"
        );
        Assert.Equal("ext4", StoreFileSystem.TypeOf(mounts, "/homes/x"));
        Assert.Equal("btrfs", StoreFileSystem.TypeOf(mounts, "/home/x"));
        Assert.Equal("xfs", StoreFileSystem.TypeOf(mounts, "/home/ann b/x"));
        Assert.Null(StoreFileSystem.Why("/proc/nothing"));
    }

    [Theory]
    [InlineData(Architecture.X64)]
    [InlineData(Architecture.Arm64)]
    public void A_list_of_calls_is_a_program_whose_addresses_lie_in_it(Architecture architecture)
    {
        const long Base = 0x10000000;
        CallList calls = new();
        long memory = calls.Memory("abc"u8);
        calls.Add("no\n", 7, memory, -1);
        calls.Add("", 8);
        byte[] image = calls.Build("/bin/true", "not\n", architecture);
        Assert.Equal("abc"u8, image.AsSpan((int)(memory - Base), 3));
        ReadOnlySpan<long> words = MemoryMarshal.Cast<byte, long>(image.AsSpan(image.Length - (3 * 9 * 8)));
        Assert.Equal([7, memory, -1], words[..3].ToArray());
        Assert.Equal("no\n", Encoding.UTF8.GetString(image, (int)(words[7] - Base), (int)words[8]));
        Assert.Equal((8, 0), (words[9], words[17]));
        Assert.Equal(-1, words[18]);
        Assert.Equal("/bin/true\0", Encoding.UTF8.GetString(image, (int)(words[19] - Base), 10));
        Assert.Equal("not\n", Encoding.UTF8.GetString(image, (int)(words[25] - Base), (int)words[26]));
        Assert.True(image.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x44, 0x33, 0x22, 0x11]) < 0);
    }

    private static IEnumerable<string> Lines(ValueList<IdMapping> map) =>
        map.AsSpan().ToArray().Select(static m => $"{m.ContainerId}:{m.HostId}:{m.Size}");
}
