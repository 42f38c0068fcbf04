using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <summary>Changes what a container was asked for: <c>update</c>.</summary>
public static class RunOptionsChange
{
    /// <summary>The options with some flags set anew, by the grammar and the checks of <c>run</c>; docker's rule is that 0 leaves a limit as it is.</summary>
    /// <param name="options">What was asked until now.</param>
    /// <param name="changes">Flags of <c>update</c> by their long names, with their values.</param>
    /// <param name="limitsSwap">The host limits swap, so that a container with a memory limit has one for the sum with swap too, said or not.</param>
    /// <exception cref="SkiffException">A value is wrong, or contradicts what the container has; exit code 125.</exception>
    public static RunOptions Apply(RunOptions options, IReadOnlyList<NameValue> changes, bool limitsSwap)
    {
        options = limitsSwap && changes.Any(static c => c.Name == "memory" && c.Value != "0") ? WithSwap(options) : options;
        CheckSwap(options, changes);
        List<NameValue> flags = [.. RunOptionsText.Flags(options)];
        foreach (NameValue change in changes)
        {
            if (change.Value != "0" || MeansZero(change.Name))
            {
                Conflicts(options, change.Name);
                flags.RemoveAll(old => old.Name == change.Name && Device(old) == Device(change));
                flags.Add(change);
            }
        }
        RunOptionsBuilder builder = new(RunOptionsContext.Resolved);
        foreach (NameValue flag in flags)
        {
            builder.Set(flag.Name, flag.Value);
        }
        return builder.Build(options.Image, options.Arguments.AsSpan());
    }

    /// <summary>Where 0 is a value: no limit, the first processor or memory node, no swapping as long as it can be helped.</summary>
    private static bool MeansZero(string flag) => flag is "pids-limit" or "cpuset-cpus" or "cpuset-mems" or "memory-swappiness";

    /// <summary>docker fixes the sum when the container is made; a new memory limit alone leaves it.</summary>
    private static RunOptions WithSwap(RunOptions options) =>
        options is { Memory: > 0 and <= long.MaxValue / 2, MemorySwap: null } ? options with { MemorySwap = options.Memory * 2 } : options;

    /// <summary>Limits of single devices are told apart by the device; other flags are set once.</summary>
    private static string Device(NameValue flag) => flag.Name.Contains("device", StringComparison.Ordinal) ? flag.Value.Split(':')[0] : "";

    private static void CheckSwap(RunOptions options, IReadOnlyList<NameValue> changes)
    {
        foreach (NameValue change in changes)
        {
            bool alone = change.Name == "memory" && !changes.Any(static c => c.Name == "memory-swap" && c.Value != "0");
            if (alone && options.MemorySwap >= 0 && OptionValue.Bytes("memory", change.Value) > options.MemorySwap)
            {
                throw new SkiffException(
                    $"--memory {change.Value} is larger than the container's --memory-swap {ByteSize.Format(options.MemorySwap.Value)}, which is the sum of memory and swap: update --memory-swap at the same time",
                    125
                );
            }
        }
    }

    /// <summary>docker: --cpus is a quota and a period, so a container that has one of the two ways keeps it.</summary>
    private static void Conflicts(RunOptions o, string flag)
    {
        string? other = flag switch
        {
            "cpus" when o.CpuPeriod is not null => "--cpu-period",
            "cpus" when o.CpuQuota is not null => "--cpu-quota",
            "cpu-period" or "cpu-quota" when o.NanoCpus is not null => "--cpus",
            _ => null,
        };
        if (other is not null)
        {
            throw new SkiffException(
                $"--{flag} cannot be updated because {other} is set for the container already: update {other} instead",
                125
            );
        }
        if (flag == "restart" && o.Remove)
        {
            throw new SkiffException("the restart policy cannot be updated because the container removes itself at its end (--rm)", 125);
        }
    }
}
