using Skiff.Build.Context;
using Skiff.Engine;
using Skiff.Engine.Spec;
using Skiff.Images;
using Skiff.Images.Store;

namespace Skiff.Build;

/// <summary>Everything that a build is asked for.</summary>
public sealed record BuildRequest
{
    /// <summary>Where images, layers and containers are.</summary>
    public required SkiffEngine Engine { get; init; }

    /// <summary>The text of the Dockerfile.</summary>
    public required string Dockerfile { get; init; }

    /// <summary>Its name, for messages.</summary>
    public string DockerfileName { get; init; } = "Dockerfile";

    /// <summary>The directory that COPY and ADD read from, absolute; null for none.</summary>
    public string? Context { get; init; }

    /// <summary>What of it is no part of the context.</summary>
    public IgnorePatterns Ignored { get; init; } = IgnorePatterns.None;

    /// <summary>Further contexts by name: an absolute directory, or an image as <c>docker-image://name</c>.</summary>
    public IReadOnlyDictionary<string, string> NamedContexts { get; init; } = new Dictionary<string, string>();

    /// <summary>The names of the image; none for an image without a name.</summary>
    public IReadOnlyList<Reference> Names { get; init; } = [];

    /// <summary>Values of ARGs.</summary>
    public IReadOnlyDictionary<string, string> BuildArgs { get; init; } = new Dictionary<string, string>();

    /// <summary>Labels beside the Dockerfile's.</summary>
    public IReadOnlyList<NameValue> Labels { get; init; } = [];

    /// <summary>The stage to build; null for the last.</summary>
    public string? Target { get; init; }

    /// <summary>What <c>RUN --mount=type=secret</c> can ask for.</summary>
    public IReadOnlyList<BuildSecret> Secrets { get; init; } = [];

    /// <summary>Sockets of SSH agents by id: what <c>RUN --mount=type=ssh</c> can ask for.</summary>
    public IReadOnlyDictionary<string, string> Ssh { get; init; } = new Dictionary<string, string>();

    /// <summary>Use nothing that was built before.</summary>
    public bool NoCache { get; init; }

    /// <summary>Stages that are not taken from the cache.</summary>
    public IReadOnlyList<string> NoCacheStages { get; init; } = [];

    /// <summary>The platform; null for this machine's.</summary>
    public Platform? Platform { get; init; }

    /// <summary>How the containers of RUN are made: network, hosts, limits.</summary>
    public RunOptions Run { get; init; } = new();

    /// <summary>Finds a base image, or fetches it.</summary>
    public required Func<string, Platform?, Image> FetchImage { get; init; }

    /// <summary>What to make of the result.</summary>
    public BuildOutput Output { get; init; } = new(BuildOutputType.Image, "");

    /// <summary>Writes an archive to a place, for outputs that are one; null where none is asked for.</summary>
    public Action<string, Action<Stream>>? WriteArchive { get; init; }

    /// <summary>The time that everything in the image has (SOURCE_DATE_EPOCH): two builds of the same input are then the same to the last bit. Null for the true times.</summary>
    public DateTimeOffset? SourceDate { get; init; }

    /// <summary>Told what happens.</summary>
    public required IBuildProgress Progress { get; init; }

    /// <summary>Ends it.</summary>
    public CancellationToken Cancel { get; init; }
}

/// <summary>A secret for a build, never part of an image or of the cache's keys.</summary>
/// <param name="Id">The name that the Dockerfile asks for.</param>
/// <param name="Path">The file, absolute; null with a variable.</param>
/// <param name="Value">The content, from a variable; null with a file.</param>
public sealed record BuildSecret(string Id, string? Path, byte[]? Value)
{
    /// <inheritdoc/>
    public override string ToString() => $"secret {Id}";
}

/// <summary>What becomes of a build.</summary>
public enum BuildOutputType
{
    /// <summary>An image in the store.</summary>
    Image,

    /// <summary>The files in a directory.</summary>
    Local,

    /// <summary>The files in a tar archive.</summary>
    Tar,

    /// <summary>An OCI layout in a tar archive.</summary>
    Oci,

    /// <summary>An archive for <c>docker load</c>.</summary>
    Docker,

    /// <summary>Nothing: only the cache is filled.</summary>
    CacheOnly,
}

/// <summary>An output.</summary>
/// <param name="Type">What.</param>
/// <param name="Destination">Where, absolute; <c>-</c> for standard output; empty for the store.</param>
public sealed record BuildOutput(BuildOutputType Type, string Destination);

/// <summary>What was built.</summary>
/// <param name="Image">The image; null where the output was no image.</param>
/// <param name="Steps">How many steps there were.</param>
/// <param name="Cached">How many of them had been done before.</param>
public sealed record BuildResult(Image? Image, int Steps, int Cached);
