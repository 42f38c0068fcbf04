using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Monitoring;

/// <summary>How <c>wait</c> learns the exit code of a container that removes itself: whoever waits leaves an empty file in the run directory, the monitor writes the code into it.</summary>
public static class ExitNotes
{
    /// <summary>The waiting command's file.</summary>
    public static string Begin(EnginePaths paths, string id)
    {
        string directory = paths.Runroot + "/waits";
        Directory.CreateDirectory(directory);
        string path = $"{directory}/{id}.{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}";
        using SafeFd fd = Files.Open(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC, 0x180);
        return path;
    }

    /// <summary>The code, once there is one.</summary>
    public static int? Read(string path) =>
        int.TryParse(Files.TryReadText(path, out _), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int code)
            ? code
            : null;

    /// <summary>Tells everybody who waits.</summary>
    public static void Write(EnginePaths paths, string id, int code)
    {
        string directory = paths.Runroot + "/waits";
        foreach (string name in Tree.Names(directory))
        {
            if (name.StartsWith(id, StringComparison.Ordinal))
            {
                _ = Files.TryWriteValue($"{directory}/{name}", code.ToString(CultureInfo.InvariantCulture));
            }
        }
    }
}
