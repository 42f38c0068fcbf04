namespace Skiff.Engine.Spec;

/// <summary>One <c>--secret</c>: which secret, and where the container finds it.</summary>
public sealed record SecretUse
{
    /// <summary>The directory of secrets that say no other place.</summary>
    public const string Directory = "/run/secrets";

    /// <summary>podman's default mode.</summary>
    public const uint DefaultMode = 0x124; // 0444

    /// <summary>The secret's name.</summary>
    public required string Name { get; init; }

    /// <summary>An environment variable instead of a file.</summary>
    public bool IsVariable { get; init; }

    /// <summary>The variable's name, or the file's absolute, cleaned path.</summary>
    public required string Target { get; init; }

    /// <summary>The file's owner, as the container sees it.</summary>
    public uint Uid { get; init; }

    /// <summary>The file's group, as the container sees it.</summary>
    public uint Gid { get; init; }

    /// <summary>The file's mode.</summary>
    public uint Mode { get; init; } = DefaultMode;

    /// <summary>The path below <see cref="Directory"/>; null for a variable or a file elsewhere.</summary>
    public string? InDirectory =>
        !IsVariable && Target.StartsWith(Directory + "/", StringComparison.Ordinal) ? Target[(Directory.Length + 1)..] : null;
}
