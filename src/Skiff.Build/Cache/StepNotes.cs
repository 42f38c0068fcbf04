using System.Text;
using Skiff.Linux;

namespace Skiff.Build.Cache;

/// <summary>What a step of a Dockerfile ran with: the next build of the same Dockerfile compares, and can say what has changed.</summary>
internal sealed class StepNotes
{
    private const string Head = "skiff-build-notes 1";
    private const int MaxBytes = 8 << 20;

    /// <summary>The step's key.</summary>
    internal required string Key { get; init; }

    /// <summary>The key of all before it.</summary>
    internal required string On { get; init; }

    /// <summary>The command, or paths.</summary>
    internal required string Words { get; init; }

    /// <summary>Variables that it saw. Kept as hashes: a value may be what nobody else should read.</summary>
    internal IReadOnlyList<(string Name, string Value)> Env { get; init; } = [];

    /// <summary>Files that it copied, <c>HASH path</c>.</summary>
    internal IReadOnlyList<string> Files { get; init; } = [];

    private string WordsHash { get; init; } = "";

    /// <summary>Names a place: a step of a stage of a Dockerfile with its context.</summary>
    internal static string Place(string? context, string dockerfile, int stage, int ordinal) =>
        new KeyBuilder("place").Add("context", context ?? "").Add("file", dockerfile).Add("step", $"{stage}.{ordinal}").Key()[..32];

    /// <summary>What is noted for a place; null for nothing.</summary>
    internal static StepNotes? Load(string root, string place)
    {
        byte[]? bytes = Skiff.Linux.Files.TryReadAll(Path(root, place), out _, MaxBytes);
        string[] lines = bytes is null ? [] : Encoding.UTF8.GetString(bytes).Split('\n');
        if (lines is not [Head, var key, var on, var words, ..])
        {
            return null;
        }
        List<(string, string)> env = [];
        List<string> files = [];
        foreach (string line in lines.AsSpan(4))
        {
            if (line.StartsWith("env ", StringComparison.Ordinal) && line.Split(' ') is [_, var hash, var name])
            {
                env.Add((name, hash));
            }
            else if (line.StartsWith("file ", StringComparison.Ordinal))
            {
                files.Add(line[5..]);
            }
        }
        return new StepNotes
        {
            Key = key,
            On = on,
            Words = "",
            WordsHash = words,
            Env = env,
            Files = files,
        };
    }

    /// <summary>Writes it down; a failure is nobody's loss.</summary>
    internal void Save(string root, string place)
    {
        StringBuilder text = new();
        text.Append(Head).Append('\n').Append(Key).Append('\n').Append(On).Append('\n').Append(Hash(Words)).Append('\n');
        foreach ((string name, string value) in Env)
        {
            text.Append("env ").Append(Hash(value)).Append(' ').Append(name).Append('\n');
        }
        foreach (string file in Files)
        {
            text.Append("file ").Append(file).Append('\n');
        }
        _ = Skiff.Linux.Files.TryMakeDirectory(CacheDirectory.All(root), 0x1C0);
        _ = Skiff.Linux.Files.TryMakeDirectory(Directory(root), 0x1C0);
        try
        {
            Skiff.Linux.Files.Replace(Path(root, place), Encoding.UTF8.GetBytes(text.ToString()));
        }
        catch (LinuxException)
        {
            // the next build says "new" instead
        }
    }

    /// <summary>What is different from the last time, in words.</summary>
    internal string Difference(StepNotes? before)
    {
        if (before is null)
        {
            return "it is new";
        }
        if (before.WordsHash != Hash(Words))
        {
            return "the instruction changed";
        }
        Dictionary<string, string> old = [];
        foreach ((string name, string value) in before.Env)
        {
            old[name] = value;
        }
        foreach ((string name, string value) in Env)
        {
            if (!old.Remove(name, out string? hash))
            {
                return $"the variable {name} is new";
            }
            if (hash != Hash(value))
            {
                return $"the variable {name} changed";
            }
        }
        if (old.Count > 0)
        {
            return $"the variable {old.Keys.First()} is gone";
        }
        return FileDifference(before)
            ?? (
                before.On != On ? "what is before it changed"
                : before.Key == Key ? "its result is no longer in the cache"
                : "its options changed"
            );
    }

    private string? FileDifference(StepNotes before)
    {
        Dictionary<string, string> old = [];
        foreach (string line in before.Files)
        {
            old[line[17..]] = line[..16];
        }
        List<string> changes = [];
        foreach (string line in Files)
        {
            string path = line[17..];
            if (!old.Remove(path, out string? hash))
            {
                changes.Add($"{path} is new");
            }
            else if (hash != line[..16])
            {
                changes.Add($"{path} changed");
            }
        }
        changes.AddRange(old.Keys.Select(static path => $"{path} is gone"));
        return changes.Count switch
        {
            0 => null,
            1 => changes[0],
            _ => $"{changes[0]}, and {changes.Count - 1} more",
        };
    }

    /// <summary>The directory of the notes.</summary>
    internal static string Directory(string root) => $"{CacheDirectory.All(root)}/.notes";

    private static string Path(string root, string place) => $"{Directory(root)}/{place}";

    private static string Hash(string text) => new KeyBuilder("note").Add("", text).Key()[..16];
}
