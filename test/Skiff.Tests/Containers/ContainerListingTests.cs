using Skiff.Engine.Containers;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Containers;

/// <summary>The listing keeps what it has read, and believes it only while it is true.</summary>
public sealed class ContainerListingTests : IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "skiff-test-" + RandomBytes.Hex(6));
    private readonly EnginePaths _paths;
    private readonly ContainerStore _store;
    private readonly List<string> _ids = [];

    public ContainerListingTests()
    {
        _paths = new EnginePaths(_directory + "/root", _directory + "/run");
        _store = new ContainerStore(_paths);
        Directory.CreateDirectory(_paths.Runroot);
        for (int i = 0; i < 20; i++)
        {
            _ids.Add(Make($"c{i}").Id);
        }
    }

    public void Dispose() => DirectoryTree.Remove(_directory);

    [Fact]
    public void Kept_containers_are_shown_as_read_ones_are()
    {
        SettledRead();
        IReadOnlyList<(ContainerRecord Record, ContainerState State)> kept = Read(all: true);
        IReadOnlyList<(ContainerRecord Record, ContainerState State)> read = Listing().ReadWhole(all: true);
        Assert.Equal(read.Select(static c => Shown(c.Record, c.State)), kept.Select(static c => Shown(c.Record, c.State)));
        Assert.Equal(20, kept.Count);
        Assert.Empty(Read(all: false));
    }

    [Fact]
    public void Nothing_of_an_unchanged_container_is_read_again()
    {
        SettledRead();
        string record = _paths.Record(_ids[3]);
        using (FileStream file = File.OpenWrite(record)) // in place: the engine itself never writes so, and the directory's time stays
        {
            file.Write("damaged"u8);
        }
        Assert.Equal(20, Read(all: true).Count);
    }

    [Fact]
    public void A_change_is_seen_at_once_however_soon_it_comes()
    {
        SettledRead();
        for (int i = 0; i < 50; i++)
        {
            _store.SaveState(_ids[5], Ended with { ExitCode = i });
            Assert.Equal(i, Read(all: true).Single(c => c.Record.Id == _ids[5]).State.ExitCode);
        }
        ContainerRecord renamed = _store.Rename(_store.TryLoad(_ids[6])!, "other");
        Assert.Contains(Read(all: true), c => c.Record.Name == "other");
        _store.Remove(renamed);
        Assert.DoesNotContain(Read(all: true), c => c.Record.Name == "other");
        Make("late");
        Assert.Contains(Read(all: true), static c => c.Record.Name == "late");
        Assert.Equal(20, Read(all: true).Count);
    }

    [Fact]
    public void A_process_that_ended_without_a_word_is_seen()
    {
        using System.Diagnostics.Process sleep = System.Diagnostics.Process.Start("sleep", "1000");
        _store.SaveState(
            _ids[0],
            new ContainerState
            {
                Status = ContainerStatus.Running,
                Process = ProcessIdentity.Of(sleep.Id)!.Value,
                StartedAt = DateTimeOffset.UnixEpoch.AddDays(20000),
            }
        );
        SettledRead();
        Assert.Equal(_ids[0], Assert.Single(Read(all: false)).Record.Id);
        sleep.Kill();
        sleep.WaitForExit();
        Assert.Empty(Read(all: false));
        Assert.Equal(255, _store.LoadState(_ids[0]).ExitCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("skiff listing 0\n")]
    [InlineData("cut")]
    [InlineData("noise")]
    public void A_damaged_file_costs_nothing_but_time(string content)
    {
        SettledRead();
        byte[] good = File.ReadAllBytes(_paths.Listing);
        for (int seed = 0; seed < 40; seed++)
        {
            byte[] bad = content switch
            {
                "cut" => good[..(good.Length - 1 - (seed * 37))],
                "noise" => Noise(good, seed),
                _ => System.Text.Encoding.ASCII.GetBytes(content),
            };
            File.WriteAllBytes(_paths.Listing, bad);
            Assert.Equal(20, Read(all: true).Count);
        }
    }

    private static byte[] Noise(byte[] good, int seed)
    {
        // The content of a name may change unseen; what must not happen is a failure, or a container too many or too few.
        byte[] bad = [.. good];
        Random random = new(seed);
        for (int i = 0; i < 50; i++)
        {
            bad[random.Next(60, bad.Length)] = (byte)random.Next(256);
        }
        return bad;
    }

    private static readonly ContainerState s_ended = new()
    {
        Status = ContainerStatus.Exited,
        ExitCode = -1,
        Reason = "es war Ä",
        StartedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 6, TimeSpan.Zero),
        FinishedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 6, TimeSpan.Zero),
        Health = new HealthState("unhealthy", 3, []),
        Ports = [new PublishedPort("0.0.0.0", 8080, 80, "tcp"), new PublishedPort("::", 53, 53, "udp")],
        Endpoints = [new NetworkEndpoint("bridge", "10.0.0.2", 16, "10.0.0.1", "", 0, "", "02:00:00:00:00:01", "sk0", [])],
    };

    private static ContainerState Ended => s_ended;

    private ContainerRecord Make(string name) =>
        _store.Create(
            new ContainerRecord
            {
                Id = ContainerStore.NewId(),
                Name = name,
                Created = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddSeconds(_ids.Count),
                Image = "alpine",
                ImageId = "sha256:00",
                Command = ["sh", "-c", "echo \"é\n\""],
                Labels = new Dictionary<string, string> { ["a"] = "1", ["b"] = "" },
                NetworkMode = "host",
                ExposedPorts = ["80/tcp", "90/udp"],
                Mounts =
                [
                    new MountRecord("volume", "v", "/s", "/d", "ro", false, ""),
                    new MountRecord("tmpfs", "", "", "/t", "", true, ""),
                ],
            },
            Ended
        );

    /// <summary>All that a listing can show, as text.</summary>
    private static string Shown(ContainerRecord r, ContainerState s) =>
        $"{r.Id} {r.Name} {r.Created:O} {r.Image} {r.ImageId} {string.Join('|', r.Command)} {string.Join('|', r.Labels)} {r.NetworkMode} "
        + $"{string.Join('|', r.ExposedPorts)} {string.Join('|', r.Mounts.Select(static m => m.Type + m.Name + m.Source + m.Destination))} "
        + $"{s.Status} {s.ExitCode} {s.Reason} {s.StartedAt:O} {s.FinishedAt:O} {s.Health?.Status} {string.Join('|', s.Ports)} "
        + string.Join('|', s.Endpoints.Select(static e => e.Network));

    /// <summary>A first listing, of directories that are old enough to be kept.</summary>
    private void SettledRead()
    {
        Thread.Sleep(150);
        Read(all: true);
        Assert.True(File.Exists(_paths.Listing));
    }

    private ContainerListing Listing() => new(_store, new Reconciler(_store, new NoCleanup()));

    private IReadOnlyList<(ContainerRecord Record, ContainerState State)> Read(bool all) => Listing().Read(all);

    private sealed class NoCleanup : IContainerCleanup
    {
        public void KillAll(ContainerRecord record, ContainerState state) { }

        public void GiveBackUnrecorded(string id) { }

        public bool HasProcesses(string id) => false;

        public void GiveBack(ContainerRecord record, ContainerState state) { }
    }
}
