using System.Text;
using Skiff.Build.Cache;
using Skiff.Build.Context;
using Skiff.Build.Parsing;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Build.Steps;

/// <summary>All mounts of one RUN: what the cache's key takes from them, and what they are while it runs.</summary>
internal sealed class RunMounts : IDisposable
{
    private readonly BuildSession _session;
    private readonly List<(RunMount Mount, SourceRoot? Root)> _mounts = [];
    private readonly Dictionary<RunMount, CacheDirectory> _caches = [];
    private readonly List<SafeFd> _held = [];

    private RunMounts(BuildSession session) => _session = session;

    /// <summary>The files of the context that are mounted.</summary>
    internal SourceListing? Listing { get; private set; }

    /// <summary>The text of a script that is mounted; null for none.</summary>
    internal string? Script { get; set; }

    /// <summary>Reads the flags.</summary>
    internal static RunMounts Parse(
        BuildSession session,
        Stage stage,
        StageState state,
        Instruction instruction,
        Func<string, string> expand
    )
    {
        RunMounts mounts = new(session);
        string workdir = state.Config.WorkingDir.Length > 0 ? state.Config.WorkingDir : "/";
        foreach (InstructionFlag flag in instruction.Flags)
        {
            if (flag.Name == "mount")
            {
                RunMount mount = RunMount.Parse(instruction, flag.Value, workdir, expand);
                bool hasRoot = mount.Type == "bind" || (mount.Type == "cache" && mount.From.Length > 0);
                mounts._mounts.Add((mount, hasRoot ? SourceRoot.Find(session, stage, instruction, mount.From) : null));
            }
        }
        mounts.Check(instruction);
        return mounts;
    }

    /// <summary>What the key takes from them: contents of caches, secrets and agents are no part of it.</summary>
    internal List<string> Key()
    {
        List<string> keys = [];
        foreach ((RunMount mount, SourceRoot? root) in _mounts)
        {
            string content = "";
            if (mount.Type == "bind")
            {
                content = root!.Key ?? HashOf(mount, root);
            }
            keys.Add($"{mount.Text} {content}");
        }
        return keys;
    }

    /// <summary>Runs something with the mounts, and takes them away.</summary>
    /// <param name="tree">The step's directory, for what must lie somewhere.</param>
    /// <param name="options">The container without mounts.</param>
    /// <param name="run">Takes the container with them.</param>
    internal ExitReport Use(string tree, RunOptions options, Func<RunOptions, ExitReport> run)
    {
        if (_mounts.Count == 0 && Script is null)
        {
            return run(options);
        }
        // All of them first, in the order of their names: two builds that wait for locked ones never wait for each other.
        foreach (
            RunMount mount in _mounts
                .Select(static m => m.Mount)
                .Where(static m => m.Type == "cache")
                .OrderBy(static m => m.Id, StringComparer.Ordinal)
        )
        {
            string id = mount.Id;
            _caches[mount] =
                _caches.FirstOrDefault(c => c.Key.Id == id && mount.Sharing != "private").Value
                ?? CacheDirectory.Take(_session.Engine.Paths.Root, id, mount.Sharing, mount.Mode ?? 0x1ED, (mount.Uid, mount.Gid));
        }
        ExitReport exit = default;
        // Sources that must be mounted, and secrets, are seen by this thread and its container alone, and vanish with them.
        RootView.InPrivateNamespace(() =>
        {
            List<ContainerMount> made = [];
            List<EnvironmentEntry> env = [.. options.Environment];
            string memory = _session.Works.NewTree() + "/mnt";
            RootView.Mount("tmpfs", memory, readOnly: false, "mode=700");
            if (Script is not null)
            {
                WriteFile(memory + "/script", Encoding.UTF8.GetBytes(Script), 0x1ED, (0, 0));
                made.Add(Bind(memory + "/script", RunCommandLine.ScriptPath, readOnly: true));
            }
            for (int i = 0; i < _mounts.Count; i++)
            {
                (RunMount mount, SourceRoot? root) = _mounts[i];
                switch (mount.Type)
                {
                    case "bind":
                        made.Add(BindMount(mount, root!, $"{tree}/copy-{i}"));
                        break;
                    case "cache":
                        CacheDirectory directory = _caches[mount];
                        FillCache(directory, mount, root);
                        made.Add(Bind(directory.Data, mount.Target, readOnly: mount.Writable == false));
                        break;
                    case "tmpfs":
                        made.Add(Tmpfs(mount));
                        break;
                    case "secret":
                        Secret(mount, $"{memory}/secret-{i}", made, env);
                        break;
                    default:
                        Ssh(mount, i, made, env);
                        break;
                }
            }
            exit = run(options with { Mounts = [.. made], Environment = [.. env] });
        });
        return exit;
    }

    /// <summary>Takes away what was made to mount on: it is no change of the command's.</summary>
    internal void TakePointsAway(string tree, IReadOnlyList<BuiltLayer> layers)
    {
        HashSet<string> points = [];
        foreach ((RunMount mount, SourceRoot? _) in _mounts)
        {
            string target = mount.Type == "ssh" && mount.Target.Length == 0 ? "/run/skiff" : mount.Target;
            for (string path = target.Trim('/'); path.Length > 0; path = path.LastIndexOf('/') is int slash and > 0 ? path[..slash] : "")
            {
                points.Add(path);
                if (mount.Type == "ssh" && mount.Target.Length == 0)
                {
                    for (int i = 0; i < _mounts.Count; i++)
                    {
                        points.Add($"run/skiff/ssh_agent.{i}");
                    }
                }
            }
        }
        if (points.Count == 0)
        {
            return;
        }
        LayerChanges changes = _session.Works.Still(() =>
            LayerChanges.Read(tree + "/diff", [.. layers.Select(static l => l.Directory)], points)
        );
        using SafeFd root = Files.Open(tree + "/diff", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        Prune(root.Value, [], changes);
    }

    public void Dispose()
    {
        foreach (CacheDirectory cache in _caches.Values)
        {
            cache.Dispose();
        }
        _caches.Clear();
        foreach (SafeFd fd in _held)
        {
            fd.Dispose();
        }
        _held.Clear();
    }

    private static void Prune(int directory, byte[] path, LayerChanges changes)
    {
        if (At.Open(directory, ".\0"u8, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int list) != 0)
        {
            return;
        }
        List<(byte[] Name, bool IsDirectory)> names = [];
        NameReader reader = new(list, new byte[16 << 10]);
        while (reader.Next())
        {
            names.Add((reader.Name.ToArray(), reader.IsDirectory));
        }
        At.Close(list);
        foreach ((byte[] name, bool isDirectory) in names)
        {
            byte[] own = path.Length == 0 ? name[..^1] : [.. path, (byte)'/', .. name.AsSpan(0, name.Length - 1)];
            if (changes.IsLeftOut(own))
            {
                _ = Tree.TryRemove(directory, name);
            }
            else if (isDirectory && At.Open(directory, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int child) == 0)
            {
                Prune(child, own, changes);
                At.Close(child);
            }
        }
    }

    private void Check(Instruction instruction)
    {
        HashSet<string> targets = [];
        foreach ((RunMount mount, SourceRoot? _) in _mounts)
        {
            if (mount.Target.Length > 0 && !targets.Add(mount.Target))
            {
                throw DockerfileException.At(instruction, $"RUN --mount: {mount.Target} is the target of two mounts");
            }
        }
    }

    private string HashOf(RunMount mount, SourceRoot root)
    {
        using SafeFd top = root.Open(_session);
        (SourceReader reader, SourceNode? node, SafeFd file) = Read(mount, root, top);
        file.Dispose();
        Listing = reader.Listing;
        return node is null ? "" : Convert.ToHexStringLower(node.Hash);
    }

    private (SourceReader Reader, SourceNode? Node, SafeFd File) Read(RunMount mount, SourceRoot root, SafeFd top)
    {
        SafeFd file = OpenSource(mount, root, top);
        SourceReader reader = new(top.Value, root.Ignored.Excludes, root.Ignored.HasExceptions, root.KeepsOwner, _session.Request.Cancel);
        return (reader, reader.Read(SourceFinder.PathOf(top, file), file.Value), file);
    }

    private static SafeFd OpenSource(RunMount mount, SourceRoot root, SafeFd top) =>
        LayeredFiles.OpenIn(top.Value, "./" + PathPattern.Clean(mount.Source), OpenFlags.O_PATH, out _)
        ?? throw new SkiffException($"RUN --mount: \"{mount.Source}\" is not found in {root.Text}");

    /// <summary>A directory or file of a source. What is ignored must not be seen, so then a copy of the rest is mounted. What a command writes is thrown away.</summary>
    private ContainerMount BindMount(RunMount mount, SourceRoot root, string copy)
    {
        SafeFd top = root.Open(_session);
        _held.Add(top);
        string source;
        bool isDirectory;
        if (root.Ignored.IsEmpty)
        {
            using SafeFd file = OpenSource(mount, root, top);
            source =
                Files.TryReadLink($"/proc/self/fd/{file.Value}", out int errno)
                ?? throw new LinuxException("readlink", mount.Source, errno);
            isDirectory = At.Stat(file.Value, out StatxBuffer stat) == 0 && (stat.Mode & At.S_IFMT) == At.S_IFDIR;
        }
        else
        {
            (_, SourceNode? node, SafeFd file) = Read(mount, root, top);
            using SafeFd opened = file;
            source = copy;
            isDirectory = node is null || node.IsDirectory;
            SourceWriter writer = new(null, null, _session.Request.Cancel);
            _ = Files.TryMakeDirectory(copy + ".d", 0x1ED);
            using SafeFd place = Files.Open(copy + ".d", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            source = copy + ".d/content";
            if (node is null)
            {
                _ = Files.TryMakeDirectory(source, 0x1ED);
            }
            else
            {
                writer.Entry(node, file.Value, place.Value, "content\0"u8.ToArray());
            }
        }
        bool writable = mount.Writable == true;
        return Bind(source, mount.Target, readOnly: !writable) with { Overlay = writable && isDirectory };
    }

    private void FillCache(CacheDirectory cache, RunMount mount, SourceRoot? root)
    {
        if (!cache.IsNew || root is null)
        {
            return;
        }
        using SafeFd top = root.Open(_session);
        (_, SourceNode? node, SafeFd file) = Read(mount, root, top);
        using SafeFd opened = file;
        if (node is { IsDirectory: true })
        {
            using SafeFd target = Files.Open(cache.Data, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            new SourceWriter(null, null, _session.Request.Cancel).Content(node, file.Value, target.Value);
        }
    }

    private static ContainerMount Tmpfs(RunMount mount) =>
        new()
        {
            Syntax = MountSyntax.Mount,
            Type = MountType.Tmpfs,
            Target = mount.Target,
            Options = mount.Size > 0 ? ["exec", $"size={mount.Size}"] : ["exec"],
        };

    private void Secret(RunMount mount, string place, List<ContainerMount> made, List<EnvironmentEntry> env)
    {
        BuildSecret? secret = _session.Request.Secrets.FirstOrDefault(s => s.Id == mount.Id);
        if (secret is null)
        {
            if (mount.Required)
            {
                throw new SkiffException(
                    $"secret {mount.Id}: not found, and the step requires it: give --secret id={mount.Id},src=FILE or env=NAME"
                );
            }
            return;
        }
        byte[] content =
            secret.Value
            ?? Files.TryReadAll(secret.Path!, out int errno, 500 << 10)
            ?? throw new SkiffException($"secret {mount.Id}: cannot read {secret.Path}: {Errno.Describe(errno)}");
        if (mount.Variable is { } variable)
        {
            string value = Encoding.UTF8.GetString(content);
            env.RemoveAll(e => e.Name == variable);
            env.Add(new EnvironmentEntry(variable, value));
        }
        if (mount.Target.Length > 0)
        {
            WriteFile(place, content, mount.Mode ?? 0x100, (mount.Uid, mount.Gid));
            made.Add(Bind(place, mount.Target, readOnly: true));
        }
    }

    private void Ssh(RunMount mount, int number, List<ContainerMount> made, List<EnvironmentEntry> env)
    {
        if (!_session.Request.Ssh.TryGetValue(mount.Id, out string? socket))
        {
            if (mount.Required)
            {
                throw new SkiffException($"no SSH agent \"{mount.Id}\", and the step requires it: give --ssh {mount.Id}=SOCKET");
            }
            return;
        }
        string target = mount.Target.Length > 0 ? mount.Target : $"/run/skiff/ssh_agent.{number}";
        made.Add(Bind(socket, target, readOnly: false));
        env.RemoveAll(static e => e.Name == "SSH_AUTH_SOCK");
        env.Add(new EnvironmentEntry("SSH_AUTH_SOCK", target));
    }

    private static void WriteFile(string path, byte[] content, uint mode, (uint Uid, uint Gid) owner)
    {
        using SafeFd fd = Files.Open(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, 0x180);
        Files.WriteAll(fd, content, path);
        _ = At.ChangeOwner(fd.Value, owner.Uid, owner.Gid);
        _ = At.ChangeMode(fd.Value, mode);
    }

    private static ContainerMount Bind(string source, string target, bool readOnly) =>
        new()
        {
            Syntax = MountSyntax.Mount,
            Type = MountType.Bind,
            Source = source,
            Target = target,
            ReadOnly = readOnly,
        };
}
