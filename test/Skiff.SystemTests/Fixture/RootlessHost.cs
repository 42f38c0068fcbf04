using System.Text;

namespace Skiff.SystemTests.Fixture;

/// <summary>A machine for an ordinary user's Skiff: a user of the test's own, with a home and a run directory, in a mount namespace in which the host's /etc has an entry for that user.</summary>
public sealed class RootlessHost : IDisposable
{
    internal const int Uid = 12345;
    internal const int FirstSubordinate = 300_000;
    internal const string Address = "192.0.2.1";
    internal const string PeerAddress = "192.0.2.2";
    private readonly Lock _lock = new();
    private readonly HashSet<string> _pulled = new(StringComparer.Ordinal);
    private RealRegistry? _registry;

    public RootlessHost()
    {
        Directory = Workspace.NewDirectory("u");
        Net = new Netns();
        Peer = new Netns();
        File.Copy(Workspace.Binary, Binary);
        foreach (string name in (string[])["home", "run", "work"])
        {
            Make(name);
        }
        WriteEtc("etc", $"sailor:{FirstSubordinate}:65536\n");
        WriteEtc("etc1", "");
        Tool.Run("mknod", "-m", "666", Path.Combine(Directory, "tun"), "c", "10", "200");
        // What pasta takes its addresses from.
        Net.Run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth1").Succeeded();
        Net.Run("ip", "link", "set", "eth1", "netns", Peer.Path).Succeeded();
        Net.Run("sh", "-ec", $"ip addr add {Address}/24 dev eth0; ip link set eth0 up; ip route add default via {PeerAddress}").Succeeded();
        Peer.Run("sh", "-ec", $"ip addr add {PeerAddress}/24 dev eth1; ip link set eth1 up").Succeeded();
    }

    internal string Directory { get; }

    internal string Home => Path.Combine(Directory, "home");

    internal string Store => Path.Combine(Home, ".local/share/skiff");

    internal string Runroot => Path.Combine(Directory, "run/skiff");

    internal Netns Net { get; }

    /// <summary>Another machine on the same cable.</summary>
    internal Netns Peer { get; }

    private string Binary => Path.Combine(Directory, "skiff");

    /// <summary>A further home of the user.</summary>
    internal string Make(string name)
    {
        string path = Path.Combine(Directory, name);
        Tool.Run("install", "-d", "-m", "700", "-o", $"{Uid}", "-g", $"{Uid}", path);
        return path;
    }

    /// <summary>The command line of any program as the user.</summary>
    internal string[] As(IReadOnlyDictionary<string, string>? variables, params IEnumerable<string> command)
    {
        Dictionary<string, string> environment = new(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            ["HOME"] = Home,
            ["USER"] = "sailor",
            ["XDG_RUNTIME_DIR"] = Path.Combine(Directory, "run"),
            ["ETC"] = "etc",
        };
        foreach ((string name, string value) in variables ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            environment[name] = value;
        }
        string etc = Path.Combine(Directory, environment["ETC"]);
        string setUp =
            $"flock {Directory}/mounting mount -t overlay -o lowerdir=/etc,upperdir={etc}/upper,workdir={etc}/work overlay /etc; mount --bind {Directory}/tun /dev/net/tun; cd {Directory}/work; exec setpriv --reuid={Uid} --regid={Uid} --clear-groups env -i \"$@\"";
        return
        [
            .. Net.Prefix,
            "unshare",
            "--mount",
            "sh",
            "-ec",
            setUp,
            "sh",
            .. environment.Select(static e => $"{e.Key}={e.Value}"),
            .. command,
        ];
    }

    /// <summary>Runs Skiff as the user.</summary>
    internal CommandResult Run(params string[] arguments) => Tool.Try(As(null, [Binary, .. arguments]));

    /// <summary>Runs Skiff as the user with other variables.</summary>
    internal CommandResult Run(IReadOnlyDictionary<string, string> variables, params string[] arguments) =>
        Tool.Try(As(variables, [Binary, .. arguments]));

    /// <summary>Starts Skiff as the user.</summary>
    internal RunningCommand Start(params string[] arguments) => RunningCommand.Start(As(null, [Binary, .. arguments]));

    /// <summary>Runs a shell command in a fresh busybox container without a network.</summary>
    internal CommandResult RunShell(string script, params string[] flags) =>
        Run(["run", "--rm", "--network", "none", .. flags, Image(TestImages.Busybox), "sh", "-c", script]);

    /// <summary>The name of a test image, pulled by the user if it is not there yet.</summary>
    internal string Image(TestImage image)
    {
        lock (_lock)
        {
            if (!_pulled.Contains(image.Reference))
            {
                Shelve(image);
                Run("pull", "-q", image.Reference).Succeeded();
                _pulled.Add(image.Reference);
            }
        }
        return image.Reference;
    }

    /// <summary>Lets the registry have an image.</summary>
    internal void Shelve(TestImage image)
    {
        image.PutOnShelf();
        _registry ??= new RealRegistry(Net, TestImages.Shelf);
    }

    private void WriteEtc(string name, string subordinate)
    {
        string upper = Path.Combine(Directory, name, "upper");
        System.IO.Directory.CreateDirectory(upper);
        System.IO.Directory.CreateDirectory(Path.Combine(Directory, name, "work"));
        Tool.Run("install", "-d", "-m", "700", "-o", $"{Uid}", "-g", $"{Uid}", Path.Combine(upper, "store"));
        File.WriteAllText(
            Path.Combine(upper, "passwd"),
            File.ReadAllText("/etc/passwd") + $"sailor:x:{Uid}:{Uid}::{Home}:/bin/sh\n",
            Encoding.UTF8
        );
        File.WriteAllText(Path.Combine(upper, "group"), File.ReadAllText("/etc/group") + $"sailor:x:{Uid}:\n", Encoding.UTF8);
        File.WriteAllText(Path.Combine(upper, "subuid"), subordinate);
        File.WriteAllText(Path.Combine(upper, "subgid"), subordinate);
    }

    public void Dispose()
    {
        foreach (string id in Run("ps", "-aq").Lines)
        {
            Run("rm", "-f", id);
        }
        _registry?.Dispose();
        Net.Dispose();
        Peer.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
