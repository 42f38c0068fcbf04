using Xunit;

namespace Skiff.SystemTests.Fixture;

/// <summary>A machine for Skiff: own store, own run directory, own network namespace with a real registry on its loopback. One per test class.</summary>
public sealed class SkiffHost : IDisposable
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _pulled = new(StringComparer.Ordinal);
    private RealRegistry? _registry;

    public SkiffHost()
    {
        Assert.True(File.Exists(Workspace.Binary), $"{Workspace.Binary} does not exist: run scripts/build.sh first");
        Directory = Workspace.NewDirectory("h");
        Net = new Netns();
    }

    /// <summary>A directory for the tests of the class.</summary>
    internal string Directory { get; }

    internal string Root => Path.Combine(Directory, "root");

    internal string Runroot => Path.Combine(Directory, "run");

    internal Netns Net { get; }

    /// <summary>The registry on 127.0.0.1:5000 inside the namespace, serving the images of <see cref="TestImages"/>; started at first use.</summary>
    internal RealRegistry Registry
    {
        get
        {
            lock (_lock)
            {
                return _registry ??= new RealRegistry(Net, TestImages.Shelf);
            }
        }
    }

    /// <summary>The full command line of a Skiff command on this host.</summary>
    internal string[] CommandLine(params IEnumerable<string> arguments) =>
        [.. Net.Prefix, Workspace.Binary, "--root", Root, "--runroot", Runroot, .. arguments];

    /// <summary>Runs Skiff to its end with an empty standard input.</summary>
    internal CommandResult Run(params string[] arguments)
    {
        using RunningCommand running = Start(arguments);
        running.CloseInput();
        return running.WaitForExit();
    }

    /// <summary>Runs Skiff with the given standard input.</summary>
    internal CommandResult RunWithInput(byte[] input, params string[] arguments)
    {
        using RunningCommand running = Start(arguments);
        try
        {
            running.Write(input);
            running.CloseInput();
        }
        catch (IOException)
        {
            // The program did not read it all; its exit code and words tell why.
        }
        return running.WaitForExit();
    }

    /// <summary>Starts Skiff.</summary>
    internal RunningCommand Start(params string[] arguments) => RunningCommand.Start(CommandLine(arguments));

    /// <summary>Starts Skiff with environment variables of its own.</summary>
    internal RunningCommand Start(IReadOnlyDictionary<string, string?> environment, params string[] arguments) =>
        RunningCommand.Start(CommandLine(arguments), environment);

    /// <summary>Starts Skiff under a terminal of its own.</summary>
    internal Pty StartOnTerminal(int rows, int columns, params string[] arguments) => Pty.Start(CommandLine(arguments), rows, columns);

    /// <summary>The name of a test image, pulled if this host does not have it yet.</summary>
    internal string Image(TestImage image)
    {
        string name = image.Reference;
        lock (_lock)
        {
            if (!_pulled.Contains(name))
            {
                image.PutOnShelf();
                _ = Registry;
                Run("pull", "-q", name).Succeeded();
                _pulled.Add(name);
            }
        }
        return name;
    }

    /// <summary>Runs a shell command in a fresh busybox container without a network.</summary>
    internal CommandResult RunShell(string script, params string[] flags) =>
        Run(["run", "--rm", "--network", "none", .. flags, Image(TestImages.Busybox), "sh", "-c", script]);

    /// <summary>Mounts in this process's namespace that lie below the host's directory.</summary>
    internal string[] Mounts() =>
        [.. File.ReadLines("/proc/self/mountinfo").Where(l => l.Contains(Directory + "/", StringComparison.Ordinal))];

    /// <summary>Processes of the binary that work on this host's store.</summary>
    internal string[] Processes() => [.. ProcessTable.WithCommandLine(Root)];

    /// <summary>Called by a test class after each test: one that has failed must not leave a container for which the next ones fail as well.</summary>
    internal void EndTest()
    {
        if (TestContext.Current.TestState?.Result != TestResult.Failed)
        {
            return;
        }
        string[] left = Run("ps", "-aq", "--no-trunc").Lines;
        if (left.Length > 0)
        {
            _ = Run(["rm", "-f", "-v", .. left]);
        }
    }

    public void Dispose()
    {
        _registry?.Dispose();
        string sessions = Path.Combine(Runroot, "sessions");
        if (System.IO.Directory.Exists(sessions) && System.IO.Directory.EnumerateFileSystemEntries(sessions).Any())
        {
            // A command was killed: what it left is the next one's to remove.
            Run("run", "--rm", "--network", "none", "--rootfs", Workspace.NewDirectory("nothing"), "/nothing");
        }
        string[] mounts = [];
        string[] processes = [];
        // Undoing is allowed to take a moment after the command line has gone.
        for (int i = 0; i < 100; i++)
        {
            mounts = Mounts();
            processes = Processes();
            if (mounts.Length == 0 && processes.Length == 0)
            {
                break;
            }
            Thread.Sleep(20);
        }
        Net.Dispose();
        if (mounts.Length == 0)
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
        Assert.True(mounts.Length == 0, $"mounts are left:\n{string.Join('\n', mounts)}");
        Assert.True(processes.Length == 0, $"processes are left:\n{string.Join('\n', processes)}");
    }
}
