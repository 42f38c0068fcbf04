using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Engine;
using Skiff.Format;
using Skiff.Linux;

namespace Skiff.Commands.Networks;

/// <summary><c>skiff network ls</c>.</summary>
internal static class NetworkListCommand
{
    private static readonly string[] s_types = ["builtin", "custom"];

    public static Command Define() =>
        new()
        {
            Name = "ls",
            Summary = "List networks",
            Usage = "[OPTIONS]",
            Description =
                "Filters: dangling=true|false (named by no container), driver=NAME, id=DIGITS, label=NAME[=VALUE], name=PART, scope=local, type=builtin|custom.",
            Flags =
            [
                Flag.List("filter", "Show only what fits the condition", 'f', "filter"),
                Listing.FormatFlag(),
                Flag.Bool("no-trunc", "Show whole ids"),
                Flag.Bool("quiet", "Only show ids", 'q'),
            ],
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        Filters filters = Filters.Parse(invocation.Values("filter"), "dangling", "driver", "id", "label", "name", "scope", "type");
        if (filters.Of("type").FirstOrDefault(static t => !s_types.Contains(t)) is { } wrong)
        {
            throw new SkiffException($"--filter type={wrong}: builtin or custom expected");
        }
        bool? dangling = filters.Switch("dangling");
        NetworkUsers? users = dangling is null ? null : NetworkUsers.Read(engine);
        List<Value> rows = [];
        foreach (ShownNetwork network in NetworkAccess.All(engine))
        {
            bool fits =
                filters.LabelsMatch(network.Labels)
                && Any(filters, "driver", v => v == network.Driver)
                && Any(filters, "id", v => network.Id.StartsWith(v, StringComparison.Ordinal))
                && Any(filters, "name", v => network.Name.Contains(v, StringComparison.Ordinal))
                && Any(filters, "scope", static v => v == "local")
                && Any(filters, "type", v => v == s_types[network.IsBuiltIn ? 0 : 1])
                && (users is null || (!network.IsBuiltIn && users.Uses(network)) != dangling);
            if (fits && !(dangling == true && network.IsBuiltIn))
            {
                rows.Add(NetworkAccess.Row(network, invocation.Is("no-trunc")));
            }
        }
        Listing listing = new(
            "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
            ("ID", "NETWORK ID"),
            ("Name", "NAME"),
            ("Driver", "DRIVER"),
            ("Scope", "SCOPE"),
            ("IPv4", "IPV4"),
            ("IPv6", "IPV6"),
            ("Internal", "INTERNAL"),
            ("Labels", "LABELS"),
            ("CreatedAt", "CREATED AT")
        );
        listing.Write(invocation.Output, invocation.Value("format"), rows, invocation.Is("quiet"));
        return 0;
    }

    private static bool Any(Filters filters, string name, Func<string, bool> fits)
    {
        IReadOnlyList<string> values = filters.Of(name);
        return values.Count == 0 || values.Any(fits);
    }
}
