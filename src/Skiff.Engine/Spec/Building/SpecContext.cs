using Skiff.Images;
using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <summary>What the options are turned into a spec with: the image, the container's own paths, and facts of the host. The builder itself looks at nothing else.</summary>
public sealed record SpecContext
{
    /// <summary>The container's id, 64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary><c>root.path</c>: absolute, or relative to the bundle.</summary>
    public required string RootPath { get; init; }

    /// <summary>The image's config; null with <c>--rootfs</c>.</summary>
    public ImageConfig? Image { get; init; }

    /// <summary>Reads a small file of the image by its absolute path; null when it is not there.</summary>
    public Func<string, byte[]?> ReadImageFile { get; init; } = static _ => null;

    /// <summary>Host path of the generated resolv.conf; null leaves the image's.</summary>
    public string? ResolvConf { get; init; }

    /// <summary>Host path of the generated hosts file.</summary>
    public string? Hosts { get; init; }

    /// <summary>Host path of the generated hostname file.</summary>
    public string? HostnameFile { get; init; }

    /// <summary>Host directory of a volume's content, by name.</summary>
    public Func<string, string> VolumeDirectory { get; init; } = static name => "/var/lib/skiff/volumes/" + name + "/_data";

    /// <summary>Name of the anonymous volume for a target: the old one when a container is started again, otherwise a new random one.</summary>
    public Func<string, string> AnonymousVolume { get; init; } = static _ => RandomBytes.Hex(32);

    /// <summary>Host directory for the upper and work directories of a throw-away overlay, by a number from 0 up.</summary>
    public Func<int, string> OverlayDirectory { get; init; } =
        static number => throw new SkiffException($"no directory for overlay mount {number}", 125);

    /// <summary>Layer directories of another image, bottom first (<c>type=image</c>).</summary>
    public Func<string, IReadOnlyList<string>> ImageLayers { get; init; } =
        static image => throw new SkiffException($"the image {image} is not in the store", 125);

    /// <summary>Facts of another container whose namespaces are joined; throws when it does not run.</summary>
    public Func<string, PeerContainer> Peer { get; init; } =
        static name => throw new SkiffException($"there is no running container {name}", 125);

    /// <summary>Mounts that come from <c>--volumes-from</c>, already looked up.</summary>
    public ValueList<ContainerMount> InheritedMounts { get; init; }

    /// <summary>Variables of <c>--link</c>, already looked up; those of the image and the user go before.</summary>
    public IReadOnlyList<NameValue> LinkedEnvironment { get; init; } = [];

    /// <summary>Ids of the host that other containers with <c>--userns auto</c> have: user ids, or group ids.</summary>
    public Func<bool, IReadOnlyList<IdMapping>> TakenIds { get; init; } = static _ => [];

    /// <summary>The maps that a container with <c>--userns auto</c> had before, when it is started again; null for a new one.</summary>
    public (ValueList<IdMapping> Uids, ValueList<IdMapping> Gids)? KeptIds { get; init; }

    /// <summary>First size of the terminal.</summary>
    public ConsoleSize? ConsoleSize { get; init; }

    /// <summary>The host.</summary>
    public HostFacts Host { get; init; } = new();
}

/// <summary>A running container that another one joins.</summary>
/// <param name="Pid">Its first process.</param>
/// <param name="Hostname">Its host name.</param>
/// <param name="SharedMemory">Host path of its /dev/shm; null when it has none that can be shared.</param>
/// <param name="OwnUsers">It has a user namespace of its own.</param>
public sealed record PeerContainer(int Pid, string Hostname, string? SharedMemory = null, bool OwnUsers = false);

/// <summary>A volume that the container needs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Anonymous">True when it goes with the container (<c>--rm</c>, <c>rm -v</c>).</param>
/// <param name="Target">Path in the container.</param>
/// <param name="CopyUp">Fill it from the image's directory while it is empty.</param>
/// <param name="Mount">What was asked, with subpath, labels and driver options.</param>
public sealed record VolumeUse(string Name, bool Anonymous, string Target, bool CopyUp, ContainerMount Mount);

/// <summary>A throw-away layer over something.</summary>
/// <param name="Directory">Host directory that gets <c>upper</c> and <c>work</c>.</param>
/// <param name="Source">The directory that is seen through it.</param>
public sealed record OverlayUse(string Directory, string Source);

/// <summary>A mount that was asked for and what became of it.</summary>
/// <param name="Mount">What was asked.</param>
/// <param name="Spec">Its place in the spec.</param>
/// <param name="Volume">The volume that it needs, or null.</param>
public sealed record AskedMount(ContainerMount Mount, MountSpec Spec, VolumeUse? Volume);

/// <summary>The spec and what has to be made for it first.</summary>
public sealed record SpecResult
{
    /// <summary>What launch starts.</summary>
    public required RuntimeSpec Spec { get; init; }

    /// <summary>The resolved user.</summary>
    public required ResolvedUser User { get; init; }

    /// <summary>Volumes to make or find before the start.</summary>
    public ValueList<VolumeUse> Volumes { get; init; }

    /// <summary>Host directories to make because <c>-v</c> names missing sources (RUN-26); existing ones are left.</summary>
    public ValueList<string> SourcesToCreate { get; init; }

    /// <summary>Bind sources that must exist (<c>--mount</c>).</summary>
    public ValueList<string> SourcesRequired { get; init; }

    /// <summary>Host paths whose owner becomes the container's user (<c>:U</c>).</summary>
    public ValueList<string> SourcesToChown { get; init; }

    /// <summary>Throw-away overlays to prepare.</summary>
    public ValueList<OverlayUse> Overlays { get; init; }

    /// <summary>The mounts that the user or the image asked for, in the order in which they are made.</summary>
    public ValueList<AskedMount> Asked { get; init; }

    /// <summary>Devices whose path on the host is another: path in the container, path on the host.</summary>
    public ValueList<NameValue> DeviceSources { get; init; }

    /// <summary>Signal of <c>stop</c> by name.</summary>
    public string StopSignal { get; init; } = "SIGTERM";

    /// <summary>Sentences for the user that stop nothing.</summary>
    public ValueList<string> Warnings { get; init; }
}

/// <summary>Annotations of Skiff's own in a spec: things a launch needs that the runtime spec has no field for.</summary>
public static class SpecAnnotations
{
    /// <summary><c>true</c>: the process runs under Skiff's init as process 1 (<c>--init</c>).</summary>
    public const string Init = "org.skiff.init";

    /// <summary>Which variables get their value from a secret, for <c>exec</c>: <c>VARIABLE=secret,…</c>. The values stand nowhere but in the processes.</summary>
    public const string SecretVariables = "org.skiff.secret-variables";

    /// <summary>Whether a container has a process 1 of ours (<c>--init</c>).</summary>
    internal static bool HasInit(RuntimeSpec spec)
    {
        foreach (NameValue annotation in spec.Annotations)
        {
            if (annotation is { Name: Init, Value: "true" })
            {
                return true;
            }
        }
        return false;
    }
}
