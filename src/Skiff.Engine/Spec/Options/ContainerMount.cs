namespace Skiff.Engine.Spec;

/// <summary>What a mount shows.</summary>
public enum MountType
{
    /// <summary>A file or directory of the host.</summary>
    Bind,

    /// <summary>A named volume, or an anonymous one when the source is empty.</summary>
    Volume,

    /// <summary>Memory.</summary>
    Tmpfs,

    /// <summary>The files of an image, read-only.</summary>
    Image,

    /// <summary>Memory that is never swapped.</summary>
    Ramfs,

    /// <summary>A new instance of the pseudo-terminal file system.</summary>
    Devpts,
}

/// <summary>The flag that asked for a mount; <c>-v</c> creates a missing source, <c>--mount</c> refuses it.</summary>
public enum MountSyntax
{
    Volume,
    Mount,
    Tmpfs,
}

/// <summary>How mounts travel between the container and the host, mount_namespaces(7).</summary>
public enum Propagation
{
    /// <summary>Not given: rprivate, or rslave where the source holds the engine's own directory.</summary>
    Default,
    RPrivate,
    Private,
    RShared,
    Shared,
    RSlave,
    Slave,
}

/// <summary>What happens to mounts below a bind mount's source (<c>bind-recursive</c>).</summary>
public enum BindRecursion
{
    /// <summary>They come along; read-only binds make them read-only where the kernel can (mount_setattr(2), 5.12).</summary>
    Enabled,

    /// <summary>They stay out (<c>bind-nonrecursive</c>).</summary>
    Disabled,

    /// <summary>They come along and stay writable though the mount itself is read-only.</summary>
    Writable,

    /// <summary>They come along read-only, or the run fails.</summary>
    ReadOnly,
}

/// <summary>SELinux relabelling of the source.</summary>
public enum Relabel
{
    None,

    /// <summary><c>:z</c>, shared between containers.</summary>
    Shared,

    /// <summary><c>:Z</c>, for this container alone.</summary>
    Private,
}

/// <summary>One mount that was asked for with <c>-v</c>, <c>--mount</c> or <c>--tmpfs</c>.</summary>
public sealed record ContainerMount
{
    /// <summary>The flag it came from.</summary>
    public MountSyntax Syntax { get; init; }

    /// <summary>What it shows.</summary>
    public MountType Type { get; init; }

    /// <summary>Absolute host path, volume name or image reference; empty for tmpfs and anonymous volumes.</summary>
    public string Source { get; init; } = "";

    /// <summary>Absolute, cleaned path in the container.</summary>
    public required string Target { get; init; }

    /// <summary>No writing through it.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Bind: mounts below the source.</summary>
    public BindRecursion Recursion { get; init; }

    /// <summary>Propagation of later mounts.</summary>
    public Propagation Propagation { get; init; }

    /// <summary>Bind with <c>--mount</c>: make a missing source directory all the same (<c>bind-create-src</c>).</summary>
    public bool CreateSource { get; init; }

    /// <summary>Volume: do not fill a new volume from the image.</summary>
    public bool NoCopy { get; init; }

    /// <summary>Volume or image: the directory inside it that is shown; empty for all of it.</summary>
    public string Subpath { get; init; } = "";

    /// <summary>SELinux relabelling.</summary>
    public Relabel Relabel { get; init; }

    /// <summary>Change the owner of the source to the container's user (<c>:U</c>).</summary>
    public bool Chown { get; init; }

    /// <summary>Show the source through a throw-away overlay (<c>:O</c>).</summary>
    public bool Overlay { get; init; }

    /// <summary>Id-mapped mount: null for none, empty for the container's own mapping, or <c>uids=0-1000-1;gids=0-1000-1</c> (crun's grammar).</summary>
    public string? IdMap { get; init; }

    /// <summary>Further options in mount(8)'s words: <c>noexec</c>, <c>nosuid</c>, <c>nodev</c>, …; for tmpfs also <c>size=</c>, <c>mode=</c>, <c>uid=</c>, <c>gid=</c>, <c>nr_inodes=</c>.</summary>
    public ValueList<string> Options { get; init; }

    /// <summary>Volume: labels for a volume that is made now.</summary>
    public ValueList<NameValue> Labels { get; init; }

    /// <summary>Volume: driver; empty for the local one.</summary>
    public string Driver { get; init; } = "";

    /// <summary>Volume: options of the driver.</summary>
    public ValueList<NameValue> DriverOptions { get; init; }

    /// <summary>True for a bind whose missing source is made (docker's <c>-v</c>).</summary>
    public bool CreatesSource => Type == MountType.Bind && (Syntax == MountSyntax.Volume ? !Overlay : CreateSource);
}
