using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Commands.Run;

/// <summary>What flags may take from the caller: working directory, environment, files.</summary>
internal static class HostContext
{
    internal static RunOptionsContext Make() =>
        new(
            Path.GetFullPath("."),
            Environment.GetEnvironmentVariable,
            static path =>
                Files.TryReadAll(path, out int errno) ?? throw new SkiffException($"cannot read {path}: {Errno.Describe(errno)}", 125)
        );
}
