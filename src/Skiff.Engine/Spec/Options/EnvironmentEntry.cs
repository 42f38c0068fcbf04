namespace Skiff.Engine.Spec;

/// <summary>One environment variable that was asked for, resolved against the caller's environment when the command line was read.</summary>
/// <param name="Name">The variable's name.</param>
/// <param name="Value">Its value, or null when the image's variable is to be removed (<c>--unsetenv</c>, or <c>-e NAME</c> with NAME unset in the caller's environment).</param>
public readonly record struct EnvironmentEntry(string Name, string? Value);
