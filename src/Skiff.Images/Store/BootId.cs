using Skiff.Linux;

namespace Skiff.Images.Store;

/// <summary>The identity of the running system since it started, random(4).</summary>
internal static class BootId
{
    internal static string Read() => Files.TryReadText("/proc/sys/kernel/random/boot_id", out _)?.Trim() ?? "unknown";
}
