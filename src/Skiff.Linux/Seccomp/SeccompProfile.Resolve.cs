using Skiff.Linux.Capabilities;

namespace Skiff.Linux.Seccomp;

public sealed partial record SeccompProfile
{
    /// <summary>The same policy without conditions on the container and the machine: what <c>linux.seccomp</c> of an OCI spec can say.</summary>
    /// <param name="capabilities">The container's bounding set.</param>
    /// <param name="native">The architecture the container runs on.</param>
    /// <param name="kernel">The running kernel as major × 1000 + minor, for <c>minKernel</c> conditions.</param>
    public SeccompProfile Resolve(CapabilitySet capabilities, SeccompArchitecture native, int kernel = 999_999)
    {
        List<SeccompProfileRule> rules = [];
        foreach (SeccompProfileRule rule in Rules)
        {
            if (rule.Counts(capabilities, native, kernel))
            {
                rules.Add(
                    new SeccompProfileRule
                    {
                        Names = rule.Names,
                        Action = rule.Action,
                        Conditions = rule.Conditions,
                    }
                );
            }
        }
        IReadOnlyList<SeccompArchitecture> architectures = Architectures is null
            ? SeccompArchitectures.Family(native)
            : [native, .. Architectures.Where(a => a != native)];
        SeccompProfile resolved = this with { Rules = rules, Architectures = architectures, KnowsWholeTable = false };
        string[] newest = [.. NewestOf(architectures).Except(resolved.NewestOf(architectures))];
        // From the newest call on that it speaks about, a profile counts a call as unknown (ENOSYS): so it must go on speaking about that one.
        return newest.Length == 0
            ? resolved
            : resolved with
            {
                Rules = [.. rules, new SeccompProfileRule { Names = newest, Action = DefaultAction }],
            };
    }

    /// <summary>The newest call of a table that the profile speaks about, whatever it says.</summary>
    internal (string? Name, int Number) Newest(Dictionary<string, int> table)
    {
        (string? Name, int Number) newest = (null, 0);
        foreach (string name in KnowsWholeTable ? table.Keys : Rules.SelectMany(r => r.Names))
        {
            if (table.TryGetValue(name, out int number) && number > newest.Number && IsCommon(number))
            {
                newest = (name, number);
            }
        }
        return newest;
    }

    private IEnumerable<string> NewestOf(IReadOnlyList<SeccompArchitecture> architectures) =>
        architectures.Select(a => Newest(SyscallTable.Load(a)).Name).OfType<string>().Distinct();

    // ARM has a few private calls at 0xf0000, above every other; they say nothing about how new a number is. x32 keeps its bit.
    private static bool IsCommon(int number) => (number & ~SyscallTable.X32Bit) < 0xF0000;
}
