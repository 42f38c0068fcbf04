namespace Skiff.Engine.Spec;

/// <summary>An OCI runtime configuration (<c>config.json</c>), runtime-spec 1.0 to 1.3, Linux part. Immutable; launch reads nothing else.</summary>
public sealed record RuntimeSpec
{
    /// <summary>The version that Skiff writes: the oldest with domainname and rro, because crun 1.8 (Debian 12) refuses a bundle of 1.2.</summary>
    public const string WrittenVersion = "1.1.0";

    /// <summary><c>ociVersion</c>, SemVer 2.0.</summary>
    public string OciVersion { get; init; } = WrittenVersion;

    /// <summary>The process; null when only a later <c>exec</c> brings one.</summary>
    public ProcessSpec? Process { get; init; }

    /// <summary>The root file system.</summary>
    public RootSpec? Root { get; init; }

    /// <summary>Host name for the UTS namespace; null leaves it.</summary>
    public string? Hostname { get; init; }

    /// <summary>NIS domain name for the UTS namespace; null leaves it.</summary>
    public string? Domainname { get; init; }

    /// <summary>Mounts in the order they are made.</summary>
    public ValueList<MountSpec> Mounts { get; init; }

    /// <summary>Programs to run around the life of the container; null for none.</summary>
    public HooksSpec? Hooks { get; init; }

    /// <summary>Free metadata.</summary>
    public ValueList<NameValue> Annotations { get; init; }

    /// <summary>The Linux part.</summary>
    public LinuxSpec Linux { get; init; } = new();
}

/// <summary><c>root</c>.</summary>
/// <param name="Path">Absolute, or relative to the bundle.</param>
/// <param name="ReadOnly">Mount it read-only.</param>
public sealed record RootSpec(string Path, bool ReadOnly = false);

/// <summary>One of <c>mounts</c>.</summary>
public sealed record MountSpec
{
    /// <summary>Absolute path in the container.</summary>
    public required string Destination { get; init; }

    /// <summary>File system type; null or <c>none</c> or <c>bind</c> with a bind option.</summary>
    public string? Type { get; init; }

    /// <summary>Device, or the host path of a bind.</summary>
    public string? Source { get; init; }

    /// <summary>Options in mount(8)'s words, as listed in the runtime spec.</summary>
    public ValueList<string> Options { get; init; }

    /// <summary>Id map for an id-mapped mount.</summary>
    public ValueList<IdMapping> UidMappings { get; init; }

    /// <summary>Id map for an id-mapped mount.</summary>
    public ValueList<IdMapping> GidMappings { get; init; }

    /// <summary>True when the options ask for bind or rbind.</summary>
    public bool IsBind
    {
        get
        {
            foreach (string option in Options)
            {
                if (option is "bind" or "rbind")
                {
                    return true;
                }
            }
            return false;
        }
    }
}

/// <summary><c>hooks</c>, runtime-spec "POSIX-platform Hooks".</summary>
public sealed record HooksSpec
{
    /// <summary>Deprecated: after the namespaces exist, in the runtime's namespace.</summary>
    public ValueList<HookSpec> Prestart { get; init; }

    /// <summary>After the namespaces exist and before pivot_root, in the runtime's namespace.</summary>
    public ValueList<HookSpec> CreateRuntime { get; init; }

    /// <summary>As createRuntime, in the container's namespace.</summary>
    public ValueList<HookSpec> CreateContainer { get; init; }

    /// <summary>Before the process is started, in the container's namespace.</summary>
    public ValueList<HookSpec> StartContainer { get; init; }

    /// <summary>After the process was started.</summary>
    public ValueList<HookSpec> Poststart { get; init; }

    /// <summary>After the container was deleted.</summary>
    public ValueList<HookSpec> Poststop { get; init; }
}

/// <summary>One hook.</summary>
/// <param name="Path">Absolute path of the program.</param>
/// <param name="Args">Its argv, argv[0] included; empty for the path alone.</param>
/// <param name="Env">Its environment.</param>
/// <param name="TimeoutSeconds">Seconds until it is killed; null for no limit.</param>
public sealed record HookSpec(string Path, ValueList<string> Args, ValueList<string> Env, int? TimeoutSeconds);
