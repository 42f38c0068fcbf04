using System.Text.RegularExpressions;

namespace Skiff.SystemTests.Fixture;

/// <summary>What two texts of one system call must have in common, whoever wrote them: its name, the strings in their order, and the named constants. Descriptors, addresses and lengths differ from run to run.</summary>
public static partial class CallKey
{
    /// <summary>The key of a call as strace or <c>explain</c> writes it, for a container with this id.</summary>
    public static string Of(string call, string id)
    {
        string name = Name().Match(call).Value;
        string arguments = call[name.Length..]
            .Replace(id, "ID", StringComparison.Ordinal)
            .Replace(id[..12], "ID12", StringComparison.Ordinal);
        if (name is "sendto" or "sendmsg" or "RTM_NEWLINK" or "nft")
        {
            return "netlink " + string.Join(' ', NetlinkMessages.Changes(call));
        }
        // Both write the flags that clone3 was given; only strace repeats what came back. A filter is too long to be written out.
        arguments = Returned().Replace(arguments, "");
        IEnumerable<string> strings = Quoted().Matches(arguments).Select(m => m.Value);
        if (name is "clone3")
        {
            strings = [];
        }
        IEnumerable<string> constants = Constant()
            .Matches(Quoted().Replace(arguments, ""))
            .Select(m => m.Value)
            .Where(c => c is not "NULL" and not "MS_" and not "ID")
            .Distinct()
            .Order(StringComparer.Ordinal);
        return $"{name} {string.Join(' ', strings)} {string.Join(' ', constants)}".TrimEnd();
    }

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*")]
    private static partial Regex Name();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();

    [GeneratedRegex("[A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9]")]
    private static partial Regex Constant();

    [GeneratedRegex("( => .*$| = -?[0-9?].*$|/\\*.*?\\*/)")]
    private static partial Regex Returned();
}
