using Skiff.Linux;

namespace Skiff.Images;

/// <summary>How an image wants to be run, and what its layers are once unpacked (image-spec config.md). Absent values are empty, never null (REG-20).</summary>
public sealed record ImageConfig
{
    /// <summary>Greatest size of a config in bytes.</summary>
    public const int MaxBytes = 8 << 20;

    /// <summary>GOARCH.</summary>
    public string Architecture { get; init; } = "";

    /// <summary>GOOS.</summary>
    public string Os { get; init; } = "";

    /// <summary>Variant of the CPU; usually empty.</summary>
    public string Variant { get; init; } = "";

    /// <summary>When the image was made; null if not given or not a time.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>Who made it.</summary>
    public string Author { get; init; } = "";

    /// <summary>User of the process: <c>user</c>, <c>uid</c>, <c>user:group</c>, …; empty is root.</summary>
    public string User { get; init; } = "";

    /// <summary>Environment, <c>NAME=value</c>.</summary>
    public IReadOnlyList<string> Env { get; init; } = [];

    /// <summary>The command that the arguments are given to.</summary>
    public IReadOnlyList<string> Entrypoint { get; init; } = [];

    /// <summary>Default arguments, or the command itself if there is no entry point.</summary>
    public IReadOnlyList<string> Cmd { get; init; } = [];

    /// <summary>Working directory; empty is /.</summary>
    public string WorkingDir { get; init; } = "";

    /// <summary>Paths that want a volume.</summary>
    public IReadOnlyList<string> Volumes { get; init; } = [];

    /// <summary>Ports that it listens on: <c>80/tcp</c>.</summary>
    public IReadOnlyList<string> ExposedPorts { get; init; } = [];

    /// <summary>Labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = JsonText.NoMap;

    /// <summary>Signal that stops it: name or number; empty is SIGTERM.</summary>
    public string StopSignal { get; init; } = "";

    /// <summary>How to see that it is healthy (docker's extension); null if not given.</summary>
    public Healthcheck? Healthcheck { get; init; }

    /// <summary>The shell of the Dockerfile's shell forms (docker's extension).</summary>
    public IReadOnlyList<string> Shell { get; init; } = [];

    /// <summary>Instructions for builds that start from this image (docker's extension).</summary>
    public IReadOnlyList<string> OnBuild { get; init; } = [];

    /// <summary>Digests of the layers' plain tars, bottom first.</summary>
    public IReadOnlyList<Digest> DiffIds { get; init; } = [];

    /// <summary>How it was made, oldest first.</summary>
    public IReadOnlyList<HistoryEntry> History { get; init; } = [];

    /// <summary>The platform.</summary>
    public Platform Platform => new(Os, Architecture, Variant);

    /// <summary>Reads a config; throws <see cref="SkiffException"/> for an invalid one. Unknown members are ignored.</summary>
    public static ImageConfig Parse(ReadOnlySpan<byte> bytes) =>
        bytes.Length > MaxBytes
            ? throw new SkiffException($"the image config has {bytes.Length} bytes, more than the {MaxBytes} that are accepted")
            : JsonText.Document(bytes, "the image config", ImageConfigReader.Read);
}

/// <summary>One line of an image's history (image-spec config.md, "history").</summary>
/// <param name="Created">When; null if not given.</param>
/// <param name="CreatedBy">The command.</param>
/// <param name="Author">Who.</param>
/// <param name="Comment">A remark.</param>
/// <param name="EmptyLayer">True if it made no layer.</param>
public sealed record HistoryEntry(DateTimeOffset? Created, string CreatedBy, string Author, string Comment, bool EmptyLayer);

/// <summary>Docker's health check; times are nanoseconds, 0 means docker's default.</summary>
/// <param name="Test"><c>NONE</c>, or <c>CMD</c> and arguments, or <c>CMD-SHELL</c> and a command line.</param>
/// <param name="Interval">Time between checks.</param>
/// <param name="Timeout">Time that a check may take.</param>
/// <param name="StartPeriod">Time after the start in which failures do not count.</param>
/// <param name="StartInterval">Time between checks in the start period.</param>
/// <param name="Retries">Failures in a row until it is unhealthy.</param>
public sealed record Healthcheck(
    IReadOnlyList<string> Test,
    long Interval,
    long Timeout,
    long StartPeriod,
    long StartInterval,
    long Retries
);
