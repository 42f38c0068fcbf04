using Skiff.Engine.Spec;

namespace Skiff.Engine.Containers;

/// <summary>What was asked when the container was created: immutable but for its name and what <c>update</c> changes. Kept in containers/&lt;id&gt;/record.json.</summary>
/// <remarks>It holds what listings, filters and the monitor need without parsing anything else; the whole request is in <see cref="Options"/> and the OCI spec beside it.</remarks>
public sealed partial record ContainerRecord
{
    /// <summary>64 lower-case hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The name, without docker's leading slash.</summary>
    public required string Name { get; init; }

    /// <summary>When it was created, UTC.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>The image as the user wrote it, or the directory of <c>--rootfs</c>.</summary>
    public string Image { get; init; } = "";

    /// <summary>The digest of the image's configuration, <c>sha256:…</c>; empty with <c>--rootfs</c>.</summary>
    public string ImageId { get; init; } = "";

    /// <summary>The digest of the image's manifest; empty with <c>--rootfs</c>.</summary>
    public string ManifestDigest { get; init; } = "";

    /// <summary>The platform of the image, such as <c>linux/amd64</c>.</summary>
    public string Platform { get; init; } = "";

    /// <summary>The whole argument list of the first process: entry point and command.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Labels of the image and of <c>--label</c>, merged.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary><c>--rm</c>.</summary>
    public bool AutoRemove { get; init; }

    /// <summary>True when the CLI itself is the parent and no monitor exists; it holds the session lock.</summary>
    public bool Foreground { get; init; }

    /// <summary><c>-t</c>.</summary>
    public bool Tty { get; init; }

    /// <summary><c>-i</c>.</summary>
    public bool OpenStdin { get; init; }

    /// <summary>The signal of <c>stop</c>, by name or number, such as <c>SIGTERM</c>.</summary>
    public string StopSignal { get; init; } = "SIGTERM";

    /// <summary>Seconds that <c>stop</c> waits before SIGKILL; −1 waits for ever.</summary>
    public int StopTimeout { get; init; } = 10;

    /// <summary>What the monitor does when the first process ends.</summary>
    public RestartPolicy RestartPolicy { get; init; }

    /// <summary>The network mode or the name of the first network: <c>bridge</c>, <c>host</c>, <c>none</c>, <c>container:&lt;id&gt;</c>, or a user's network.</summary>
    public string NetworkMode { get; init; } = "bridge";

    /// <summary>Names of the networks beside the first; empty for most.</summary>
    public IReadOnlyList<string> MoreNetworks { get; init; } = [];

    /// <summary>Ports that the image or <c>--expose</c> names, such as <c>80/tcp</c>.</summary>
    public IReadOnlyList<string> ExposedPorts { get; init; } = [];

    /// <summary>Bind mounts, volumes and tmpfs that the user or the image asked for.</summary>
    public IReadOnlyList<MountRecord> Mounts { get; init; } = [];

    /// <summary>Names of the volumes made for this container alone; <c>rm -v</c> and <c>--rm</c> remove them.</summary>
    public IReadOnlyList<string> AnonymousVolumes { get; init; } = [];

    /// <summary>Map of user ids of a user namespace of its own, <c>container:host:size</c>; empty without.</summary>
    public IReadOnlyList<string> UidMap { get; init; } = [];

    /// <summary>The same of group ids.</summary>
    public IReadOnlyList<string> GidMap { get; init; } = [];

    /// <summary>Directories of the image's layers, bottom first; empty with <c>--rootfs</c>.</summary>
    public IReadOnlyList<string> LayerDirectories { get; init; } = [];

    /// <summary><c>--log-driver</c>: json-file, local, journald or none.</summary>
    public string LogDriver { get; init; } = "json-file";

    /// <summary><c>--log-opt</c>.</summary>
    public IReadOnlyDictionary<string, string> LogOptions { get; init; } = new Dictionary<string, string>();

    /// <summary>The health check of the image or of <c>--health-*</c>; null when there is none.</summary>
    public HealthCheck? HealthCheck { get; init; }

    /// <summary>The whole request as JSON, written and read by the options type of the Spec folder.</summary>
    public ReadOnlyMemory<byte> Options { get; init; }

    /// <summary>The first twelve digits, as listings show them.</summary>
    public string ShortId => Id.Length > 12 ? Id[..12] : Id;
}

/// <summary>One mount that the user or the image asked for, in the words of docker's <c>inspect</c>.</summary>
/// <param name="Type"><c>bind</c>, <c>volume</c> or <c>tmpfs</c>.</param>
/// <param name="Name">The volume's name; empty for other types.</param>
/// <param name="Source">Absolute path on the host; empty for tmpfs.</param>
/// <param name="Destination">Absolute path in the container.</param>
/// <param name="Mode">The options as written, such as <c>ro,z</c>.</param>
/// <param name="ReadWrite">False for read-only.</param>
/// <param name="Propagation">Such as <c>rprivate</c>; empty for volumes and tmpfs.</param>
/// <param name="Inherited">Taken over from another container, <c>--volumes-from</c>.</param>
public sealed record MountRecord(
    string Type,
    string Name,
    string Source,
    string Destination,
    string Mode,
    bool ReadWrite,
    string Propagation,
    bool Inherited = false
);

/// <summary>A health check, docker's HEALTHCHECK: image-spec config extension and <c>--health-*</c>.</summary>
/// <param name="Test"><c>["CMD", …]</c>, <c>["CMD-SHELL", "…"]</c>, or <c>["NONE"]</c>.</param>
/// <param name="Interval">Time between checks; 30 s by default.</param>
/// <param name="Timeout">Time after which a check has failed; 30 s by default.</param>
/// <param name="StartPeriod">Time after start in which failures do not count; 0 by default.</param>
/// <param name="StartInterval">Time between checks in the start period; 5 s by default.</param>
/// <param name="Retries">Failures in a row that make it unhealthy; 3 by default.</param>
public sealed record HealthCheck(
    IReadOnlyList<string> Test,
    TimeSpan Interval,
    TimeSpan Timeout,
    TimeSpan StartPeriod,
    TimeSpan StartInterval,
    int Retries
);
