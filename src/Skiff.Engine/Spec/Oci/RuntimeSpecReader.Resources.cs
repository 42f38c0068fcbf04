using System.Text.Json;

namespace Skiff.Engine.Spec;

public static partial class RuntimeSpecReader
{
    private static ResourcesSpec Resources(ref Utf8JsonReader r)
    {
        ResourcesSpec resources = new();
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "devices":
                    resources = resources with { Devices = List(ref r, DeviceRule) };
                    break;
                case "memory":
                    resources = resources with { Memory = r.TokenType == JsonTokenType.Null ? null : Memory(ref r) };
                    break;
                case "cpu":
                    resources = resources with { Cpu = r.TokenType == JsonTokenType.Null ? null : Cpu(ref r) };
                    break;
                case "pids":
                    resources = resources with { PidsLimit = Pids(ref r) };
                    break;
                case "blockIO":
                    resources = resources with { BlockIo = r.TokenType == JsonTokenType.Null ? null : BlockIo(ref r) };
                    break;
                case "hugepageLimits":
                    resources = resources with { HugepageLimits = List(ref r, Hugepage) };
                    break;
                case "network":
                    resources = resources with { Network = r.TokenType == JsonTokenType.Null ? null : Network(ref r) };
                    break;
                case "rdma":
                    resources = resources with { Rdma = Members(ref r, Rdma) };
                    break;
                case "unified":
                    resources = resources with { Unified = Map(ref r) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return resources;
    }

    private static DeviceRuleSpec DeviceRule(ref Utf8JsonReader r)
    {
        DeviceRuleSpec rule = new(false, 'a', null, null, "");
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "allow":
                    rule = rule with { Allow = Switch(ref r) };
                    break;
                case "type":
                    rule = rule with { Type = Text(ref r) is [char letter] ? letter : 'a' };
                    break;
                case "major":
                    rule = rule with { Major = Every(Number(ref r)) };
                    break;
                case "minor":
                    rule = rule with { Minor = Every(Number(ref r)) };
                    break;
                case "access":
                    rule = rule with { Access = Text(ref r) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return rule.Access.Length == 0 ? rule with { Access = "rwm" } : rule;
    }

    /// <summary>-1 is the old way to write every number.</summary>
    private static long? Every(long? number) => number == -1 ? null : number;

    private static long? Pids(ref Utf8JsonReader r)
    {
        long? limit = null;
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            if (name == "limit")
            {
                limit = Number(ref r);
            }
            else
            {
                Skip(ref r);
            }
        }
        return limit;
    }

    /// <summary>An optional truth value.</summary>
    private static bool? Maybe(ref Utf8JsonReader r) => r.TokenType == JsonTokenType.Null ? null : r.GetBoolean();

    private static MemorySpec Memory(ref Utf8JsonReader r)
    {
        MemorySpec memory = new();
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "limit":
                    memory = memory with { Limit = Number(ref r) };
                    break;
                case "reservation":
                    memory = memory with { Reservation = Number(ref r) };
                    break;
                case "swap":
                    memory = memory with { Swap = Number(ref r) };
                    break;
                case "kernel":
                    memory = memory with { Kernel = Number(ref r) };
                    break;
                case "kernelTCP":
                    memory = memory with { KernelTcp = Number(ref r) };
                    break;
                case "swappiness":
                    memory = memory with { Swappiness = Unsigned(ref r) };
                    break;
                case "disableOOMKiller":
                    memory = memory with { DisableOomKiller = Maybe(ref r) };
                    break;
                case "useHierarchy":
                    memory = memory with { UseHierarchy = Maybe(ref r) };
                    break;
                case "checkBeforeUpdate":
                    memory = memory with { CheckBeforeUpdate = Maybe(ref r) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return memory;
    }

    private static CpuSpec Cpu(ref Utf8JsonReader r)
    {
        CpuSpec cpu = new();
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "shares":
                    cpu = cpu with { Shares = Unsigned(ref r) };
                    break;
                case "quota":
                    cpu = cpu with { Quota = Number(ref r) };
                    break;
                case "burst":
                    cpu = cpu with { Burst = Unsigned(ref r) };
                    break;
                case "period":
                    cpu = cpu with { Period = Unsigned(ref r) };
                    break;
                case "realtimeRuntime":
                    cpu = cpu with { RealtimeRuntime = Number(ref r) };
                    break;
                case "realtimePeriod":
                    cpu = cpu with { RealtimePeriod = Unsigned(ref r) };
                    break;
                case "cpus":
                    cpu = cpu with { Cpus = NullIfEmpty(Text(ref r)) };
                    break;
                case "mems":
                    cpu = cpu with { Mems = NullIfEmpty(Text(ref r)) };
                    break;
                case "idle":
                    cpu = cpu with { Idle = Number(ref r) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return cpu;
    }

    private static BlockIoSpec BlockIo(ref Utf8JsonReader r)
    {
        BlockIoSpec io = new();
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "weight":
                    io = io with { Weight = Integer(ref r) };
                    break;
                case "leafWeight":
                    io = io with { LeafWeight = Integer(ref r) };
                    break;
                case "weightDevice":
                    io = io with { WeightDevices = List(ref r, Weight) };
                    break;
                case "throttleReadBpsDevice":
                    io = io with { ReadBps = List(ref r, Throttle) };
                    break;
                case "throttleWriteBpsDevice":
                    io = io with { WriteBps = List(ref r, Throttle) };
                    break;
                case "throttleReadIOPSDevice":
                    io = io with { ReadIops = List(ref r, Throttle) };
                    break;
                case "throttleWriteIOPSDevice":
                    io = io with { WriteIops = List(ref r, Throttle) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return io;
    }

    private static WeightDevice Weight(ref Utf8JsonReader r)
    {
        WeightDevice device = default;
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "major":
                    device = device with { Major = Number(ref r) ?? 0 };
                    break;
                case "minor":
                    device = device with { Minor = Number(ref r) ?? 0 };
                    break;
                case "weight":
                    device = device with { Weight = Integer(ref r) };
                    break;
                case "leafWeight":
                    device = device with { LeafWeight = Integer(ref r) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return device;
    }

    private static ThrottleDevice Throttle(ref Utf8JsonReader r)
    {
        ThrottleDevice device = default;
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "major":
                    device = device with { Major = Number(ref r) ?? 0 };
                    break;
                case "minor":
                    device = device with { Minor = Number(ref r) ?? 0 };
                    break;
                case "rate":
                    device = device with { Rate = Unsigned(ref r) ?? 0 };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return device;
    }

    private static HugepageLimit Hugepage(ref Utf8JsonReader r)
    {
        HugepageLimit limit = new("", 0);
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "pageSize":
                    limit = limit with { PageSize = Text(ref r) };
                    break;
                case "limit":
                    limit = limit with { Limit = Unsigned(ref r) ?? 0 };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return limit;
    }

    private static NetworkResourcesSpec Network(ref Utf8JsonReader r)
    {
        NetworkResourcesSpec network = new();
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "classID":
                    network = network with { ClassId = Unsigned32(ref r) };
                    break;
                case "priorities":
                    network = network with { Priorities = List(ref r, Priority) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return network;
    }

    private static NetworkPriority Priority(ref Utf8JsonReader r)
    {
        NetworkPriority priority = new("", 0);
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "name":
                    priority = priority with { Name = Text(ref r) };
                    break;
                case "priority":
                    priority = priority with { Priority = Unsigned32(ref r) ?? 0 };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return priority;
    }

    private static RdmaLimit Rdma(string device, ref Utf8JsonReader r)
    {
        RdmaLimit limit = new(device, null, null);
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "hcaHandles":
                    limit = limit with { HcaHandles = Unsigned32(ref r) };
                    break;
                case "hcaObjects":
                    limit = limit with { HcaObjects = Unsigned32(ref r) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return limit;
    }
}
