using Skiff.Engine.Containers;
using Skiff.Engine.Health;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.Capabilities;
using Skiff.Linux.FileTree;
using Skiff.Linux.Terminal;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>From options and image to a recorded container with its spec.</summary>
public static partial class ContainerPreparation
{
    /// <summary>Makes the container's directory with record and state, and for a foreground container the generated files of /etc; nothing is started.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="options">What is asked.</param>
    /// <param name="image">The image; null with a plain root directory.</param>
    /// <param name="id">The new container's id.</param>
    /// <param name="session">The session of a foreground container; null for one that a monitor starts, which writes the files itself.</param>
    /// <param name="planned">Called when the spec is made and before anything is recorded, by who launches the container then.</param>
    /// <exception cref="SkiffException">The options do not fit the image or the host, or the name is in use; nothing is left behind.</exception>
    public static PreparedContainer Create(
        SkiffEngine engine,
        RunOptions options,
        Image? image,
        string id,
        FileLock? session,
        Action<PreparedContainer>? planned = null
    )
    {
        CheckLog(options);
        ContainerSecrets.Check(engine, options);
        ContainerLinks.Check(engine, options);
        NetworkAttachments.Check(engine, options);
        using FileLock? ids = AutomaticIds.Lock(engine, options);
        PreparedContainer plan = Plan(engine, options, image, foreground: session is not null, id);
        MappedLayer.Ensure(engine, plan);
        if (options.HealthOnFailure != HealthAction.None && plan.Record.HealthCheck is null)
        {
            throw new SkiffException(
                $"--health-on-failure {options.HealthOnFailure.ToString().ToLowerInvariant()}: the container has no health check, from the image or from --health-cmd, that could fail",
                125
            );
        }
        if (options.Replace)
        {
            Replace(
                engine,
                options.Name
                    ?? throw new SkiffException("--replace needs --name: it removes the container of that name first", 125)
                    {
                        IsUsage = true,
                    }
            );
        }
        planned?.Invoke(plan);
        FileLock? transient = options.Remove ? session : null;
        ContainerRecord record = engine.Containers.Create(
            plan.Record,
            new ContainerState { Status = ContainerStatus.Created, Cgroup = plan.Result.Spec.Linux.CgroupsPath ?? "" },
            transient
        );
        ids?.Dispose(); // they are recorded
        try
        {
            if (session is not null || planned is not null)
            {
                EtcFiles.WriteEarly(engine, id, options, plan.Result.Spec.Hostname ?? plan.Record.ShortId);
            }
            if (options.Security.ProfilePath is { } profile && transient is null)
            {
                Files.Replace(engine.Paths.SeccompProfile(id), KernelSeccomp.ReadFile(profile));
            }
            CopyRootAttributes(engine.Paths.Upper(id), plan.Layers);
            if (plan.IsCopied)
            {
                CopiedRoot.Ensure(engine, plan with { Record = record });
            }
            VolumePreparation.Prepare(engine, plan, first: true);
            PeerLookup.TellShared(engine, options);
            ContainerSecrets.Take(engine, options, id);
        }
        catch
        {
            ContainerRemoval.RemoveAnonymousVolumes(engine, record);
            engine.Containers.Remove(record);
            throw;
        }
        engine.Events.Container(record, "create");
        return plan with { Record = record, Session = transient };
    }

    private static void Replace(SkiffEngine engine, string name)
    {
        if (engine.Containers.IdOfName(name) is { } id && engine.Containers.TryLoad(id) is { } old)
        {
            ContainerRemoval.Remove(engine, old, force: true, volumes: false);
        }
    }

    /// <summary>The same without touching the host: for <c>explain</c>.</summary>
    public static PreparedContainer Plan(SkiffEngine engine, RunOptions options, Image? image, bool foreground, string id)
    {
        CheckLog(options);
        return Plan(engine, options, image, foreground, id, before: null);
    }

    private static void CheckLog(RunOptions options)
    {
        if (options.LogDriver is not null || !options.LogOptions.IsEmpty)
        {
            Monitoring.LogOptions.Check(options.LogDriver, LogOptions(options));
        }
    }

    private static PreparedContainer Plan(
        SkiffEngine engine,
        RunOptions options,
        Image? image,
        bool foreground,
        string id,
        ContainerRecord? before,
        WindowSize? terminal = null
    )
    {
        IReadOnlyList<string> layers = image?.LayerDirectories ?? [];
        string directory = engine.Paths.Container(id);
        string etc = engine.Paths.Etc(id);
        List<string> anonymous = [];
        bool copied = CopiedRoot.Is(engine, options, image, before);
        IReadOnlyList<string> volumesOfBefore = before?.AnonymousVolumes ?? [];
        SpecContext context = new()
        {
            Id = id,
            RootPath =
                options.Rootfs is { } rootfs ? Path.GetFullPath(rootfs)
                : copied ? CopiedRoot.Place(engine.Paths, id)
                : directory,
            Image = image?.Config,
            ReadImageFile = options.Rootfs is { } plain
                ? path => LayeredFiles.Read([Path.GetFullPath(plain)], path)
                : path => LayeredFiles.Read(layers, path),
            ResolvConf = etc + "/resolv.conf",
            Hosts = options.NoHosts ? null : etc + "/hosts",
            HostnameFile = options.NoHostname ? null : etc + "/hostname",
            VolumeDirectory = name => $"{engine.Paths.Volumes}/{name}/_data",
            AnonymousVolume = target =>
            {
                string name = anonymous.Count < volumesOfBefore.Count ? volumesOfBefore[anonymous.Count] : RandomBytes.Hex(32);
                anonymous.Add(name);
                return name;
            },
            OverlayDirectory = number => $"{directory}/overlay{number}",
            ImageLayers = name => [.. engine.Images.Get(name).LayerDirectories],
            Peer = name => PeerLookup.Find(engine, name),
            LinkedEnvironment = options.Links.IsEmpty
                ? []
                : ContainerLinks.Environment(engine, options, before?.Name ?? options.Name ?? id[..12]),
            TakenIds = users => AutomaticIds.Taken(engine, users),
            KeptIds = AutomaticIds.Of(before),
            InheritedMounts = InheritedMounts.Of(engine, options, before),
            ConsoleSize = options.Tty && (terminal ?? Tty.GetSize(0)) is { } size ? new ConsoleSize(size.Rows, size.Columns) : null,
            Host = HostFacts.Read(options),
        };
        SpecResult result = WithProfile(SpecBuilder.Build(options, context), before is null ? null : engine.Paths.SeccompProfile(id));
        string[]? mapped = MappedLayer.Of(image, result.Spec.Linux) is { } copy ? [copy] : null;
        return new PreparedContainer
        {
            Options = options,
            Image = image,
            Result = result,
            Layers = mapped ?? layers,
            ShortLayers = mapped ?? image?.ShortDirectories ?? [],
            IsCopied = copied,
            Record = RecordOf(engine, options, image, result, id, foreground, anonymous, context.InheritedMounts) with
            {
                LayerDirectories = copied ? [] : mapped ?? layers,
            },
        };
    }

    /// <summary>A profile file counts as it was when the container was created; later nobody needs it, as with docker and podman.</summary>
    private static SpecResult WithProfile(SpecResult result, string? kept)
    {
        RuntimeSpec spec = result.Spec;
        if (spec.Linux.Seccomp is not { ProfilePath: { } path } seccomp)
        {
            return result;
        }
        CapabilitySet bounding = CapabilitySet.Parse(spec.Process!.Capabilities?.Bounding ?? [], "capabilities");
        SeccompSpec file = seccomp with { ProfilePath = kept is not null && Files.Exists(kept) ? kept : path };
        return result with { Spec = spec with { Linux = spec.Linux with { Seccomp = KernelSeccomp.Resolve(file, bounding) } } };
    }

    private static ContainerRecord RecordOf(
        SkiffEngine engine,
        RunOptions options,
        Image? image,
        SpecResult result,
        string id,
        bool foreground,
        List<string> anonymous,
        ValueList<ContainerMount> inherited
    )
    {
        IReadOnlyList<MountRecord> mounts = MountRecords.Of(engine, result, inherited);
        anonymous.AddRange(InheritedMounts.Anonymous(engine, options, mounts));
        Dictionary<string, string> labels = [];
        if (image is not null)
        {
            foreach ((string name, string value) in image.Config.Labels)
            {
                labels[name] = value;
            }
        }
        foreach (NameValue label in options.Labels)
        {
            labels[label.Name] = label.Value;
        }
        return new ContainerRecord
        {
            Id = id,
            Name = options.Name ?? "",
            Created = TimeProvider.System.GetUtcNow(),
            Image = options.Image ?? options.Rootfs ?? "",
            ImageId = image?.Id.ToString() ?? "",
            ManifestDigest = image?.ManifestDigest.ToString() ?? "",
            Command = [.. result.Spec.Process!.Args.AsSpan()],
            Labels = labels,
            AutoRemove = options.Remove,
            Foreground = foreground,
            Tty = options.Tty,
            OpenStdin = options.Interactive,
            StopSignal = result.StopSignal,
            StopTimeout = options.StopTimeout ?? 10,
            RestartPolicy = options.Restart,
            NetworkMode = options.Networks.IsEmpty ? "bridge" : NetworkName(options.Networks[0]),
            MoreNetworks = options.Networks.Count < 2 ? [] : [.. options.Networks.Skip(1).Select(NetworkName)],
            Mounts = mounts,
            AnonymousVolumes = anonymous,
            UidMap = AutomaticIds.Text(result.Spec.Linux.UidMappings),
            GidMap = AutomaticIds.Text(result.Spec.Linux.GidMappings),
            LogDriver = options.LogDriver ?? "json-file",
            LogOptions = LogOptions(options),
            HealthCheck = HealthConfig.Of(options, image?.Config),
            ExposedPorts = Exposed(options, image),
            Platform = image?.Config.Platform.ToString() ?? "",
            Options = OptionBytes(options),
        };
    }

    internal static byte[] OptionBytes(RunOptions options)
    {
        System.Buffers.ArrayBufferWriter<byte> buffer = new(1024);
        using System.Text.Json.Utf8JsonWriter writer = new(buffer, Json.Compact);
        RunOptionsJson.Write(writer, options);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>docker's NetworkMode of what a container is connected with.</summary>
    public static string NetworkName(NetworkAttachment network) =>
        network.Kind switch
        {
            NetworkKind.Bridge => "bridge",
            NetworkKind.None => "none",
            NetworkKind.Host => "host",
            NetworkKind.Pasta => "pasta",
            NetworkKind.Container => "container:" + network.Target,
            NetworkKind.Path => "ns:" + network.Target,
            _ => network.Target,
        };

    /// <summary>overlayfs shows the upper directory's owner and mode as those of the container's root: they are the image's.</summary>
    internal static void CopyRootAttributes(string upper, IReadOnlyList<string> layers)
    {
        if (layers.Count == 0)
        {
            return;
        }
        using SafeFd top = Files.Open(layers[^1], OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        if (At.Stat(top.Value, out StatxBuffer stat) != 0 || (stat.Mode & 0xFFF, stat.Uid, stat.Gid) == (0x1ED, 0u, 0u))
        {
            return;
        }
        using SafeFd root = Files.Open(upper, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        _ = At.ChangeOwner(root.Value, stat.Uid, stat.Gid);
        _ = At.ChangeMode(root.Value, stat.Mode & 0xFFFu);
    }
}
