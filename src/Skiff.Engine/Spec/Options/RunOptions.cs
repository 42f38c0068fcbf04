namespace Skiff.Engine.Spec;

/// <summary>Everything that <c>run</c> or <c>create</c> was asked for: parsed, checked, immutable, and equal by value.</summary>
/// <remarks>What is absent has docker's default (or, where said, Skiff's safer one).</remarks>
public sealed partial record RunOptions
{
    /// <summary>The default of <c>--pids-limit</c>: docker has none, Skiff and podman stop fork bombs.</summary>
    public const long DefaultPidsLimit = 2048;

    /// <summary>The image as it was typed; null with <see cref="Rootfs"/>.</summary>
    public string? Image { get; init; }

    /// <summary>Absolute path of a directory to use as it is instead of an image (<c>--rootfs</c>).</summary>
    public string? Rootfs { get; init; }

    /// <summary>The words after the image; when there are any they replace the image's CMD.</summary>
    public ValueList<string> Arguments { get; init; }

    // Process and terminal

    /// <summary>The container's name; null when the engine chooses one.</summary>
    public string? Name { get; init; }

    /// <summary>Run in the background and print the id.</summary>
    public bool Detach { get; init; }

    /// <summary>Keep stdin open.</summary>
    public bool Interactive { get; init; }

    /// <summary>Give the process a pseudo-terminal.</summary>
    public bool Tty { get; init; }

    /// <summary>Streams to attach; none said means docker's default for the mode.</summary>
    public StandardStreams Attach { get; init; }

    /// <summary>Environment variables, each name once, after env files and the caller's environment were read.</summary>
    public ValueList<EnvironmentEntry> Environment { get; init; }

    /// <summary>Start from an empty environment instead of the image's.</summary>
    public bool UnsetAllEnvironment { get; init; }

    /// <summary>Working directory, absolute; null for the image's.</summary>
    public string? Workdir { get; init; }

    /// <summary><c>name|uid[:group|gid]</c>, resolved against the image's own /etc/passwd; null for the image's.</summary>
    public string? User { get; init; }

    /// <summary>Further groups by name or number.</summary>
    public ValueList<string> GroupAdd { get; init; }

    /// <summary>Remove the container and its anonymous volumes when it ends.</summary>
    public bool Remove { get; init; }

    /// <summary>Remove the image too, unless others use it (podman's <c>--rmi</c>).</summary>
    public bool RemoveImage { get; init; }

    /// <summary>Remove a container of the same name first.</summary>
    public bool Replace { get; init; }

    /// <summary>When the container is started again.</summary>
    public RestartPolicy Restart { get; init; }

    /// <summary>Host name; null for the first 12 characters of the id, or the host's with its network or UTS namespace.</summary>
    public string? Hostname { get; init; }

    /// <summary>NIS domain name.</summary>
    public string? Domainname { get; init; }

    /// <summary>null: the image's ENTRYPOINT; empty: none; otherwise the words that replace it, which also drops the image's CMD.</summary>
    public ValueList<string>? Entrypoint { get; init; }

    /// <summary>Run a reaper as process 1.</summary>
    public bool Init { get; init; }

    /// <summary>Signal of <c>stop</c>: a name such as <c>SIGTERM</c> or <c>SIGRTMIN+3</c>, or a number; null for the image's or SIGTERM.</summary>
    public string? StopSignal { get; init; }

    /// <summary>Seconds <c>stop</c> waits before SIGKILL; -1 waits for ever; null for 10.</summary>
    public int? StopTimeout { get; init; }

    /// <summary>Annotations for the runtime spec.</summary>
    public ValueList<NameValue> Annotations { get; init; }

    /// <summary>Labels, each name once, label files included.</summary>
    public ValueList<NameValue> Labels { get; init; }

    /// <summary>Pass signals given to the engine on to the process.</summary>
    public bool SigProxy { get; init; } = true;

    /// <summary>Keys that detach a terminal, such as <c>ctrl-p,ctrl-q</c>; null for those.</summary>
    public string? DetachKeys { get; init; }

    /// <summary>Seconds after which the container is killed; 0 for never.</summary>
    public int Timeout { get; init; }

    /// <summary>File creation mask of the process; null for 0022.</summary>
    public uint? Umask { get; init; }

    /// <summary>Time zone: a name below /usr/share/zoneinfo, or <c>local</c> for the host's.</summary>
    public string? Timezone { get; init; }

    /// <summary>File to write the container's id to; it must not exist.</summary>
    public string? CidFile { get; init; }

    /// <summary>File to write the process id to.</summary>
    public string? PidFile { get; init; }

    // Image

    /// <summary>Platform <c>os[/architecture[/variant]]</c>; null for the host's.</summary>
    public string? Platform { get; init; }

    /// <summary>When to fetch the image.</summary>
    public PullPolicy Pull { get; init; }

    /// <summary>No progress while pulling.</summary>
    public bool Quiet { get; init; }

    /// <summary>Require TLS with a valid certificate from a registry that is not on loopback.</summary>
    public bool TlsVerify { get; init; } = true;

    // Network

    /// <summary>Networks in the order given; empty for the default bridge.</summary>
    public ValueList<NetworkAttachment> Networks { get; init; }

    /// <summary>Published ports.</summary>
    public ValueList<PortMapping> Ports { get; init; }

    /// <summary>Publish every exposed port on a free host port.</summary>
    public bool PublishAll { get; init; }

    /// <summary>Exposed ports beside the image's.</summary>
    public ValueList<ExposedPort> Expose { get; init; }

    /// <summary>Lines for /etc/hosts.</summary>
    public ValueList<HostEntry> AddHost { get; init; }

    /// <summary>Name servers; empty for the host's.</summary>
    public ValueList<string> Dns { get; init; }

    /// <summary>Resolver options, resolv.conf(5).</summary>
    public ValueList<string> DnsOptions { get; init; }

    /// <summary>Search domains; a single <c>.</c> for none.</summary>
    public ValueList<string> DnsSearch { get; init; }

    /// <summary>docker's old links: <c>container[:alias]</c>.</summary>
    public ValueList<string> Links { get; init; }

    /// <summary>Leave the image's /etc/hosts alone.</summary>
    public bool NoHosts { get; init; }

    /// <summary>Leave the image's /etc/hostname alone.</summary>
    public bool NoHostname { get; init; }

    // Storage

    /// <summary>Mounts: those of <c>-v</c> first, then <c>--mount</c>, then <c>--tmpfs</c>; no target twice.</summary>
    public ValueList<ContainerMount> Mounts { get; init; }

    /// <summary>Containers whose volumes are mounted here too.</summary>
    public ValueList<VolumesFrom> VolumesFrom { get; init; }

    /// <summary>Secrets, as files in memory or as variables.</summary>
    public ValueList<SecretUse> Secrets { get; init; }

    /// <summary>Mount the root file system read-only.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>With <see cref="ReadOnly"/>: writable tmpfs on /run, /tmp and /var/tmp (podman's <c>--read-only-tmpfs</c>).</summary>
    public bool ReadOnlyTmpfs { get; init; }

    /// <summary>Bytes of /dev/shm; null for 64 MiB.</summary>
    public long? ShmSize { get; init; }

    /// <summary>Options of the storage driver, such as <c>size=10g</c>.</summary>
    public ValueList<NameValue> StorageOptions { get; init; }

    /// <summary>Driver of volumes made by this command.</summary>
    public string? VolumeDriver { get; init; }
}
