namespace Skiff.Engine.Spec;

/// <summary>Which namespace of one kind a container uses.</summary>
public enum NamespaceKind
{
    /// <summary>The engine's default: a private one, except for user namespaces (the host's).</summary>
    Default,

    /// <summary>A new one.</summary>
    Private,

    /// <summary>The host's.</summary>
    Host,

    /// <summary>That of the container named by the target.</summary>
    Container,

    /// <summary>That of a file (podman's <c>ns:PATH</c>).</summary>
    Path,

    /// <summary>ipc only: private, and other containers may join it.</summary>
    Shareable,

    /// <summary>ipc only: private and without /dev/shm.</summary>
    None,

    /// <summary>user only: the caller's own id is the same inside (podman's <c>keep-id</c>); the target holds its options, such as <c>uid=1000,gid=1000</c>.</summary>
    KeepId,

    /// <summary>user only: a range of ids of its own is chosen (podman's <c>auto</c>).</summary>
    Auto,

    /// <summary>user only: all ids but the caller's (podman's <c>nomap</c>).</summary>
    NoMap,
}

/// <summary>The value of <c>--ipc</c>, <c>--pid</c>, <c>--uts</c>, <c>--userns</c> or <c>--cgroupns</c>.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Target">Container, path or options, for the kinds that have one; otherwise empty.</param>
public readonly record struct NamespaceMode(NamespaceKind Kind, string Target = "")
{
    /// <summary>The container, path or options; never null.</summary>
    public string Target { get; } = Target ?? "";

    /// <inheritdoc/>
    public bool Equals(NamespaceMode other) => Kind == other.Kind && (Target ?? "") == (other.Target ?? "");

    /// <inheritdoc/>
    public override int GetHashCode() => (int)Kind;
}
