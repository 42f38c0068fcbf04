namespace Skiff.Engine.Spec;

/// <summary>Everything said with <c>--security-opt</c>.</summary>
public sealed record SecurityOptions
{
    /// <summary>Nothing said.</summary>
    public static SecurityOptions Default { get; } = new();

    /// <summary><c>no-new-privileges</c>, prctl(2).</summary>
    public bool NoNewPrivileges { get; init; }

    /// <summary>null: the built-in profile; <c>unconfined</c>: none; otherwise the absolute path of a profile in docker's JSON.</summary>
    public string? Seccomp { get; init; }

    /// <summary>The file of <see cref="Seccomp"/>; null if it names none.</summary>
    public string? ProfilePath => Seccomp is { } path and not "unconfined" ? path : null;

    /// <summary>null: the engine's default; <c>unconfined</c>; or a profile that is loaded on the host.</summary>
    public string? AppArmor { get; init; }

    /// <summary>SELinux: <c>disable</c>, or <c>user:…</c>, <c>role:…</c>, <c>type:…</c>, <c>level:…</c>, <c>filetype:…</c>, <c>nested</c>.</summary>
    public ValueList<string> Labels { get; init; }

    /// <summary>Further paths to hide (podman's <c>mask=</c>).</summary>
    public ValueList<string> Mask { get; init; }

    /// <summary>Hidden or read-only paths to leave open (podman's <c>unmask=</c>), with <c>*</c> as in shell patterns, or <c>ALL</c>.</summary>
    public ValueList<string> Unmask { get; init; }

    /// <summary><c>systempaths=unconfined</c>: no path is hidden or read-only.</summary>
    public bool SystemPathsUnconfined { get; init; }

    /// <summary><c>writable-cgroups=true</c>: /sys/fs/cgroup can be written.</summary>
    public bool WritableCgroups { get; init; }
}
