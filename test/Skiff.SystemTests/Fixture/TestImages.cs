using System.Text.Json.Nodes;

namespace Skiff.SystemTests.Fixture;

/// <summary>The images of the tests. They stand on one shelf (a registry's storage directory) that every class's own registry serves.</summary>
internal static class TestImages
{
    private static readonly Lazy<string> s_shelf = new(() => Workspace.NewDirectory("shelf"));

    public static string Shelf => s_shelf.Value;

    /// <summary>One layer: Debian's static busybox and its applets, passwd, group, a world-writable /tmp.</summary>
    public static TestImage Busybox { get; } = new("busybox", "1", () => new ImageBuilder().Layer(BusyboxFiles).Set("Cmd", Words("sh")).Set("Env", Words("PATH=/usr/local/bin:/usr/bin:/bin")).Build());

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

    /// <summary>A minimal Debian: thousands of real files, setuid programs, hardlinks, odd names; then a layer of what it has not.</summary>
    public static TestImage Debian { get; } = new("debian", "12", BuildDebian);

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
        w.File("etc/passwd", "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nsailor:x:1000:1000::/home/sailor:/bin/sh\n");
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
        // The tree comes from the package archive that this machine itself uses, minus what only fills space.
        using (
            RunningCommand run = RunningCommand.Start(
                ["mmdebstrap", "--mode=root", "--variant=essential", "--quiet", "--format=tar", "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*", "bookworm", tar, "/etc/apt/sources.list"],
                new Dictionary<string, string?>(StringComparer.Ordinal) { ["TMPDIR"] = Workspace.Base }
            )
        )
        {
            run.CloseInput();
            run.WaitForExit(300).Succeeded();
        }
        BuiltImage image = new ImageBuilder()
            .Layer(File.ReadAllBytes(tar))
            .Layer(w =>
            {
                w.Directory("odd");
                w.File("odd/user-xattr", "x\n"u8.ToArray(), xattrs: new Dictionary<string, string>(StringComparer.Ordinal) { ["user.note"] = "salt" });
                w.File("odd/setuid", "#!/bin/sh\n", 0x9ED, 1, 2);
                w.CharacterDevice("odd/null", 1, 3);
                w.Fifo("odd/fifo");
                w.Hardlink("odd/hostname", "etc/debian_version");
                w.File($"odd/{new string('n', 200)}", "long\n");
                w.File("odd/ünï\tcode \"name\"", "odd\n");
                w.Whiteout("etc/motd");
            })
            .Set("Cmd", Words("bash"))
            .Build();
        File.Delete(tar);
        return image;
    }
}
