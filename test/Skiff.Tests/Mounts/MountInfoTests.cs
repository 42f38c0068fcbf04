using System.Text;
using CsCheck;
using Skiff.Linux.Mounts;
using Xunit;

namespace Skiff.Tests.Mounts;

public sealed class MountInfoTests
{
    [Fact]
    public void A_line_with_optional_fields_is_taken_apart()
    {
        int lines = 0;
        foreach (
            MountInfoLine line in MountInfo.Lines(
                "36 35 98:0 /a\\040b /mnt\\134x\\012y rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue\n"u8
            )
        )
        {
            lines++;
            Assert.Equal((36, 35), (line.Id, line.ParentId));
            Assert.Equal("/a b"u8.ToArray(), line.Root());
            Assert.Equal("/mnt\\x\ny"u8.ToArray(), line.MountPoint());
            Assert.True(line.Options.SequenceEqual("rw,noatime"u8));
            Assert.True(line.OptionalFields.SequenceEqual("shared:1 master:2"u8));
            Assert.True(line.FileSystem.SequenceEqual("ext3"u8));
            Assert.Equal("/dev/root"u8.ToArray(), line.Source());
            Assert.True(line.SuperOptions.SequenceEqual("rw,errors=continue"u8));
        }
        Assert.Equal(1, lines);
    }

    [Fact]
    public void A_line_without_optional_fields_and_a_mount_point_that_is_not_UTF8_are_fine()
    {
        byte[] text = [.. "1 2 0:3 / /\\"u8, .. "x rw - tmpfs none rw"u8];
        text[11] = 0xFF;
        foreach (MountInfoLine line in MountInfo.Lines(text))
        {
            Assert.True(line.OptionalFields.IsEmpty);
            Assert.Equal([(byte)'/', 0xFF, (byte)'x'], line.MountPoint());
        }
    }

    [Fact]
    public void Broken_lines_are_left_out()
    {
        int lines = 0;
        foreach (MountInfoLine line in MountInfo.Lines("\nx\n1 2\n1 2 0:3 / /m rw tmpfs none rw\n7 2 0:3 / /m rw - tmpfs none rw"u8))
        {
            lines += line.Id;
        }
        Assert.Equal(7, lines);
    }

    [Fact]
    public void Any_bytes_are_read_without_an_exception() =>
        Gen
            .Byte.Array[0, 200]
            .Sample(bytes =>
            {
                foreach (MountInfoLine line in MountInfo.Lines(bytes))
                {
                    _ = line.MountPoint();
                }
            });

    [Fact]
    public void Escapes_are_undone_for_every_byte() =>
        Gen
            .Byte.Array[0, 20]
            .Sample(bytes =>
            {
                StringBuilder escaped = new();
                foreach (byte b in bytes)
                {
                    escaped.Append('\\').Append(Convert.ToString(b, 8).PadLeft(3, '0'));
                }
                Assert.Equal(bytes, MountInfo.Unescape(Encoding.ASCII.GetBytes(escaped.ToString())));
            });
}
