using System.Globalization;

namespace Skiff.Linux;

/// <summary>The running kernel's version: only for features that cannot be asked for without doing something.</summary>
public static class KernelVersion
{
    /// <summary>Whether the kernel is this version or newer. A release that cannot be read is older.</summary>
    public static bool IsAtLeast(int major, int minor)
    {
        string[] parts = KernelName.Release.Split('.', '-', '+');
        return parts.Length > 1
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int second)
            && (first, second).CompareTo((major, minor)) >= 0;
    }
}
