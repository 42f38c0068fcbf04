namespace Skiff.Engine.Spec;

/// <summary>What the reading of flags may look at beside the flags: kept apart so that it is a pure function in tests.</summary>
/// <param name="Directory">The caller's working directory, absolute, for relative paths.</param>
/// <param name="Variable">Looks up the caller's environment (<c>-e NAME</c>); null when unset.</param>
/// <param name="ReadFile">Reads an env file or label file; throws when it cannot.</param>
public sealed record RunOptionsContext(string Directory, Func<string, string?> Variable, Func<string, byte[]> ReadFile)
{
    /// <summary>For options that were resolved before (a record on disk): no environment, no files.</summary>
    public static RunOptionsContext Resolved { get; } =
        new("/", static _ => null, static path => throw new InvalidOperationException(path));
}
