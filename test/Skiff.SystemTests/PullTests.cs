using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Images: pulled from a real registry, listed, tagged, removed, loaded.</summary>
public sealed class PullTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    [Fact]
    public void A_pulled_image_is_listed_and_can_be_read_by_skopeo()
    {
        string name = host.Image(TestImages.Layered);
        string id = TestImages.Layered.Built.Config.Digest;
        Assert.Contains(id, host.Run("images", "-q", "--no-trunc").Succeeded().Lines);
        Assert.Equal(id, host.Run("image", "inspect", "--format", "{{.Id}}", name).Succeeded().Text);
        Assert.Contains(name, host.Run("images", "--format", "{{.Repository}}:{{.Tag}}").Succeeded().Lines);
        Tool.Require("skopeo");
        Assert.Equal(
            TestImages.Layered.Built.Manifest.Bytes,
            Tool.Run("skopeo", "inspect", "--raw", $"oci:{host.Root}:{name}").OutputBytes
        );
    }

    [Fact]
    public void An_up_to_date_tag_is_said_to_be_one()
    {
        string name = host.Image(TestImages.Busybox);
        Assert.Contains("up to date", host.Run("pull", name).Succeeded().Output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void What_a_layer_has_that_is_left_out_is_said_in_one_line_for_each_kind()
    {
        Dictionary<string, string> redirect = new(StringComparer.Ordinal) { ["trusted.overlay.redirect"] = "/etc" };
        var image = new TestImage(
            "noted",
            "1",
            () =>
                new ImageBuilder()
                    .Layer(w =>
                    {
                        w.File("a", "a"u8.ToArray(), xattrs: redirect);
                        w.File("b", "b"u8.ToArray(), xattrs: redirect);
                    })
                    .Build()
        );
        image.PutOnShelf();
        _ = host.Registry;
        CommandResult pull = host.Run("pull", "-q", image.Reference).Succeeded();
        Assert.Single(pull.Error.TrimEnd('\n').Split('\n'));
        pull.Complained("a and 1 more: attribute trusted.overlay.redirect left out");
    }

    [Fact]
    public void A_missing_image_and_a_missing_registry_are_two_sentences()
    {
        _ = host.Registry;
        host.Run("pull", "127.0.0.1:5000/never/was:1").ExitedWith(1).Complained("never/was");
        CommandResult gone = host.Run("pull", "127.0.0.1:1/x:1").ExitedWith(1).Complained("127.0.0.1:1");
        Assert.DoesNotContain("   at ", gone.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void LIFE_16_An_image_loses_its_tags_one_by_one()
    {
        var image = new TestImage(
            "two-tags",
            "1",
            () =>
                new ImageBuilder()
                    .Layer(TestImages.BusyboxFiles)
                    .Set("Labels", new System.Text.Json.Nodes.JsonObject { ["test"] = "LIFE_16" })
                    .Build()
        );
        string name = host.Image(image);
        host.Run("tag", name, "copy:2").Succeeded();
        host.Run("rmi", name).Succeeded();
        string id = image.Built.Config.Digest["sha256:".Length..];
        Assert.Contains(id[..12], host.Run("images", "-q").Succeeded().Output, StringComparison.Ordinal);
        host.Run("rmi", id[..12]).Succeeded();
        Assert.DoesNotContain(id[..12], host.Run("images", "-q").Succeeded().Output, StringComparison.Ordinal);
        host.Run("rmi", "copy:2").ExitedWith(1).Complained("copy");
    }

    [Fact]
    public void LIFE_16_An_image_that_a_container_uses_is_refused_and_with_force_loses_its_names_only()
    {
        var image = new TestImage(
            "used",
            "1",
            () =>
                new ImageBuilder()
                    .Layer(TestImages.BusyboxFiles)
                    .Set("Labels", new System.Text.Json.Nodes.JsonObject { ["test"] = "used" })
                    .Build()
        );
        string name = host.Image(image);
        string id = image.Built.Config.Digest["sha256:".Length..][..12];
        host.Run("create", "--name", "user", "--network", "none", name, "echo", "still here").Succeeded();
        host.Run("rmi", name).ExitedWith(1).Complained("container user");
        host.Run("rmi", id).ExitedWith(1).Complained("container user");
        host.Run("image", "prune", "-af", "--filter", "label=test=used").Succeeded();
        Assert.Equal($"Untagged: {name}", host.Run("rmi", "-f", name).Succeeded().Text);
        Assert.Contains(id, host.Run("images", "-q").Succeeded().Lines);
        Assert.Equal("still here", host.Run("start", "-a", "user").Succeeded().Text);
        host.Run("rm", "user").Succeeded();
        host.Run("rmi", id).Succeeded();
        Assert.DoesNotContain(id, host.Run("images", "-q").Succeeded().Lines);
    }

    [Fact]
    public void A_saved_image_is_loaded_from_a_file_and_from_standard_input()
    {
        using var other = new SkiffHost();
        string name = host.Image(TestImages.Layered);
        string tar = Path.Combine(host.Directory, "saved.tar");
        host.Run("save", "-o", tar, name).Succeeded();
        other.Run("load", "-i", tar).Succeeded();
        Assert.Equal("two\n", other.Run("run", "--rm", "--network", "none", name, "cat", "/data/changed").Succeeded().Output);
        other.Run("rmi", name).Succeeded();
        other.RunWithInput(File.ReadAllBytes(tar), "load").Succeeded();
        Assert.Equal("two\n", other.Run("run", "--rm", "--network", "none", name, "cat", "/data/changed").Succeeded().Output);
    }

    [Fact]
    public void LIFE_01_A_pull_that_was_killed_shows_nothing_and_the_next_one_completes()
    {
        TestImages.Debian.PutOnShelf();
        _ = host.Registry;
        string name = TestImages.Debian.Reference;
        Random random = new(1);
        for (int i = 0; i < 20; i++)
        {
            using RunningCommand pull = host.Start("pull", "-q", name);
            Thread.Sleep(random.Next(5, 300)); // a random moment is the point
            pull.Signal(Native.SIGKILL);
            CommandResult result = pull.WaitForExit();
            if (result.ExitCode != 0)
            {
                Assert.DoesNotContain(TestImages.Debian.Repository, host.Run("images").Succeeded().Output, StringComparison.Ordinal);
            }
            else
            {
                host.Run("rmi", name).Succeeded();
            }
        }
        host.Run("pull", "-q", name).Succeeded();
        Assert.Equal(
            "x\n",
            host.Run("run", "--rm", "--network", "none", "-v", "/bin/busybox:/busybox:ro", name, "/busybox", "cat", "/odd/user-xattr")
                .Succeeded()
                .Output
        );
    }

    [Fact]
    public void LIFE_03_Eight_pulls_at_once_all_succeed_and_fetch_each_blob_once()
    {
        using var other = new SkiffHost();
        TestImages.Layered.PutOnShelf();
        using var registry = new RealRegistry(other.Net, TestImages.Shelf, log: true);
        RunningCommand[] pulls = [.. Enumerable.Range(0, 8).Select(_ => other.Start("pull", "-q", TestImages.Layered.Reference))];
        foreach (RunningCommand pull in pulls)
        {
            pull.CloseInput();
            pull.WaitForExit().Succeeded();
            pull.Dispose();
        }
        Assert.Single(other.Run("images", "-q").Succeeded().Lines);
        string[] blobs =
        [
            .. registry.Requests.Where(r =>
                r.StartsWith("GET ", StringComparison.Ordinal) && r.Contains("/blobs/", StringComparison.Ordinal)
            ),
        ];
        Assert.Equal(4, blobs.Length);
        Assert.Equal(4, blobs.Distinct().Count());
    }

    [Theory]
    [InlineData("tmpfs")]
    [InlineData("ext4")]
    public void LIFE_05_A_full_disk_is_named_and_its_space_given_back(string fileSystem)
    {
        TestImages.Debian.PutOnShelf();
        using var other = new SkiffHost();
        Directory.CreateDirectory(other.Root);
        Tool.Shell(
            fileSystem == "tmpfs"
                ? $"mount -t tmpfs -o size=10m,mode=700 small {other.Root}"
                : $"truncate -s 16M {other.Directory}/disk; mkfs.ext4 -q -m 0 {other.Directory}/disk; mount -o loop {other.Directory}/disk {other.Root}"
        );
        try
        {
            string busybox = other.Image(TestImages.Busybox);
            long before = Free(other.Root);
            other.Run("pull", "-q", TestImages.Debian.Reference).ExitedWith(1).Complained("space");
            Assert.True(Free(other.Root) > before - 300_000, $"{before} bytes were free, {Free(other.Root)} are now");
            Assert.Equal("alive", other.Run("run", "--rm", "--network", "none", busybox, "echo", "alive").Succeeded().Text);

            // To the last byte: what helps, removing images, works all the same.
            other.Run("tag", busybox, "second").Succeeded();
            Fill(other.Root);
            other.Run("create", "--network", "none", busybox, "true").ExitedWith(1).Complained("image prune -a");
            other.Run("rmi", "second").Succeeded();
            other.Run("image", "prune", "-af").Succeeded();
            Assert.Empty(other.Run("images", "-q").Succeeded().Text);
            Assert.True(Free(other.Root) > 1_000_000);
        }
        finally
        {
            Tool.Run("umount", other.Root);
        }
    }

    private static void Fill(string directory) =>
        Tool.Shell(
            $"dd if=/dev/zero of={directory}/full$(ls {directory} | wc -l) bs=64k 2>/dev/null || dd if=/dev/zero of={directory}/last bs=512 conv=notrunc oflag=append 2>/dev/null || true"
        );

    private static long Free(string path) => new DriveInfo(path).AvailableFreeSpace;

    [Fact]
    public void LAY_29_An_image_of_a_hundred_and_thirty_layers_runs_from_a_store_with_a_long_path()
    {
        var image = new TestImage(
            "tower",
            "130",
            () =>
            {
                ImageBuilder builder = new ImageBuilder().Layer(TestImages.BusyboxFiles);
                for (int i = 1; i < 130; i++)
                {
                    int floor = i;
                    builder.Layer(w => w.File($"floor{floor}", $"{floor}\n"));
                }
                return builder.Build();
            }
        );
        image.PutOnShelf();
        _ = host.Registry;
        string root = $"{host.Directory}/{new string('r', 200)}/{new string('s', 200)}";
        string[] skiff = [.. host.Net.Prefix, Workspace.Binary, "--root", root, "--runroot", host.Runroot];
        Tool.Run([.. skiff, "pull", "-q", image.Reference]);
        Assert.Equal(
            "129",
            Tool.Run([.. skiff, "run", "--rm", "--network", "none", image.Reference, "sh", "-c", "cat floor* | wc -l"]).Text
        );
    }

    [Fact]
    public void SEC_20_A_password_is_shown_nowhere()
    {
        using var net = new Netns();
        using var registry = new RealRegistry(net, Workspace.NewDirectory("secret-store"), password: true);
        registry.Client.Push(TestImages.Busybox.Built, "private/busybox", "1");
        string config = Workspace.NewDirectory("config");
        string token = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{RealRegistry.User}:{RealRegistry.Password}"));
        string[] skiff =
        [
            Workspace.Binary,
            "--config",
            config,
            "--root",
            $"{host.Directory}/secret",
            "--runroot",
            $"{host.Directory}/secret-run",
        ];
        CommandResult denied = net.Run([.. skiff, "pull", $"{registry.Address}/private/busybox:1"]).ExitedWith(1);
        File.WriteAllText($"{config}/config.json", $"{{\"auths\":{{\"{registry.Address}\":{{\"auth\":\"{token}\"}}}}}}");
        CommandResult pulled = net.Run([.. skiff, "-D", "pull", $"{registry.Address}/private/busybox:1"]).Succeeded();
        CommandResult inspected = net.Run([.. skiff, "image", "inspect", $"{registry.Address}/private/busybox:1"]).Succeeded();
        foreach (string text in new[] { denied, pulled, inspected }.Select(r => r.Output + r.Error))
        {
            Assert.DoesNotContain(RealRegistry.Password, text, StringComparison.Ordinal);
            Assert.DoesNotContain(token, text, StringComparison.Ordinal);
        }
    }
}
