using System.Text;
using Skiff.Images;
using Skiff.Images.Archives;
using Skiff.Images.Layers;
using Skiff.Images.Store;
using Skiff.Linux.FileTree;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests.Layers;

/// <summary>Random images, merged by the kernel from our layers, against what umoci unpacks one over the other.</summary>
public sealed class UmociTests : IDisposable
{
    /// <summary>More with SKIFF_TEST_SEEDS: a run of umoci takes longer than all else.</summary>
    private static int Seeds => int.TryParse(Environment.GetEnvironmentVariable("SKIFF_TEST_SEEDS"), out int seeds) ? seeds : 40;

    // path, type, mode, owner, time, target of a link; then the contents
    private const string Listing =
        "find . ! -path . -printf '%P|%y|%m|%U:%G|%T@|%l\n' | LC_ALL=C sort; find . -type f -exec sha256sum {} + | LC_ALL=C sort -k2";

    private readonly string _directory = Directory.CreateTempSubdirectory("skiff-umoci-").FullName;

    public void Dispose() => Tree.Remove(_directory);

    [Fact]
    public void Random_layers_merge_to_what_umoci_unpacks()
    {
        Tool.Require("umoci");
        List<RandomImage> images = [.. Enumerable.Range(0, Seeds).Select(static seed => new RandomImage(seed))];
        ImageStore store = ImageStore.Open($"{_directory}/root");
        IReadOnlyList<Image> loaded = ImageLoader.Load(store, Archive(images), null, default);
        StringBuilder ours = new("mkdir -p t m; mount -t tmpfs t t; mkdir t/u t/w; export out=$PWD; cd root\n");
        StringBuilder theirs = new("mkdir -p t; mount -t tmpfs t t; export out=$PWD\n");
        for (int i = 0; i < Seeds; i++)
        {
            string lower = string.Join(':', loaded[i].ShortDirectories.Reverse());
            ours.Append($"mount -t overlay -o ro,lowerdir={lower}:../t/u o ../m; (cd ../m; {Listing}) >$out/ours.{i}; umount ../m\n");
            theirs.Append(
                $"umoci --log=error raw unpack --image root:{loaded[i].Names[0]} t/{i}; (cd t/{i}; {Listing}) >$out/theirs.{i}\n"
            );
        }
        Script("ours", ours.ToString());
        Script("theirs", theirs.ToString());
        string differences = string.Concat(Enumerable.Range(0, Seeds).Select(i => Difference(i, images[i])));
        Assert.True(differences.Length == 0, differences);
    }

    private void Script(string name, string text)
    {
        File.WriteAllText($"{_directory}/{name}.sh", $"set -e\n{text}");
        Shell.Run(_directory, $"unshare -m sh {name}.sh");
    }

    private static MemoryStream Archive(List<RandomImage> images)
    {
        MemoryStream tar = new();
        TarWriter writer = new(tar);
        List<string> manifest = [];
        for (int i = 0; i < images.Count; i++)
        {
            List<byte[]> layers = images[i].Layers;
            for (int l = 0; l < layers.Count; l++)
            {
                writer.WriteFile($"{i}.{l}.tar", layers[l]);
            }
            string ids = string.Join(',', layers.Select(static l => $"\"{Digest.Of(l)}\""));
            string config =
                $"{{\"os\":\"linux\",\"architecture\":\"amd64\",\"author\":\"{i}\",\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[{ids}]}}}}";
            writer.WriteFile($"{i}.json", Encoding.UTF8.GetBytes(config));
            string names = string.Join(',', Enumerable.Range(0, layers.Count).Select(l => $"\"{i}.{l}.tar\""));
            manifest.Add($"{{\"Config\":\"{i}.json\",\"RepoTags\":[\"t:{i}\"],\"Layers\":[{names}]}}");
        }
        writer.WriteFile("manifest.json", Encoding.UTF8.GetBytes($"[{string.Join(',', manifest)}]"));
        writer.Finish();
        tar.Position = 0;
        return tar;
    }

    /// <summary>A listing without the times of directories: umoci changes them when something goes or comes inside.</summary>
    private string Read(string name) =>
        string.Join(
            '\n',
            File.ReadLines($"{_directory}/{name}")
                .Select(l => l.Split('|') is [var path, "d", var mode, var owner, ..] ? $"{path} {mode} {owner}" : l)
        );

    private string Difference(int seed, RandomImage image)
    {
        if (Read($"theirs.{seed}") == Read($"ours.{seed}"))
        {
            return "";
        }
        File.WriteAllText($"{_directory}/x", Read($"theirs.{seed}") + "\n");
        File.WriteAllText($"{_directory}/y", Read($"ours.{seed}") + "\n");
        string entries = "";
        for (int l = 0; l < image.Layers.Count; l++)
        {
            File.WriteAllBytes($"{_directory}/l.tar", image.Layers[l]);
            entries += $"layer {l}\n" + Shell.Run(_directory, "tar -tvf l.tar");
        }
        return $"seed {seed}, umoci (-) and we (+):\n{Shell.Run(_directory, "diff -U0 x y || true")}\n{entries}";
    }
}
