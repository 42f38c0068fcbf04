using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Files of containers whose users are others on the host.</summary>
public sealed class UserNamespaceFilesTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private static readonly string[] s_map = ["--uidmap", "0:100000:65536"];

    private string Busybox => host.Image(TestImages.Busybox);

    [Fact]
    public void The_root_file_system_is_written_and_kept_with_the_containers_own_ids()
    {
        host.Run([
                "run",
                "--name",
                "writes",
                "--network",
                "none",
                .. s_map,
                Busybox,
                "sh",
                "-c",
                "echo one >/f && mkdir -p /d && chown 1000:1001 /d && chown 7 /etc/passwd && chmod 4755 /f && rm -f /bin/vi && ln -sf x /l && echo more >>/etc/hosts",
            ])
            .Succeeded();
        string id = host.Run("inspect", "-f", "{{.Id}}", "writes").Succeeded().Text;
        Assert.Equal(
            "0:0 4755\n1000:1001 755\n7:0 644",
            Tool.Run(
                "stat",
                "-c",
                "%u:%g %a",
                $"{host.Root}/containers/{id}/upper/f",
                $"{host.Root}/containers/{id}/upper/d",
                $"{host.Root}/containers/{id}/upper/etc/passwd"
            ).Text
        );
        Assert.Equal("0:100000:65536", host.Run("inspect", "-f", "{{index .HostConfig.IDMappings.UidMap 0}}", "writes").Succeeded().Text);
        host.Run("start", "-a", "writes").Succeeded();
        host.Run("rm", "writes").Succeeded();
    }

    [Fact]
    public void Volumes_are_shared_by_containers_with_different_ids()
    {
        string filled = host.Image(
            new TestImage(
                "owned",
                "1",
                () =>
                    new ImageBuilder()
                        .Layer(TestImages.BusyboxFiles)
                        .Layer(w =>
                        {
                            w.Directory("data", 0x1ED, 1000, 1000);
                            w.File("data/file", "salt\n", 0x180, 1000, 1001);
                        })
                        .Build()
            )
        );
        Assert.Equal(
            "1000:1000 1000:1001",
            host.Run([
                    "run",
                    "--rm",
                    "--network",
                    "none",
                    .. s_map,
                    "-v",
                    "shared:/data",
                    filled,
                    "sh",
                    "-c",
                    "echo $(stat -c %u:%g /data /data/file); echo new >/data/new",
                ])
                .Succeeded()
                .Text
        );
        Assert.Equal(
            "0:0 1000:1001",
            host.Run(
                    "run",
                    "--rm",
                    "--network",
                    "none",
                    "--uidmap",
                    "0:300000:65536",
                    "-v",
                    "shared:/v",
                    Busybox,
                    "sh",
                    "-c",
                    "echo $(stat -c %u:%g /v/new /v/file)"
                )
                .Succeeded()
                .Text
        );
        Assert.Equal(
            "0:0 new",
            host.Run(
                    "run",
                    "--rm",
                    "--network",
                    "none",
                    "-v",
                    "shared:/v",
                    Busybox,
                    "sh",
                    "-c",
                    "echo $(stat -c %u:%g /v/new) $(cat /v/new)"
                )
                .Succeeded()
                .Text
        );
        host.Run("volume", "rm", "shared").Succeeded();
    }

    [Fact]
    public void A_bind_keeps_the_hosts_owners_unless_idmap_is_asked_for()
    {
        string source = Workspace.NewDirectory("bound");
        File.WriteAllText($"{source}/file", "salt\n");
        Tool.Run("chmod", "777", source);
        Assert.Equal(
            "65534:65534",
            host.RunShell("stat -c %u:%g /b/file; echo x >/b/plain", [.. s_map, "-v", $"{source}:/b"]).Succeeded().Text
        );
        Assert.Equal(
            "0:0",
            host.RunShell("stat -c %u:%g /b/file; echo x >/b/mapped; chown 5 /b/mapped", [.. s_map, "-v", $"{source}:/b:idmap"])
                .Succeeded()
                .Text
        );
        Assert.Equal("100000\n5", Tool.Run("stat", "-c", "%u", $"{source}/plain", $"{source}/mapped").Text);
        Tool.Run("chown", "1000:1000", $"{source}/file");
        Assert.Equal(
            "0:0",
            host.RunShell("stat -c %u:%g /b/file", "-v", $"{source}:/b:idmap=uids=1000-0-1;gids=1000-0-1").Succeeded().Text
        );
        host.RunShell("true", "-v", $"{source}:/b:idmap").ExitedWith(125).Complained("no user namespace");
        host.RunShell("true", "--tmpfs", "/x", "-v", "/proc/sys:/b:idmap=uids=1000-0-1;gids=1000-0-1")
            .ExitedWith(125)
            .Complained("cannot be mounted with mapped ids");
    }

    [Fact]
    public void RUN_27_Flags_of_the_source_survive_and_nothing_is_left_on_the_host_after_a_kill()
    {
        string source = Workspace.NewDirectory("flags");
        Tool.Run("mount", "-t", "tmpfs", "-o", "nosuid,nodev,noexec,noatime", "flags", source);
        try
        {
            string[] mounts = ["-v", $"{source}:/m:ro", "-v", "left:/v", "-v", $"{source}:/o:O", "--tmpfs", "/t"];
            using RunningCommand running = host.Start([
                "run",
                "--rm",
                "--network",
                "none",
                .. s_map,
                .. mounts,
                Busybox,
                "sh",
                "-c",
                "grep ' /m ' /proc/self/mountinfo; echo up; sleep 6124",
            ]);
            running.WaitForOutput("up");
            Assert.Contains(" ro,nosuid,nodev,noexec,noatime ", running.OutputSoFar, StringComparison.Ordinal);
            Assert.Empty(host.Mounts());
            running.Signal(Native.SIGKILL);
            running.WaitForExit();
        }
        finally
        {
            Tool.Run("umount", source);
        }
        Wait.Until(() => host.Processes().Length == 0, 10, () => string.Join('\n', host.Processes()));
        Assert.Empty(host.Mounts());
        host.Run("volume", "ls").Succeeded();
        Assert.DoesNotContain(Directory.EnumerateDirectories($"{host.Root}/containers"), static d => Directory.Exists($"{d}/overlay0"));
        host.Run("volume", "rm", "left").Succeeded();
    }

    [Fact]
    public void A_plain_root_directory_and_throw_away_layers_and_images_are_mapped()
    {
        string root = Workspace.NewDirectory("rootfs");
        Tool.Run("sh", "-c", $"mkdir {root}/bin && cp /bin/busybox {root}/bin/ && chown -R 0:0 {root} && chmod 755 {root}");
        Assert.Equal(
            "0:0",
            host.Run([
                    "run",
                    "--rm",
                    "--network",
                    "none",
                    .. s_map,
                    "--rootfs",
                    root,
                    "/bin/busybox",
                    "stat",
                    "-c",
                    "%u:%g",
                    "/bin/busybox",
                ])
                .Succeeded()
                .Text
        );
        Assert.Equal(
            "0:0\n1000:1000",
            host.RunShell(
                    "stat -c %u:%g /image/bin/busybox /image/home/sailor",
                    [.. s_map, "--mount", $"type=image,source={host.Image(TestImages.Layered)},target=/image"]
                )
                .Succeeded()
                .Text
        );
    }
}
