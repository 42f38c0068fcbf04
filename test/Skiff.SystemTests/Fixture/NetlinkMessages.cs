using System.Globalization;
using System.Text.RegularExpressions;

namespace Skiff.SystemTests.Fixture;

/// <summary>The names of the netlink messages that change something, in strace's numbers or in the words of <c>explain</c>; questions and dumps are left out.</summary>
public static partial class NetlinkMessages
{
    /// <summary>rtnetlink(7) and linux/netfilter/nf_tables.h: the types that make or remove something.</summary>
    private static readonly Dictionary<int, string> s_types = new()
    {
        [16] = "RTM_NEWLINK",
        [17] = "RTM_DELLINK",
        [20] = "RTM_NEWADDR",
        [24] = "RTM_NEWROUTE",
        [28] = "RTM_NEWNEIGH",
        [32] = "RTM_NEWRULE",
        [0xA00] = "create table",
        [0xA02] = "delete table",
        [0xA03] = "create chain",
        [0xA06] = "create rule",
        [0xA09] = "create set",
        [0xA0C] = "create element",
        [0xA0E] = "delete element",
    };

    /// <summary>The changes that a text names, in order. nfnetlink's begin and end of a batch have the numbers of rtnetlink's first two messages but come with NFNL_SUBSYS_NFTABLES as their resource.</summary>
    public static IEnumerable<string> Changes(string call)
    {
        bool batch = call.Contains("nlmsg_type=0xa", StringComparison.Ordinal);
        foreach (Match match in Message().Matches(call))
        {
            if (match.Groups["number"] is { Success: true } number)
            {
                int type = int.Parse(number.ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                if (s_types.TryGetValue(type, out string? name) && !(batch && type < 0x100))
                {
                    yield return name;
                }
            }
            else
            {
                // a map is a set with values: the kernel has one message for both
                yield return match
                    .Value.Replace("add ", "create ", StringComparison.Ordinal)
                    .Replace(" map", " set", StringComparison.Ordinal);
            }
        }
    }

    [GeneratedRegex("nlmsg_type=0x(?<number>[0-9a-f]+)|RTM_(NEW|DEL)[A-Z]+|(create|add|delete) (table|chain|rule|set|map|element)")]
    private static partial Regex Message();
}
