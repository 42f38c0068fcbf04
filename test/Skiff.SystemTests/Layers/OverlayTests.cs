using System.Text;
using Skiff.Images;
using Skiff.Images.Archives;
using Skiff.Images.Layers;
using Skiff.Images.Store;
using Skiff.Linux.FileTree;
using Xunit;

namespace Skiff.SystemTests.Layers;

/// <summary>What a container sees: layers of an image, merged by the kernel.</summary>
public sealed class OverlayTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("skiff-overlay-").FullName;

    public void Dispose() => Tree.Remove(_directory);

    private static byte[] Layer(params string[] entries)
    {
        MemoryStream stream = new();
        TarWriter writer = new(stream);
        foreach (string entry in entries)
        {
            string[] parts = entry.Split(" -> ");
            byte[] name = Encoding.UTF8.GetBytes(parts[0]);
            if (parts.Length == 2)
            {
                writer.Write(
                    new TarRecord(parts[1][0] == '=' ? TarEntryType.HardLink : TarEntryType.Symlink, name)
                    {
                        LinkName = Encoding.UTF8.GetBytes(parts[1].TrimStart('=')),
                    }
                );
            }
            else if (parts[0].EndsWith('/'))
            {
                writer.Write(new TarRecord(TarEntryType.Directory, name) { Mode = 0x1ED });
            }
            else
            {
                writer.WriteFile(
                    parts[0],
                    Encoding.UTF8.GetBytes(parts[0].Contains(".wh.", StringComparison.Ordinal) ? "" : $"{entries.Length}")
                );
            }
        }
        writer.Finish();
        return stream.ToArray();
    }

    /// <summary>Loads the layers as an image, mounts them in a mount namespace of their own, and lists what is there.</summary>
    private string Merged(string script, params byte[][] layers)
    {
        MemoryStream tar = new();
        TarWriter writer = new(tar);
        for (int i = 0; i < layers.Length; i++)
        {
            writer.WriteFile($"{i}.tar", layers[i]);
        }
        string ids = string.Join(',', layers.Select(l => $"\"{Digest.Of(l)}\""));
        writer.WriteFile(
            "c.json",
            Encoding.UTF8.GetBytes(
                $"{{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[{ids}]}}}}"
            )
        );
        writer.WriteFile(
            "manifest.json",
            Encoding.UTF8.GetBytes(
                $"[{{\"Config\":\"c.json\",\"RepoTags\":[\"t:1\"],\"Layers\":[{string.Join(',', Enumerable.Range(0, layers.Length).Select(i => $"\"{i}.tar\""))}]}}]"
            )
        );
        writer.Finish();
        ImageStore store = ImageStore.Open($"{_directory}/root");
        Image image = ImageLoader.Load(store, new MemoryStream(tar.ToArray()), null, default)[0];
        string lower = string.Join(':', image.ShortDirectories.Reverse());
        Directory.CreateDirectory($"{_directory}/m");
        // upper and work on a tmpfs: the test's own directory may itself be on an overlay
        return Shell
            .Run(
                store.Root,
                $"unshare -m sh -ec 'mkdir -p ../t; mount -t tmpfs t ../t; mkdir ../t/u ../t/w; mount -t overlay -o lowerdir={lower},upperdir=../t/u,workdir=../t/w o ../m; cd ../m; {script}'"
            )
            .Trim();
    }

    private const string Find = "find . ! -path . | LC_ALL=C sort | tr \"\\n\" \" \"";

    [Fact]
    public void LAY_01_Whiteouts_hide_and_are_not_seen() =>
        Assert.Equal(
            "./d ./d/keep ./e",
            Merged(
                Find,
                Layer("d/", "d/keep", "d/gone", "x", "y/", "y/z", "e/.wh.bottom"),
                Layer("d/.wh.gone", ".wh.x", ".wh.y", ".wh.none", "e/.wh.none")
            )
        );

    [Fact]
    public void LAY_02_An_opaque_directory_shows_its_own_layer_only() =>
        Assert.Equal("./d ./d/.dot ./d/new", Merged(Find, Layer("d/", "d/old"), Layer("d/", "d/new", "d/.dot", "d/.wh..wh..opq")));

    [Fact]
    public void LAY_06_Hardlinks_have_one_inode_in_the_container_across_layers() =>
        Assert.Equal(
            "3",
            Merged(
                "[ $(stat -c %i d/f) = $(stat -c %i new/g) ] && stat -c %h h",
                Layer("d/", "d/f"),
                Layer("new/g -> =/d/f", "h -> =new/g")
            )
        );

    [Fact]
    public void A_layer_with_bin_on_a_base_with_a_link_keeps_the_link() =>
        Assert.Equal(
            "usr/bin sh tool",
            Merged("readlink bin; ls bin", Layer("usr/bin/", "usr/bin/sh", "bin -> usr/bin"), Layer("bin/tool")).ReplaceLineEndings(" ")
        );

    [Fact]
    public void LAY_29_A_hundred_and_thirty_layers_fit_one_page_of_options_by_short_names()
    {
        byte[][] layers = [.. Enumerable.Range(0, 130).Select(i => Layer($"f{i}"))];
        Assert.Equal("130", Merged("ls | wc -l", layers));
    }
}
