using System.Text.Json.Nodes;

namespace Skiff.SystemTests.Fixture;

/// <summary>The images of the tests. They stand on one shelf (a registry's storage directory) that every class's own registry serves.</summary>
internal static class TestImages
{
    private static readonly Lazy<string> s_shelf = new(() => Workspace.NewDirectory("shelf"));

    public static string Shelf => s_shelf.Value;

    /// <summary>One layer: Debian's static busybox and its applets, passwd, group, a world-writable /tmp.</summary>
    public static TestImage Busybox { get; } =
        new(
            "busybox",
            "1",
            () =>
                new ImageBuilder()
                    .Layer(BusyboxFiles)
                    .Set("Cmd", Words("sh"))
                    .Set("Env", Words("PATH=/usr/local/bin:/usr/bin:/bin"))
                    .Build()
        );

    /// <summary>Three layers, gzip, zstd and plain, with every kind of whiteout and an implied directory.</summary>
    public static TestImage Layered { get; } =
        new(
            "layered",
            "1",
            () =>
                new ImageBuilder()
                    .Layer(BusyboxFiles)
                    .Layer(
                        w =>
                        {
                            w.Directory("data");
                            w.File("data/keep", "one\n");
                            w.File("data/gone", "one\n");
                            w.File("data/changed", "one\n");
                            w.Directory("opaque");
                            w.File("opaque/old", "one\n");
                            w.Directory("tree");
                            w.File("tree/a/b/c", "one\n");
                        },
                        LayerFormat.Zstd
                    )
                    .Layer(
                        w =>
                        {
                            w.Whiteout("data/gone");
                            w.File("data/changed", "two\n");
                            w.File("opaque/new", "two\n");
                            w.Opaque("opaque");
                            w.Whiteout("tree");
                            w.Hardlink("data/linked", "data/keep");
                        },
                        LayerFormat.Plain
                    )
                    .Set("Cmd", Words("sh"))
                    .Build()
        );

    private static readonly string[] s_trees = ["etc", "usr/sbin", "usr/share/perl", "usr/share/zoneinfo", "var/lib/dpkg/info"];

    /// <summary>Thousands of real files of this machine's Debian: setuid programs, links, long names; then a layer of what it has not.</summary>
    public static TestImage Debian { get; } = new("debian", "host", BuildDebian);

    /// <summary>The files of the busybox image.</summary>
    public static void BusyboxFiles(LayerWriter w)
    {
        w.Directory("bin");
        w.File("bin/busybox", File.ReadAllBytes("/bin/busybox"), 0x1ED);
        foreach (string applet in Tool.Run("/bin/busybox", "--list").Lines.Where(a => a != "busybox"))
        {
            w.Symlink($"bin/{applet}", "busybox");
        }
        w.Directory("etc");
        w.File(
            "etc/passwd",
            "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nsailor:x:1000:1000::/home/sailor:/bin/sh\n"
        );
        w.File("etc/group", "root:x:0:\ndaemon:x:1:\nsailor:x:1000:\ncrew:x:1001:sailor\nmates:x:1002:root,sailor\n");
        w.Directory("home");
        w.Directory("home/sailor", 0x1ED, 1000, 1000);
        w.Directory("root", 0x1C0);
        w.Directory("tmp", 0x3FF);
        w.Directory("var");
    }

    public static JsonArray Words(params string[] words) => new([.. words.Select(w => (JsonNode)w)]);

    private static BuiltImage BuildDebian()
    {
        string tar = Path.Combine(Workspace.NewDirectory("debian"), "debian.tar");
        // Real files without any download: what this machine itself has. GNU tar writes a dialect of its own (long names, hardlinks, xattrs in PAX).
        string[] trees = [.. s_trees.Where(t => Directory.Exists($"/{t}"))];
        Tool.Run([
            "tar",
            "--create",
            "--file",
            tar,
            "--format=pax",
            "--xattrs",
            "--numeric-owner",
            "--sort=name",
            "--one-file-system",
            "--exclude=etc/*shadow*",
            "--exclude=etc/ssl/private",
            "--directory=/",
            .. trees,
        ]);
        BuiltImage image = new ImageBuilder()
            .Layer(File.ReadAllBytes(tar))
            .Layer(w =>
            {
                w.Directory("odd");
                w.File(
                    "odd/user-xattr",
                    "x\n"u8.ToArray(),
                    xattrs: new Dictionary<string, string>(StringComparer.Ordinal) { ["user.note"] = "salt" }
                );
                w.File("odd/setuid", "#!/bin/sh\n", 0x9ED, 1, 2);
                w.CharacterDevice("odd/null", 1, 3);
                w.Fifo("odd/fifo");
                w.Hardlink("odd/version", "etc/debian_version");
                w.File($"odd/{new string('n', 200)}", "long\n");
                w.File("odd/ünï\tcode \"name\"", "odd\n");
                w.Whiteout("etc/issue");
            })
            .Build();
        File.Delete(tar);
        return image;
    }
}
