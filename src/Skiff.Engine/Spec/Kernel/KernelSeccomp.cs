using Skiff.Linux;
using Skiff.Linux.Capabilities;
using Skiff.Linux.Seccomp;

namespace Skiff.Engine.Spec;

/// <summary>Turns <c>linux.seccomp</c> of a spec into a filter that seccomp(2) takes.</summary>
public static class KernelSeccomp
{
    /// <summary>struct sock_filter[] and the SECCOMP_FILTER_FLAG_* bits; the built-in profile with the default capabilities is not compiled but ready-made.</summary>
    /// <param name="spec">The spec's object.</param>
    /// <param name="bounding">The container's bounding set, for conditional rules of a profile.</param>
    public static (byte[] Filter, uint Flags) Compile(SeccompSpec spec, CapabilitySet bounding)
    {
        if (spec.IsBuiltIn)
        {
            return (SeccompFilter.Default(bounding), 0);
        }
        SeccompProfile profile = Of(Resolve(spec, bounding));
        return (SeccompCompiler.Compile(profile, bounding, SeccompArchitectures.Native), profile.Flags);
    }

    /// <summary>The rules of the built-in profile or of a profile file as <c>linux.seccomp</c> has them, for a container with these rights on this machine; a spec that has rules keeps them.</summary>
    /// <exception cref="SkiffException">The file cannot be read or is not a profile. Exit code 125.</exception>
    public static SeccompSpec Resolve(SeccompSpec spec, CapabilitySet bounding) =>
        spec.IsBuiltIn ? RulesOf(SeccompProfile.BuiltIn(), bounding, SeccompArchitectures.Native)
        : spec.ProfilePath is { } path ? RulesOf(SeccompProfile.Parse(ReadFile(path), path), bounding, SeccompArchitectures.Native)
        : spec;

    /// <summary>The text of a profile file.</summary>
    /// <exception cref="SkiffException">It cannot be read. Exit code 125.</exception>
    public static byte[] ReadFile(string path) =>
        Files.TryReadAll(path, out int errno, 1 << 20)
        ?? throw new SkiffException(
            $"the seccomp profile {path} cannot be read: {Errno.Describe(errno)}; give the path of a JSON profile, or seccomp=unconfined",
            125
        )
        {
            IsUsage = true, // docker's client reads it
        };

    /// <summary>A profile as <c>linux.seccomp</c>.</summary>
    internal static SeccompSpec RulesOf(SeccompProfile profile, CapabilitySet bounding, SeccompArchitecture native)
    {
        SeccompProfile resolved = profile.Resolve(bounding, native);
        (string action, uint? errno) = resolved.DefaultAction.Text;
        return new SeccompSpec
        {
            DefaultAction = action,
            DefaultErrnoRet = errno,
            Architectures = [.. resolved.Architectures!.Select(SeccompArchitectures.SpecName)],
            Flags = [.. SeccompProfile.NamesOfFlags(resolved.Flags)],
            Syscalls = [.. resolved.Rules.Select(RuleOf)],
        };
    }

    private static SeccompRule RuleOf(SeccompProfileRule rule)
    {
        (string action, uint? errno) = rule.Action.Text;
        IEnumerable<SeccompArgument> conditions = rule.Conditions.Select(c => new SeccompArgument(
            (uint)c.Index,
            c.Value,
            c.ValueTwo,
            SeccompProfile.NameOf(c.Compare)
        ));
        return new SeccompRule([.. rule.Names], action, errno, [.. conditions]);
    }

    private static SeccompProfile Of(SeccompSpec spec)
    {
        const string source = "linux.seccomp";
        List<SeccompProfileRule> rules = [];
        foreach (SeccompRule rule in spec.Syscalls)
        {
            List<SeccompCondition> conditions = [];
            foreach (SeccompArgument a in rule.Args)
            {
                conditions.Add(SeccompProfile.ParseCondition(a.Index, a.Value, a.ValueTwo, a.Op, source));
            }
            rules.AddRange(
                SeccompProfile.Split(
                    new SeccompProfileRule
                    {
                        Names = rule.Names,
                        Action = SeccompProfile.ParseAction(rule.Action, rule.ErrnoRet, source),
                        Conditions = conditions,
                    }
                )
            );
        }
        List<SeccompArchitecture> architectures = [];
        foreach (string name in spec.Architectures)
        {
            if (SeccompArchitectures.TryParse(name, out SeccompArchitecture architecture))
            {
                architectures.Add(architecture);
            }
        }
        uint flags = 0;
        foreach (string flag in spec.Flags)
        {
            flags |= SeccompProfile.ParseFlag(flag, source);
        }
        return new SeccompProfile
        {
            DefaultAction = SeccompProfile.ParseAction(spec.DefaultAction, spec.DefaultErrnoRet, source),
            Rules = rules,
            Architectures = spec.Architectures.IsEmpty ? null : architectures,
            Flags = flags,
        };
    }
}
