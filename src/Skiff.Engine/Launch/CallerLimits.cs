using System.Globalization;
using Skiff.Linux;

namespace Skiff.Engine.Launch;

/// <summary>RLIMIT_NOFILE as the caller had it: the runtime raises its own soft limit at start, and a container must not inherit that.</summary>
public static class CallerLimits
{
    /// <summary>Soft and hard limit of the parent process; null when they cannot be read.</summary>
    public static (ulong Soft, ulong Hard)? OpenFiles()
    {
        int parent = (int)RawCall.Invoke(SyscallNumber.getppid);
        string? limits = Files.TryReadText($"/proc/{(parent > 0 ? parent : 1)}/limits", out _);
        const string Key = "Max open files";
        int at = limits?.IndexOf(Key, StringComparison.Ordinal) ?? -1;
        if (at < 0)
        {
            return null;
        }
        string[] words = limits![(at + Key.Length)..].Split((char[])[' ', '\n'], 4, StringSplitOptions.RemoveEmptyEntries);
        return
            ulong.TryParse(words[0], CultureInfo.InvariantCulture, out ulong soft)
            && ulong.TryParse(words[1], CultureInfo.InvariantCulture, out ulong hard)
            ? (soft, hard)
            : null;
    }
}
