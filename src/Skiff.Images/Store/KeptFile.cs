using System.Text;
using Skiff.Linux;

namespace Skiff.Images.Store;

/// <summary>A file in <c>kept/</c>: what somebody beside the images wants to be kept, as lines of 64 hexadecimal digits (blobs, ChainIDs); other lines are its owner's notes.</summary>
public static class KeptFile
{
    private const int MaxBytes = 1 << 20;

    /// <summary>The directory of the files.</summary>
    public static string Directory(string root) => $"{root}/kept";

    /// <summary>Writes a file whole. What it names must be held by a lease meanwhile.</summary>
    /// <param name="root">The store.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="notes">The owner's lines; none may be 64 hexadecimal digits.</param>
    /// <param name="kept">What is kept.</param>
    public static void Write(string root, string name, IEnumerable<string> notes, IEnumerable<string> kept)
    {
        StringBuilder text = new();
        foreach (string line in notes.Concat(kept))
        {
            text.Append(line).Append('\n');
        }
        _ = Files.TryMakeDirectory(Directory(root), 0x1C0);
        Files.Replace($"{Directory(root)}/{name}", Encoding.UTF8.GetBytes(text.Append("end\n").ToString()));
    }

    /// <summary>The lines of a file; null if it is missing or cut.</summary>
    public static string[]? Read(string root, string name)
    {
        byte[]? bytes = Files.TryReadAll($"{Directory(root)}/{name}", out _, MaxBytes);
        string[]? lines = bytes is null ? null : Encoding.UTF8.GetString(bytes).Split('\n');
        return lines is [.., "end", ""] ? lines[..^2] : null;
    }

    /// <summary>Adds what the files keep to a set. Called by a sweep.</summary>
    internal static void Collect(string root, HashSet<string> used)
    {
        if (!System.IO.Directory.Exists(Directory(root)))
        {
            return;
        }
        foreach (string path in System.IO.Directory.EnumerateFiles(Directory(root)))
        {
            foreach (string line in Read(root, Path.GetFileName(path)) ?? [])
            {
                if (line.Length == 64 && Ascii.IsLowerHex(line))
                {
                    used.Add(line);
                }
            }
        }
    }
}
