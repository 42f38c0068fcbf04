using Skiff.Linux;
using Skiff.Linux.Capabilities;
using Skiff.Linux.Seccomp;

namespace Skiff.Engine.Spec;

/// <summary>Turns <c>linux.seccomp</c> of a spec into a filter that seccomp(2) takes.</summary>
public static class KernelSeccomp
{
    /// <summary>struct sock_filter[] and the SECCOMP_FILTER_FLAG_* bits; the built-in profile with the default capabilities is not compiled but ready-made.</summary>
    /// <param name="spec">The spec's object.</param>
    /// <param name="bounding">The container's bounding set, for conditional rules of a profile file.</param>
    public static (byte[] Filter, uint Flags) Compile(SeccompSpec spec, CapabilitySet bounding)
    {
        if (spec.IsBuiltIn)
        {
            return (SeccompFilter.Default(bounding), 0);
        }
        SeccompProfile profile = spec.ProfilePath is string path ? Read(path) : Of(spec);
        return (SeccompCompiler.Compile(profile, bounding, SeccompArchitectures.Native), profile.Flags);
    }

    private static SeccompProfile Read(string path)
    {
        byte[] json =
            Files.TryReadAll(path, out int errno, 1 << 20)
            ?? throw new SkiffException(
                $"the seccomp profile {path} cannot be read: {Errno.Describe(errno)}; give the path of a JSON profile, or seccomp=unconfined",
                125
            );
        return SeccompProfile.Parse(json, path);
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
