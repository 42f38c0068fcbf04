namespace Skiff.Linux.Cgroups;

/// <summary>What a list of device rules comes to: a default and the exceptions from it, kept as the kernel's version 1 devices controller keeps
/// them (security/device_cgroup.c), so that both cgroup versions answer alike.</summary>
public sealed class DeviceRuleSet
{
    private readonly List<DeviceRule> _exceptions = [];

    /// <summary>What applies where no exception does. A new version 1 cgroup copies its parent; this one starts closed.</summary>
    public bool AllowsByDefault { get; private set; }

    /// <summary>The exceptions; all of them have the same <see cref="DeviceRule.Allow"/>.</summary>
    public IReadOnlyList<DeviceRule> Exceptions => _exceptions;

    /// <summary>Applies the rules in order.</summary>
    public static DeviceRuleSet Of(IEnumerable<DeviceRule> rules)
    {
        DeviceRuleSet set = new();
        foreach (DeviceRule rule in rules)
        {
            set.Apply(rule);
        }
        return set;
    }

    /// <summary>What the controller would answer for one access.</summary>
    public bool Allows(DeviceKind kind, long major, long minor, DeviceAccess access)
    {
        foreach (DeviceRule e in _exceptions)
        {
            bool same = e.Kind == kind && (e.Major is null || e.Major == major) && (e.Minor is null || e.Minor == minor);
            // An allow exception must cover the whole request; a deny exception hits if it shares any access with it.
            if (same && (e.Allow ? (access & ~e.Access) == DeviceAccess.None : (access & e.Access) != DeviceAccess.None))
            {
                return e.Allow;
            }
        }
        return AllowsByDefault;
    }

    private void Apply(DeviceRule rule)
    {
        if (rule.Kind == DeviceKind.All)
        {
            if (rule is { Major: null, Minor: null, Access: DeviceAccess.All })
            {
                _exceptions.Clear();
                AllowsByDefault = rule.Allow;
                return;
            }
            // The OCI specification's "a" with numbers speaks of both kinds.
            Apply(rule with { Kind = DeviceKind.Block });
            Apply(rule with { Kind = DeviceKind.Char });
            return;
        }
        int at = _exceptions.FindIndex(e => e.Kind == rule.Kind && e.Major == rule.Major && e.Minor == rule.Minor);
        if (rule.Allow != AllowsByDefault)
        {
            if (at < 0)
            {
                _exceptions.Add(rule);
            }
            else
            {
                _exceptions[at] = rule with { Access = _exceptions[at].Access | rule.Access };
            }
        }
        else if (at >= 0)
        {
            DeviceAccess rest = _exceptions[at].Access & ~rule.Access;
            if (rest == DeviceAccess.None)
            {
                _exceptions.RemoveAt(at);
            }
            else
            {
                _exceptions[at] = _exceptions[at] with { Access = rest };
            }
        }
    }
}
