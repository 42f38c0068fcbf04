using System.IO.Compression;
using System.Text;
using Skiff.Images;
using Skiff.Images.Archives;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using Skiff.Tests.Layers;
using Xunit;

namespace Skiff.Tests.Store;

public sealed class StoreTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("skiff-store-").FullName;
    private readonly ImageStore _store;

    public StoreTests() => _store = ImageStore.Open($"{_directory}/root");

    public void Dispose() => Tree.Remove(_directory);

    private static byte[] Gzip(byte[] bytes)
    {
        MemoryStream stream = new();
        using (GZipStream gzip = new(stream, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }
        return stream.ToArray();
    }

    private static ImportOptions Named(string name, params string[] changes) =>
        new()
        {
            Name = Reference.Parse(name),
            Changes = changes,
            Created = DateTimeOffset.UnixEpoch,
        };

    private Image Import(string name, string content, params string[] changes) =>
        ImageImporter.Import(_store, new MemoryStream(Gzip(LayerFixture.Tar(Item.File("f", content)))), Named(name, changes), default);

    private static string? Nobody(Digest id) => null;

    [Fact]
    public void An_imported_image_is_found_by_name_id_and_digest()
    {
        Image image = Import("busybox", "one", "CMD [\"/bin/sh\"]", "ENV A=1 B=\"two words\"", "EXPOSE 80", "LABEL k=v", "WORKDIR /w");
        Assert.Equal(image.Id, _store.Get("busybox").Id);
        Assert.Equal(image.Id, _store.Get("docker.io/library/busybox:latest").Id);
        Assert.Equal(image.Id, _store.Get(image.Id.ToString()).Id);
        Assert.Equal(image.Id, _store.Get(image.Id.Short).Id);
        Assert.Equal(image.Id, _store.Get(image.ManifestDigest.ToString()).Id);
        Assert.Equal(image.Id, _store.Get($"busybox@{image.ManifestDigest}").Id);
        Assert.Null(_store.Find($"other@{image.ManifestDigest}"));
        Assert.Equal(["/bin/sh"], image.Config.Cmd);
        Assert.Equal(["A=1", "B=two words"], image.Config.Env);
        Assert.Equal(["80/tcp"], image.Config.ExposedPorts);
        Assert.Equal("/w", image.Config.WorkingDir);
        Assert.Equal("one", File.ReadAllText($"{Assert.Single(image.LayerDirectories)}/f"));
        Assert.Equal("one", File.ReadAllText($"{_store.Root}/{Assert.Single(image.ShortDirectories)}/f"));
        Assert.Equal(3, image.Size);
    }

    [Fact]
    public void SEC_19_The_root_of_the_store_is_closed_to_others()
    {
        _ = Import("a", "x");
        Assert.Equal(0x1C0u, LayerFixture.Mode(_store.Root));
    }

    [Fact]
    public void LIFE_07_The_next_pull_removes_what_a_killed_one_left_beside_the_bytes_that_it_can_use()
    {
        _ = Import("a", "x");
        File.WriteAllText($"{_store.Root}/ingest/lease-0123456789abcdef", "aa\n");
        File.WriteAllText($"{_store.Root}/index.json.01234567.tmp", "{");
        File.WriteAllText($"{_store.Root}/ingest/{new string('a', 64)}", "bytes");
        using (_store.BeginIngest())
        {
            _ = Import("b", "y");
            Assert.Single(Directory.EnumerateFiles($"{_store.Root}/ingest", "lease-*")); // that of the one that lives
        }
        Assert.Empty(Directory.EnumerateFiles($"{_store.Root}/ingest", "lease-*"));
        Assert.Empty(Directory.EnumerateFiles(_store.Root, "*.tmp"));
        Assert.True(File.Exists($"{_store.Root}/ingest/{new string('a', 64)}"));
    }

    [Fact]
    public void A_mistyped_name_is_answered_with_the_nearest()
    {
        _ = Import("busybox", "x");
        Assert.Contains("did you mean busybox:latest?", Assert.Throws<SkiffException>(() => _store.Get("bisybox")).Message);
        Assert.Contains("No such image: nothing", Assert.Throws<SkiffException>(() => _store.Get("nothing")).Message);
    }

    [Fact]
    public void LIFE_16_An_image_in_use_is_refused_and_one_with_two_tags_is_untagged_only()
    {
        Image image = Import("a:1", "x");
        _store.Tag("a:1", Reference.Parse("a:2"));
        Assert.Equal(["a:1"], _store.Remove("a:1", force: false, _ => "container web").Untagged);
        Assert.NotNull(_store.Find("a:2"));
        Assert.Contains(
            "used by container web",
            Assert.Throws<SkiffException>(() => _store.Remove("a:2", force: false, _ => "container web")).Message
        );
        RemovedImages removed = _store.Remove(image.Id.Short, force: false, Nobody);
        Assert.Equal([image.Id], removed.Deleted);
        Assert.True(removed.Bytes > 0);
        Assert.Empty(_store.List());
        Assert.Empty(Directory.GetFileSystemEntries($"{_store.Root}/blobs/sha256"));
        Assert.Empty(Directory.GetFileSystemEntries($"{_store.Root}/layers"));
        Assert.Empty(Directory.GetFileSystemEntries($"{_store.Root}/l"));
    }

    [Fact]
    public void LIFE_16_An_ambiguous_short_id_is_an_error()
    {
        Dictionary<char, string> first = [];
        for (int i = 0; ; i++)
        {
            char digit = Import($"n{i}", $"{i}").Id.Hex[0];
            if (!first.TryAdd(digit, $"n{i}"))
            {
                Assert.Contains("ambiguous", Assert.Throws<SkiffException>(() => _store.Find(digit.ToString())).Message);
                return;
            }
        }
    }

    [Fact]
    public void A_name_that_moves_leaves_a_dangling_image_which_prune_takes()
    {
        Image old = Import("a", "old");
        Image young = Import("a", "young");
        Assert.Equal(young.Id, _store.Get("a").Id);
        Assert.Empty(_store.Get(old.Id.ToString()).Names);
        Assert.Empty(_store.PlanPrune(new PruneFilter(), id => id == old.Id ? "container x" : null));
        IReadOnlyList<Image> plan = _store.PlanPrune(new PruneFilter(), Nobody);
        Assert.Equal(old.Id, Assert.Single(plan).Id);
        Assert.Equal([old.Id], _store.Prune(plan, Nobody).Deleted);
        Assert.Equal(young.Id, Assert.Single(_store.List()).Id);
        Assert.Single(_store.PlanPrune(new PruneFilter { All = true }, Nobody));
        Assert.Empty(_store.PlanPrune(new PruneFilter { All = true, Keep = 1 }, Nobody));
    }

    [Fact]
    public void A_sweep_harms_no_pull_that_is_under_way()
    {
        using IngestSession session = _store.BeginIngest();
        byte[] config = "{}"u8.ToArray();
        session.WriteBlob(Digest.Of(config), config);
        _store.Collect();
        Assert.True(_store.HasBlob(Digest.Of(config)));
        session.Dispose();
        _store.Collect();
        Assert.False(_store.HasBlob(Digest.Of(config)));
    }

    [Fact]
    public void What_a_killed_load_or_import_has_spooled_is_given_back_by_the_next_sweep()
    {
        Import("kept", "x");
        string ingest = $"{_store.Root}/ingest";
        Directory.CreateDirectory($"{ingest}/load-00000001");
        File.WriteAllBytes($"{ingest}/load-00000001/1", new byte[5000]);
        File.WriteAllBytes($"{ingest}/load-00000002", new byte[700]);
        File.WriteAllBytes($"{ingest}/{new string('a', 64)}", new byte[30]); // a pull goes on from it
        using (IngestSession living = _store.BeginIngest())
        {
            living.Hold("load-00000003");
            File.WriteAllBytes($"{ingest}/load-00000003", new byte[9]);
            Assert.Equal(5700, _store.Collect());
            Assert.True(File.Exists($"{ingest}/load-00000003"));
        }
        Assert.Equal(9, _store.Collect());
        Assert.Empty(Directory.GetFileSystemEntries(ingest, "load-*"));
        Assert.True(File.Exists($"{ingest}/{new string('a', 64)}"));
    }

    [Fact]
    public void LAY_25_The_same_layer_twice_in_one_image_is_fine()
    {
        byte[] layer = Gzip(new byte[1024]);
        byte[] tar = Archive(
            ("l1/layer.tar", layer),
            ("l2/layer.tar", layer),
            ("c.json", Config(Digest.Of(new byte[1024]), Digest.Of(new byte[1024]))),
            ("manifest.json", """[{"Config":"c.json","RepoTags":["twice:1"],"Layers":["l1/layer.tar","l2/layer.tar"]}]"""u8.ToArray())
        );
        Image image = Assert.Single(ImageLoader.Load(_store, new MemoryStream(tar), null, default));
        Assert.Equal(2, image.LayerDirectories.Distinct().Count());
        Assert.All(image.LayerDirectories, d => Assert.Empty(Directory.GetFileSystemEntries(d)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_saved_is_loaded_with_the_same_id_and_names(bool ociOnly)
    {
        Image image = Import("host:5000/x/y:1", "content", "USER 5");
        MemoryStream tar = new();
        ImageSaver.Save(_store, ["host:5000/x/y:1"], tar, ociOnly, default);
        ImageStore other = ImageStore.Open($"{_directory}/other");
        Image loaded = Assert.Single(ImageLoader.Load(other, new MemoryStream(Gzip(tar.ToArray())), null, default));
        Assert.Equal(image.Id, loaded.Id);
        Assert.Equal(image.ManifestDigest, loaded.ManifestDigest);
        Assert.Equal(["host:5000/x/y:1"], loaded.Names.Select(n => n.Familiar));
        Assert.Equal("content", File.ReadAllText($"{loaded.LayerDirectories[0]}/f"));
        Assert.DoesNotContain(Directory.GetFileSystemEntries($"{other.Root}/ingest"), p => !p.EndsWith(".lock", StringComparison.Ordinal));
    }

    [Fact]
    public void A_layer_that_is_not_what_its_config_says_is_refused_and_leaves_no_image()
    {
        byte[] tar = Archive(
            ("layer.tar", LayerFixture.Tar(Item.File("f"))),
            ("c.json", Config(Digest.Of("other"u8))),
            ("manifest.json", """[{"Config":"c.json","RepoTags":["bad:1"],"Layers":["layer.tar"]}]"""u8.ToArray())
        );
        Assert.Contains(
            "damaged or forged",
            Assert.Throws<SkiffException>(() => ImageLoader.Load(_store, new MemoryStream(tar), null, default)).Message
        );
        Assert.Empty(_store.List());
    }

    [Fact]
    public void A_root_file_system_given_to_load_is_told_about_import() =>
        Assert.Contains(
            "skiff import",
            Assert
                .Throws<SkiffException>(() =>
                    ImageLoader.Load(_store, new MemoryStream(LayerFixture.Tar(Item.File("etc/passwd"))), null, default)
                )
                .Message
        );

    [Fact]
    public void After_a_power_cut_an_image_is_unpacked_again_from_its_verified_blobs()
    {
        Image image = Import("a", "whole");
        Crash(image);
        File.WriteAllText($"{image.LayerDirectories[0]}/f", "");
        Assert.Equal("whole", File.ReadAllText($"{_store.Get("a").LayerDirectories[0]}/f"));
        Crash(image);
        File.WriteAllBytes(_store.BlobPath(image.Manifest.Layers[0].Digest), new byte[100]);
        Assert.Contains("pull it again", Assert.Throws<SkiffException>(() => _store.Get("a")).Message);
    }

    [Fact]
    public void A_settled_image_survives_a_power_cut_as_it_is()
    {
        Image image = Import("a", "x");
        _store.Settle(now: true);
        Assert.StartsWith("skiff-chains 1\nsynced\n", File.ReadAllText($"{_store.Root}/chains/{image.Id.Hex}"));
        Assert.False(File.Exists($"{Path.GetDirectoryName(image.LayerDirectories[0])}/boot"));
        Assert.NotNull(_store.Find("a"));
    }

    [Fact]
    public void A_download_that_was_cut_goes_on_where_it_stopped_and_replays_the_rest()
    {
        byte[] tar = LayerFixture.Tar(Item.File("f", new string('x', 100_000)));
        byte[] blob = Gzip(tar);
        Descriptor layer = new(MediaTypes.OciLayerGzip, Digest.Of(blob), blob.Length);
        Digest[] diffIds = [Digest.Of(tar)];
        using IngestSession session = _store.BeginIngest();
        Assert.Throws<IOException>(() => session.Ingest(layer, diffIds, (_, _) => new CutStream(blob, blob.Length / 2), null, default));
        Assert.Equal(blob.Length / 2, new FileInfo($"{_store.Root}/ingest/{layer.Digest.Hex}").Length);
        long asked = -1;
        session.Ingest(
            layer,
            diffIds,
            (offset, _) =>
            {
                asked = offset;
                return new MemoryStream(blob[(int)offset..]);
            },
            null,
            default
        );
        Assert.Equal(blob.Length / 2, asked);
        Assert.True(_store.HasBlob(layer.Digest));
        Assert.Equal(100_000, new FileInfo($"{_store.Root}/ingest/{layer.Digest.Hex}.tree/diff/f").Length);
    }

    [Fact]
    public void REG_10_Wrong_bytes_are_never_kept_and_a_damaged_partial_blob_is_fetched_anew()
    {
        byte[] tar = LayerFixture.Tar(Item.File("f"));
        byte[] blob = Gzip(tar);
        Descriptor layer = new(MediaTypes.OciLayerGzip, Digest.Of(blob), blob.Length);
        using IngestSession session = _store.BeginIngest();
        byte[] wrong = [.. blob];
        wrong[^1] ^= 1;
        Assert.Contains(
            "other content",
            Assert
                .Throws<SkiffException>(() => session.Ingest(layer, [Digest.Of(tar)], (_, _) => new MemoryStream(wrong), null, default))
                .Message
        );
        Assert.False(_store.HasBlob(layer.Digest));
        Assert.False(File.Exists($"{_store.Root}/ingest/{layer.Digest.Hex}"));
        File.WriteAllBytes($"{_store.Root}/ingest/{layer.Digest.Hex}", new byte[40]);
        session.Ingest(layer, [Digest.Of(tar)], (offset, _) => new MemoryStream(blob[(int)offset..]), null, default);
        Assert.True(_store.HasBlob(layer.Digest));
    }

    [Fact]
    public void A_body_longer_than_the_manifest_says_is_refused()
    {
        byte[] tar = LayerFixture.Tar(Item.File("f"));
        Descriptor layer = new(MediaTypes.OciLayer, Digest.Of(tar), tar.Length);
        using IngestSession session = _store.BeginIngest();
        Assert.Contains(
            "more than",
            Assert
                .Throws<SkiffException>(() =>
                    session.Ingest(layer, [Digest.Of(tar)], (_, _) => new MemoryStream([.. tar, 1]), null, default)
                )
                .Message
        );
    }

    private void Crash(Image image)
    {
        string chains = $"{_store.Root}/chains/{image.Id.Hex}";
        File.WriteAllText(chains, File.ReadAllText(chains).Replace("\nboot ", "\nboot old-", StringComparison.Ordinal));
        File.WriteAllText($"{Path.GetDirectoryName(image.LayerDirectories[0])}/boot", "old");
    }

    private static byte[] Config(params Digest[] diffIds) =>
        Encoding.UTF8.GetBytes(
            $$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[{{string.Join(",", diffIds.Select(d => $"\"{d}\""))}}] } }"""
        );

    private static byte[] Archive(params (string Name, byte[] Data)[] files)
    {
        MemoryStream stream = new();
        Skiff.Images.Layers.TarWriter writer = new(stream);
        foreach ((string name, byte[] data) in files)
        {
            writer.WriteFile(name, data);
        }
        writer.Finish();
        return stream.ToArray();
    }

    private sealed class CutStream(byte[] bytes, int at) : MemoryStream(bytes[..at])
    {
        public override int Read(byte[] buffer, int offset, int count) =>
            base.Read(buffer, offset, count) is int n and > 0 ? n : throw new IOException("cut");
    }
}
