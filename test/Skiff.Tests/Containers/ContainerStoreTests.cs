using System.Text;
using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Containers;

public sealed class ContainerStoreTests : IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "skiff-test-" + RandomBytes.Hex(6));
    private readonly ContainerStore _store;

    public ContainerStoreTests() => _store = new ContainerStore(new EnginePaths(_directory + "/root", _directory + "/run"));

    public void Dispose() => DirectoryTree.Remove(_directory);

    private static ContainerRecord Asked(string name, string? id = null) =>
        new()
        {
            Id = id ?? ContainerStore.NewId(),
            Name = name,
            Created = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        };

    [Fact]
    public void A_record_survives_its_file()
    {
        ContainerRecord record = Asked("whole") with
        {
            Image = "alpine",
            ImageId = "sha256:00",
            ManifestDigest = "sha256:11",
            Platform = "linux/amd64",
            Command = ["sh", "-c", "echo \"é\n\""],
            Labels = new Dictionary<string, string> { ["a"] = "1", ["b"] = "" },
            AutoRemove = true,
            Foreground = true,
            Tty = true,
            OpenStdin = true,
            StopSignal = "SIGRTMIN+3",
            StopTimeout = -1,
            RestartPolicy = new RestartPolicy(RestartMode.OnFailure, 3),
            NetworkMode = "none",
            ExposedPorts = ["80/tcp"],
            Mounts = [new MountRecord("volume", "v", "/s", "/d", "ro", false, "")],
            AnonymousVolumes = ["x"],
            LayerDirectories = ["/l1", "/l2"],
            LogDriver = "local",
            LogOptions = new Dictionary<string, string> { ["max-size"] = "1m" },
            HealthCheck = new HealthCheck(
                ["CMD", "true"],
                TimeSpan.FromSeconds(1),
                TimeSpan.FromSeconds(2),
                TimeSpan.Zero,
                TimeSpan.FromSeconds(5),
                3
            ),
            Options = Encoding.UTF8.GetBytes("{\"a\":[1,{\"b\":2}]}"),
        };
        byte[] written = record.ToJson();
        ContainerRecord read = ContainerRecord.Parse(written);
        Assert.Equal(Encoding.UTF8.GetString(written), Encoding.UTF8.GetString(read.ToJson()));
        Assert.Equal(record.Command, read.Command);
        Assert.Equal("{\"a\":[1,{\"b\":2}]}", Encoding.UTF8.GetString(read.Options.Span));
        Assert.Equal(record.RestartPolicy, read.RestartPolicy);
    }

    [Fact]
    public void A_state_survives_its_file()
    {
        ContainerState state = new()
        {
            Status = ContainerStatus.Paused,
            Process = new ProcessIdentity(42, 1234567, "boot"),
            Monitor = new ProcessIdentity(41, 1234566, "boot"),
            ExitCode = 137,
            OomKilled = true,
            Error = "e",
            Reason = "r",
            StartedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero),
            FinishedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 6, TimeSpan.Zero),
            RestartCount = 2,
            StoppedByUser = true,
            Cgroup = "/skiff/x",
            Endpoints = [new NetworkEndpoint("bridge", "10.1.0.2", 24, "10.1.0.1", "", 0, "", "02:00:00:00:00:01", "sk1", ["web"])],
            Ports = [new PublishedPort("0.0.0.0", 8080, 80, "tcp")],
            Health = new HealthState("healthy", 0, [new HealthResult(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 0, "ok")]),
        };
        byte[] written = state.ToJson();
        Assert.Equal(Encoding.UTF8.GetString(written), Encoding.UTF8.GetString(ContainerState.Parse(written).ToJson()));
    }

    [Fact]
    public void A_container_is_found_by_name_id_and_unique_prefix()
    {
        ContainerRecord first = _store.Create(Asked("first", "aa11" + new string('0', 60)), new ContainerState());
        ContainerRecord second = _store.Create(Asked("second", "aa12" + new string('0', 60)), new ContainerState());
        Assert.Equal(first.Id, _store.Find("first").Id);
        Assert.Equal(first.Id, _store.Find("/first").Id);
        Assert.Equal(second.Id, _store.Find(second.Id).Id);
        Assert.Equal(second.Id, _store.Find("aa12").Id);
        Assert.Contains("give more digits", Assert.Throws<SkiffException>(() => _store.Find("aa1")).Message, StringComparison.Ordinal);
        Assert.Equal("No such container: ../first", Assert.Throws<SkiffException>(() => _store.Find("../first")).Message);
    }

    [Fact]
    public void A_name_belongs_to_one_container_until_it_is_removed()
    {
        ContainerRecord owner = _store.Create(Asked("boat"), new ContainerState());
        SkiffException error = Assert.Throws<SkiffException>(() => _store.Create(Asked("boat"), new ContainerState()));
        Assert.Contains(owner.ShortId, error.Message, StringComparison.Ordinal);
        Assert.Contains("--replace", error.Message, StringComparison.Ordinal);
        Assert.Single(_store.ListIds());
        _store.Remove(owner);
        Assert.Null(_store.TryFind("boat"));
        Assert.NotNull(_store.Create(Asked("boat"), new ContainerState()));
    }

    [Fact]
    public void LIFE_07_A_name_whose_container_vanished_in_a_crash_is_free()
    {
        ContainerRecord lost = _store.Create(Asked("boat"), new ContainerState());
        DirectoryTree.Remove(_store.Paths.Container(lost.Id));
        Assert.Equal("boat", _store.Create(Asked("boat"), new ContainerState()).Name);
    }

    [Fact]
    public void A_container_without_a_name_is_given_one_that_docker_would_accept()
    {
        ContainerRecord record = _store.Create(Asked(""), new ContainerState());
        ContainerStore.CheckName(record.Name);
        Assert.Equal(record.Id, _store.Find(record.Name).Id);
    }

    [Fact]
    public void Rename_moves_the_name_and_frees_the_old_one()
    {
        ContainerRecord record = _store.Create(Asked("old"), new ContainerState());
        _store.Rename(record, "new");
        Assert.Null(_store.TryFind("old"));
        Assert.Equal("new", _store.Find("new").Name);
    }

    [Fact]
    public void Removal_of_a_deep_tree_with_links_leaves_nothing_and_follows_none()
    {
        ContainerRecord record = _store.Create(Asked("deep"), new ContainerState());
        string outside = _directory + "/outside";
        File.WriteAllText(outside, "kept");
        string path = _store.Paths.Upper(record.Id);
        for (int i = 0; i < 300; i++)
        {
            path += "/d";
        }
        Directory.CreateDirectory(path);
        File.WriteAllText(path + "/file", "x");
        File.CreateSymbolicLink(path + "/link", _directory);
        _store.Remove(record);
        Assert.Empty(_store.ListIds());
        Assert.True(File.Exists(outside));
    }

    [Fact]
    public void LIFE_11_After_a_reboot_a_running_container_is_exited_and_its_pid_means_nothing()
    {
        ProcessIdentity me = ProcessIdentity.Of(Environment.ProcessId)!.Value;
        Liveness liveness = new();
        ContainerState running = new() { Status = ContainerStatus.Running, Process = me };
        Assert.Same(running, liveness.Check(running, DateTimeOffset.UnixEpoch));
        ContainerState stale = running with { Process = me with { BootId = "another" } };
        ContainerState now = liveness.Check(stale, DateTimeOffset.UnixEpoch);
        Assert.Equal(ContainerStatus.Exited, now.Status);
        Assert.Equal(255, now.ExitCode);
        Assert.Contains("restarted", now.Reason, StringComparison.Ordinal);
        ContainerState reused = running with { Process = me with { StartTicks = me.StartTicks - 1 } };
        Assert.Equal(ContainerStatus.Exited, liveness.Check(reused, DateTimeOffset.UnixEpoch).Status);
    }

    [Fact]
    public void LIFE_07_A_free_session_lock_ends_its_container_and_a_held_one_does_not()
    {
        Cleanup cleanup = new();
        Reconciler reconciler = new(_store, cleanup);
        ContainerRecord record = _store.Create(
            Asked("fore") with
            {
                Foreground = true,
            },
            new ContainerState { Status = ContainerStatus.Running }
        );
        using (Session.Begin(_store.Paths, record.Id))
        {
            reconciler.Sessions();
            Assert.Equal(0, cleanup.Kills);
        }
        reconciler.Sessions();
        Assert.Equal(1, cleanup.Kills);
        Assert.Equal(ContainerStatus.Exited, _store.LoadState(record.Id).Status);
        Assert.True(Session.IsFree(_store.Paths, record.Id));
    }

    [Fact]
    public void LIFE_14_A_container_run_with_rm_is_gone_after_its_command_line_was_killed()
    {
        Reconciler reconciler = new(_store, new Cleanup());
        ContainerRecord record = _store.Create(
            Asked("gone") with
            {
                Foreground = true,
                AutoRemove = true,
            },
            new ContainerState { Status = ContainerStatus.Running }
        );
        Session.Begin(_store.Paths, record.Id).Dispose();
        reconciler.Sessions();
        Assert.Null(_store.TryFind("gone"));
        Assert.Empty(_store.ListIds());
    }

    [Fact]
    public void LIFE_11_A_stale_pid_never_reaches_the_code_that_kills()
    {
        Cleanup cleanup = new();
        ProcessIdentity stale = ProcessIdentity.Of(Environment.ProcessId)!.Value with { BootId = "another" };
        ContainerRecord record = _store.Create(Asked("stale"), new ContainerState { Status = ContainerStatus.Running, Process = stale });
        ContainerState? state = new Reconciler(_store, cleanup).Check(record);
        Assert.Equal(ContainerStatus.Exited, state!.Status);
        Assert.Equal(1, cleanup.Kills);
        Assert.Equal(ProcessIdentity.None, cleanup.Last);
        Assert.Equal(ContainerStatus.Exited, _store.LoadState(record.Id).Status);
    }

    private sealed class Cleanup : IContainerCleanup
    {
        internal int Kills;
        internal ProcessIdentity Last;

        public void KillAll(ContainerRecord record, ContainerState state)
        {
            Kills++;
            Last = state.Process;
        }

        public void GiveBackUnrecorded(string id) { }

        public bool HasProcesses(string id) => false;

        public void GiveBack(ContainerRecord record, ContainerState state) { }
    }

    /// <summary>A name's link has room in an inode of ext4 (59 bytes), and a link of an earlier version, the digits themselves, is understood.</summary>
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("438014fa3ab82fb096c12cc9c65607749bd51904aafb639ca73dd13c056f4457")]
    public void A_name_leads_to_its_id(string id)
    {
        string text = NameLink.TextOf(id);
        Assert.True(text.Length < 60);
        Assert.DoesNotContain('/', text);
        Assert.Equal(id, NameLink.IdOf(text));
        Assert.Equal(id, NameLink.IdOf(id));
        Assert.Equal("short", NameLink.IdOf("short"));
    }
}
