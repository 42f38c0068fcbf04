using CsCheck;
using Skiff.Images.Archives;
using Skiff.Images.Store;
using Skiff.Linux.FileTree;
using Xunit;

namespace Skiff.SystemTests.Layers;

/// <summary>Unpacking with everything that needs root, against GNU tar as the oracle.</summary>
public sealed class UnpackAsRootTests : IDisposable
{
    // names, types, modes, owners, sizes, times to the nanosecond, links, then contents and attributes
    private const string Listing = """
        find . ! -path . -printf '%P|%y|%m|%U:%G|%T@|%l|%D\n' | sed 's/|[0-9]*$//' | LC_ALL=C sort
        find . -type f -printf '%P|%s|%n\n' | LC_ALL=C sort
        find . -type f -exec sha256sum {} + | LC_ALL=C sort -k2
        find . ! -type l -exec getfattr --absolute-names -h -d -e hex -m - {} + | LC_ALL=C sort | grep -v '^$' || true
        find . \( -type c -o -type b \) -exec stat -c '%n %t:%T' {} + | LC_ALL=C sort
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("skiff-unpack-").FullName;
    private readonly ImageStore _store;

    public UnpackAsRootTests() => _store = ImageStore.Open($"{_directory}/root");

    public void Dispose() => Tree.Remove(_directory);

    private string Import(string tar)
    {
        using FileStream stream = File.OpenRead(tar);
        return ImageImporter.Import(_store, stream, new ImportOptions { Created = DateTimeOffset.UnixEpoch }, default).LayerDirectories[0];
    }

    private void Odd(string name) =>
        Shell.Run(
            _directory,
            $$"""
            mkdir -p {{name}}/d/ro {{name}}/sticky {{name}}/long; cd {{name}}
            echo setuid > suid; chown 5:6 suid; chmod 6755 suid
            echo cap > cap; chown 7:8 cap; setcap cap_net_raw+ep cap; ln cap d/cap-link
            echo acl > acl; setfattr -n user.note -v hello acl; setfacl -m u:1234:rw acl || true
            setfacl -d -m u:1234:rwx sticky || true; echo inside > sticky/inside; chmod 1777 sticky; chown 9:10 sticky
            mknod chr c 5 1; mknod blk b 7 3; chmod 640 blk; mkfifo -m 622 fifo
            ln -s /absolute/nowhere l1; ln -s ../../../up l2; ln -s 'odd name' l3; chown -h 11:12 l3
            printf x > "$(printf 'new\nline')"; printf x > "$(printf '\377\376')"; printf x > 'sp ace'
            n=$(printf 'n%.0s' $(seq 200)); mkdir -p long/$n/$n; echo deep > long/$n/$n/file; ln -s $n/$n/file long/link
            truncate -s 10M sparse; printf a | dd of=sparse bs=1 seek=4096 conv=notrunc status=none; printf b | dd of=sparse bs=1 seek=9000000 conv=notrunc status=none
            truncate -s 1M hole; : > empty
            touch -d '1960-01-02 03:04:05.25' old; touch -d '2040-01-01 00:00:00.123456789' future; touch -d '2020-02-02 02:02:02.5' d
            echo x > d/ro/x; touch -d '2001-01-01' d/ro; chmod 555 d/ro
            chown 3000000:3000001 long
            """
        );

    [Theory]
    [InlineData("--format=pax --xattrs --xattrs-include=* --acls")]
    [InlineData("--format=pax --sparse --sparse-version=0.0")]
    [InlineData("--format=pax --sparse --sparse-version=0.1")]
    [InlineData("--format=pax --sparse --sparse-version=1.0")]
    [InlineData("--format=gnu")]
    [InlineData("--format=gnu --sparse")]
    public void LAY_15_LAY_16_LAY_18_LAY_21_An_odd_tree_equals_what_GNU_tar_unpacks(string options)
    {
        Odd("tree");
        Shell.Run(
            _directory,
            $"tar -C tree {options} -cf t.tar .; mkdir gnu; tar -C gnu --xattrs --xattrs-include='*' --acls --same-owner --numeric-owner -xpf t.tar"
        );
        // GNU tar's --acls writes ACLs as SCHILY.acl text; images carry them as attributes, which is compared where attributes are
        string filter = " | grep -v posix_acl";
        string ours = Import($"{_directory}/t.tar");
        string expected = Shell.Run($"{_directory}/gnu", $"({Listing}) {filter}");
        Assert.True(expected.Split('\n').Length > 40);
        Assert.Equal(expected, Shell.Run(ours, $"({Listing}) {filter}"));
        Assert.True(Blocks($"{ours}/sparse") < 200 || !options.Contains("--sparse", StringComparison.Ordinal));
    }

    [Fact]
    public void LAY_16_ACLs_and_capabilities_in_attributes_survive_chown()
    {
        Odd("tree");
        Shell.Run(_directory, "tar -C tree --format=pax --xattrs --xattrs-include='*' -cf t.tar .");
        string ours = Import($"{_directory}/t.tar");
        string attributes = "getfattr -h -d -e hex -m - cap d/cap-link acl sticky; stat -c '%a %u:%g' suid cap sticky";
        Assert.Equal(Shell.Run($"{_directory}/tree", attributes), Shell.Run(ours, attributes));
        Assert.Contains("security.capability", Shell.Run(ours, attributes), StringComparison.Ordinal);
    }

    [Fact]
    public void Random_trees_packed_by_GNU_tar_unpack_equal()
    {
        var file =
            from depth in Gen.Int[0, 3]
            from name in Gen.String[Gen.Char["abc xyz'é-_"], 1, 12]
            from kind in Gen.Int[0, 3]
            from size in Gen.Int[0, 3000]
            from mode in Gen.Int[0, 0x1FF]
            select (
                Path: string.Join('/', Enumerable.Range(0, depth).Select(i => $"d{i}").Append("f" + name)),
                Kind: kind,
                Size: size,
                Mode: mode
            );
        int round = 0;
        Gen.Select(file.Array[1, 12], Gen.Bool)
            .Sample(
                (files, pax) =>
                {
                    string name = $"r{Interlocked.Increment(ref round)}";
                    Directory.CreateDirectory($"{_directory}/{name}/in");
                    foreach ((string path, int kind, int size, int mode) in files)
                    {
                        string full = $"{_directory}/{name}/in/{path}";
                        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
                        if (File.Exists(full) || Directory.Exists(full) || new FileInfo(full).LinkTarget is not null)
                        {
                            continue;
                        }
                        if (kind == 0)
                        {
                            File.CreateSymbolicLink(full, $"../{path}");
                        }
                        else
                        {
                            File.WriteAllBytes(full, new byte[size]);
                            File.SetUnixFileMode(full, (UnixFileMode)mode);
                        }
                    }
                    Shell.Run($"{_directory}/{name}", $"tar -C in --format={(pax ? "pax" : "gnu")} -cf t.tar .");
                    Assert.Equal(
                        Shell
                            .Run($"{_directory}/{name}/in", Listing)
                            .Replace("@", "", StringComparison.Ordinal)
                            .Split('\n')
                            .Select(l => pax ? l : Cut(l)),
                        Shell.Run(Import($"{_directory}/{name}/t.tar"), Listing).Split('\n').Select(l => pax ? l : Cut(l))
                    );
                },
                iter: 15,
                threads: 1
            );
    }

    [Fact]
    public void LAY_30_A_hundred_thousand_files_unpack_in_bounded_memory()
    {
        // creating a file takes 0.2 ms on an ext4 without journal, 0.01 in memory: the unpacker is what is looked at
        string memory = Directory.Exists("/dev/shm")
            ? Directory.CreateDirectory($"/dev/shm/skiff-many-{Guid.NewGuid():N}").FullName
            : _directory;
        try
        {
            Many(memory);
        }
        finally
        {
            Tree.Remove(memory);
        }
    }

    private static void Many(string directory)
    {
        string tar = $"{directory}/many.tar";
        using (FileStream stream = File.Create(tar))
        {
            Skiff.Images.Layers.TarWriter writer = new(new BufferedStream(stream, 1 << 20));
            for (int i = 0; i < 100_000; i++)
            {
                writer.WriteFile($"d{i / 1000}/f{i}", "x"u8);
            }
            writer.Finish();
        }
        long before = GC.GetAllocatedBytesForCurrentThread();
        using FileStream source = File.OpenRead(tar);
        string ours = ImageImporter
            .Import(ImageStore.Open($"{directory}/root"), source, new ImportOptions { Created = DateTimeOffset.UnixEpoch }, default)
            .LayerDirectories[0];
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 20_000_000);
        Assert.Equal(1000, Directory.GetFiles($"{ours}/d99").Length);
    }

    [Fact]
    public void Skopeo_and_umoci_read_the_store()
    {
        if (!File.Exists("/usr/bin/skopeo") || !File.Exists("/usr/bin/umoci"))
        {
            Assert.Skip("skopeo and umoci are not installed");
        }
        Odd("tree");
        Shell.Run(_directory, "tar -C tree --format=pax --xattrs --xattrs-include='*' -cf t.tar .");
        using FileStream stream = File.OpenRead($"{_directory}/t.tar");
        Image image = ImageImporter.Import(
            _store,
            stream,
            new ImportOptions { Name = Skiff.Images.Reference.Parse("odd:1"), Created = DateTimeOffset.UnixEpoch },
            default
        );
        Assert.Contains(
            image.ManifestDigest.ToString(),
            Shell.Run(_directory, "skopeo inspect oci:root:docker.io/library/odd:1"),
            StringComparison.Ordinal
        );
        Shell.Run(_directory, "umoci unpack --image root:docker.io/library/odd:1 bundle");
        const string names =
            "find . ! -path . -printf '%P|%y|%m|%U:%G|%T@|%l\\n' | LC_ALL=C sort; getfattr -h -d -e hex -m - cap acl sticky";
        Assert.Equal(Shell.Run($"{_directory}/bundle/rootfs", names), Shell.Run(image.LayerDirectories[0], names));
    }

    [Fact]
    public void LIFE_05_A_full_disk_is_named_and_its_space_given_back()
    {
        string small = $"{_directory}/small";
        Directory.CreateDirectory(small);
        Shell.Run("/", $"mount -t tmpfs -o size=4m skiff-test {small}");
        try
        {
            ImageStore store = ImageStore.Open($"{small}/root");
            Shell.Run(
                _directory,
                "mkdir -p big; head -c 3000000 /dev/urandom > big/a; head -c 3000000 /dev/zero > big/b; tar -C big -cf big.tar .; gzip -k big.tar"
            );
            using FileStream stream = File.OpenRead($"{_directory}/big.tar.gz");
            Skiff.Linux.SkiffException e = Assert.Throws<Skiff.Linux.SkiffException>(() =>
                ImageImporter.Import(store, stream, new ImportOptions { Created = DateTimeOffset.UnixEpoch }, default)
            );
            Assert.Contains("no space", e.Message, StringComparison.Ordinal);
            Assert.True(long.Parse(Shell.Run("/", $"du -sk {small} | cut -f1")) < 100);
        }
        finally
        {
            Shell.Run("/", $"umount {small}");
        }
    }

    private static long Blocks(string path) => long.Parse(Shell.Run("/", $"stat -c %b '{path}'"));

    /// <summary>GNU's own format has whole seconds.</summary>
    private static string Cut(string line) => System.Text.RegularExpressions.Regex.Replace(line, "\\|(\\d+)\\.\\d+\\|", "|$1|");
}
