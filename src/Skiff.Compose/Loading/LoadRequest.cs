namespace Skiff.Compose.Loading;

/// <summary>What a project is loaded from. The host is reached through functions only, so that loading is tested without one.</summary>
public sealed record LoadRequest
{
    /// <summary>The caller's working directory, absolute.</summary>
    public required string Directory { get; init; }

    /// <summary>The caller's environment.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>Reads a file; null when it is not there. <c>-</c> is standard input.</summary>
    public required Func<string, byte[]?> ReadFile { get; init; }

    /// <summary><c>-f</c>; empty to look for the usual names.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary><c>-p</c>.</summary>
    public string? Name { get; init; }

    /// <summary><c>--project-directory</c>.</summary>
    public string? ProjectDirectory { get; init; }

    /// <summary><c>--env-file</c>.</summary>
    public IReadOnlyList<string> EnvFiles { get; init; } = [];

    /// <summary><c>--profile</c>.</summary>
    public IReadOnlyList<string> Profiles { get; init; } = [];

    /// <summary>Variables in values are replaced.</summary>
    public bool Interpolates { get; init; } = true;

    /// <summary>Services that were named on the command line: their profiles need not be active.</summary>
    public IReadOnlyList<string> Named { get; init; } = [];

    /// <summary>Nothing is left out of the model that no service uses.</summary>
    public bool KeepsUnused { get; init; }

    /// <summary>What files of variables hold for the services is put into their environment.</summary>
    public bool ResolvesEnvironment { get; init; } = true;
}
