using System.Buffers.Text;
using System.Text.RegularExpressions;

namespace Skiff.SystemTests.Fixture;

/// <summary>Changes of files under an engine's two directories and in cgroupfs, in one notation for what strace saw and what explain tells.</summary>
public sealed partial class FileChanges(string root, string runroot)
{
    /// <summary>The changes in a log, sorted, each once.</summary>
    public string[] Seen(IEnumerable<SeenCall> calls, string id) => Sorted(calls.Select(c => Change(c.Text, id)));

    /// <summary>The changes in the texts of a plan.</summary>
    public string[] Told(IEnumerable<string> texts, string id) =>
        Sorted(texts.SelectMany(t => t.Split("), write(")).Select(t => Change(t, id)));

    private static string[] Sorted(IEnumerable<string?> changes) => [.. changes.OfType<string>().Distinct().Order(StringComparer.Ordinal)];

    private string? Change(string call, string id)
    {
        string[] paths = [.. Quoted().Matches(call).Select(m => m.Groups[1].Value)];
        string path = paths.LastOrDefault(IsOurs) ?? "";
        if (path.Length == 0)
        {
            return null;
        }
        string name = call[..call.IndexOf('(', StringComparison.Ordinal)];
        string? change = name switch
        {
            "mkdir" or "mkdirat" => $"mkdir {path} {Mode().Match(call).Value}",
            "rmdir" => $"rmdir {path}",
            "unlink" => $"unlink {path}",
            "unlinkat" => $"{(call.Contains("AT_REMOVEDIR", StringComparison.Ordinal) ? "rmdir" : "unlink")} {path}",
            "symlink" or "symlinkat" => $"symlink {paths[0]} {path}",
            "link" or "linkat" => $"link {paths[0]} {path}",
            "rename" or "renameat" or "renameat2" => $"rename {paths[0]} {path}",
            "open" or "openat" when call.Contains("O_CREAT", StringComparison.Ordinal) => $"create {path} {Flags().Match(call).Value}",
            "open"
            or "openat" when path.StartsWith("/sys/", StringComparison.Ordinal) && call.Contains("O_WRONLY", StringComparison.Ordinal) =>
                $"write {path}",
            "write" => $"write {path}",
            _ => null,
        };
        return change is null ? null : Same(change, id);
    }

    private bool IsOurs(string path) =>
        path.StartsWith(root + "/", StringComparison.Ordinal)
        || path.StartsWith(runroot + "/", StringComparison.Ordinal)
        || path.StartsWith("/sys/fs/cgroup/", StringComparison.Ordinal);

    /// <summary>What differs from run to run: ids, names, temporary names, leased addresses and their links.</summary>
    private static string Same(string change, string id)
    {
        change = change
            .Replace(id, "ID", StringComparison.Ordinal)
            .Replace(Base64Url.EncodeToString(Convert.FromHexString(id)), "LINK", StringComparison.Ordinal);
        change = Temporary().Replace(change, ".tmp");
        change = Named().Replace(change, "/names/NAME");
        change = Leased().Replace(change, "/leases/ADDRESS");
        return Interface().Replace(change, " LINK");
    }

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex Quoted();

    [GeneratedRegex("0[0-7]+(?=\\s*\\))")]
    private static partial Regex Mode();

    [GeneratedRegex("O_[A-Z_|]+(, 0[0-7]+)?")]
    private static partial Regex Flags();

    [GeneratedRegex("\\.[0-9a-f]{8}\\.tmp")]
    private static partial Regex Temporary();

    [GeneratedRegex("/names/[^ ]+")]
    private static partial Regex Named();

    [GeneratedRegex("/leases/[0-9.]+(?=$| )")]
    private static partial Regex Leased();

    [GeneratedRegex(" sk[0-9a-f]{8}$")]
    private static partial Regex Interface();
}
