using Skiff.Compose.Yaml;

namespace Skiff.Compose.Planning;

/// <summary>What a step does.</summary>
public enum StepKind
{
    /// <summary>Fetches an image.</summary>
    Pull,

    /// <summary>Builds an image.</summary>
    Build,

    /// <summary>Makes a network.</summary>
    CreateNetwork,

    /// <summary>Makes a volume.</summary>
    CreateVolume,

    /// <summary>Makes a container, and starts it where that is asked for.</summary>
    Create,

    /// <summary>Replaces a container by one made anew.</summary>
    Recreate,

    /// <summary>Starts a container that is there.</summary>
    Start,

    /// <summary>Stops a container and starts it again.</summary>
    Restart,

    /// <summary>Nothing: the container runs as it should.</summary>
    Keep,

    /// <summary>Stops a container.</summary>
    Stop,

    /// <summary>Sends a signal to a container.</summary>
    Kill,

    /// <summary>Freezes a container.</summary>
    Pause,

    /// <summary>Lets a frozen container go on.</summary>
    Unpause,

    /// <summary>Stops and removes a container.</summary>
    Remove,

    /// <summary>Waits until the containers of a service are healthy.</summary>
    AwaitHealthy,

    /// <summary>Waits until the containers of a service have ended well.</summary>
    AwaitCompleted,

    /// <summary>Removes a network.</summary>
    RemoveNetwork,

    /// <summary>Removes a volume.</summary>
    RemoveVolume,

    /// <summary>Removes an image.</summary>
    RemoveImage,
}

/// <summary>One step of a plan.</summary>
/// <param name="Index">Its place in the plan.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Subject">On what: the name of a container, network, volume, image or service.</param>
/// <param name="Why">The reason, in a few words.</param>
/// <param name="After">The places of the steps that must be done before.</param>
public sealed record Step(int Index, StepKind Kind, string Subject, string Why, IReadOnlyList<int> After)
{
    /// <summary>The service of a container.</summary>
    public ComposeService? Service { get; init; }

    /// <summary>The number of a container.</summary>
    public int Number { get; init; }

    /// <summary>The container that is there.</summary>
    public ObservedContainer? Old { get; init; }

    /// <summary>The model of a network or volume, and its name in the file.</summary>
    public KeyValuePair<string, Node> Resource { get; init; }

    /// <summary>Where a failure does not stop what comes after it.</summary>
    public bool IsOptional { get; init; }
}
