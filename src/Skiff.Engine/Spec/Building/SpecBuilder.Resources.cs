using Skiff.Linux;

namespace Skiff.Engine.Spec;

public sealed partial class SpecBuilder
{
    private List<DeviceRuleSpec> Devices(List<DeviceSpec> nodes)
    {
        if (!_o.CdiDevices.IsEmpty)
        {
            throw new SkiffException(
                $"the device {_o.CdiDevices[0]} (--device or --gpus) is a CDI name, and Skiff does not read CDI specifications yet: name the device nodes with --device",
                125
            );
        }
        if (_o.Privileged)
        {
            nodes.AddRange(_c.Host.ListDevices("/dev"));
            AddDevices(nodes, []);
            return _c.Host.Rootless ? [] : [new DeviceRuleSpec(true, 'a', null, null, "rwm")];
        }
        List<DeviceRuleSpec> rules = DefaultSpec.DeviceRules();
        AddDevices(nodes, rules);
        foreach (DeviceRule rule in _o.DeviceRules)
        {
            rules.Add(new DeviceRuleSpec(true, rule.Type, rule.Major, rule.Minor, rule.Access));
        }
        // An ordinary user's container has the nodes that it is lent and can make no others, and only root may load the program that would tell them apart.
        return _c.Host.Rootless ? [] : rules;
    }

    private void AddDevices(List<DeviceSpec> nodes, List<DeviceRuleSpec> rules)
    {
        foreach (DeviceMapping mapping in _o.Devices)
        {
            DeviceSpec? device = _c.Host.FindDevice(mapping.HostPath);
            if (device is not null)
            {
                Add(device with { Path = mapping.ContainerPath }, mapping.HostPath);
                continue;
            }
            IReadOnlyList<DeviceSpec> inside = _c.Host.ListDevices(mapping.HostPath);
            if (inside.Count == 0)
            {
                throw OptionValue.Wrong("device", mapping.HostPath, "it is no device, and no directory with devices, of this host");
            }
            foreach (DeviceSpec item in inside)
            {
                Add(item with { Path = mapping.ContainerPath + item.Path[mapping.HostPath.Length..] }, item.Path);
            }

            void Add(DeviceSpec node, string source)
            {
                if (source != node.Path)
                {
                    _deviceSources.Add(new NameValue(node.Path, source));
                }
                nodes.RemoveAll(old => old.Path == node.Path);
                nodes.Add(node);
                rules.Add(new DeviceRuleSpec(true, node.Type, node.Major, node.Minor, mapping.Access));
            }
        }
    }

    private ResourcesSpec Resources(List<DeviceRuleSpec> rules) =>
        new()
        {
            Devices = [.. rules],
            Memory = Memory(),
            Cpu = Cpu(),
            PidsLimit = _o.PidsLimit,
            BlockIo = BlockIo(),
            Unified = _o.CgroupConf,
        };

    private MemorySpec? Memory()
    {
        if (_o.Memory is null && _o.MemorySwap is null && _o.MemoryReservation is null && _o.MemorySwappiness is null && !_o.OomKillDisable)
        {
            return null;
        }
        if (_o.OomKillDisable && _o.Memory is null)
        {
            _warnings.Add("--oom-kill-disable without --memory can bring the whole host to a stop");
        }
        return new MemorySpec
        {
            Limit = _o.Memory,
            Reservation = _o.MemoryReservation,
            // docker: as much swap as memory unless said otherwise; where the kernel cannot limit swap only an explicit wish is passed on, and refused there.
            Swap =
                _o.MemorySwap
                ?? (_o.Memory is long memory && _c.Host.SwapAccounting ? (memory > long.MaxValue / 2 ? long.MaxValue : memory * 2) : null),
            Swappiness = (ulong?)_o.MemorySwappiness,
            DisableOomKiller = _o.OomKillDisable ? true : null,
        };
    }

    private CpuSpec? Cpu()
    {
        const long Period = 100_000;
        if (_o.NanoCpus > _c.Host.Processors * 1_000_000_000L)
        {
            throw new SkiffException(
                $"--cpus {OptionGrammar.FormatCpus(_o.NanoCpus.Value)}: this host has {_c.Host.Processors} CPUs; ask for 0.01 to {_c.Host.Processors}",
                125
            );
        }
        CpuSpec cpu = new()
        {
            Shares = _o.CpuShares,
            // 100 ms is docker's and the kernel's usual period; billionths of a processor times it, cut to whole microseconds.
            Quota = _o.NanoCpus is long nano ? (long)((decimal)nano * Period / 1_000_000_000) : _o.CpuQuota,
            Period = _o.NanoCpus is null ? _o.CpuPeriod : Period,
            RealtimeRuntime = _o.CpuRtRuntime,
            RealtimePeriod = _o.CpuRtPeriod,
            Cpus = _o.CpusetCpus,
            Mems = _o.CpusetMems,
        };
        return cpu == new CpuSpec() ? null : cpu;
    }

    private BlockIoSpec? BlockIo()
    {
        List<WeightDevice> weights = [];
        foreach (DeviceValue value in _o.BlkioWeightDevices)
        {
            DeviceSpec device = BlockDevice("blkio-weight-device", value);
            weights.Add(new WeightDevice(device.Major, device.Minor, (int)value.Value, null));
        }
        BlockIoSpec io = new()
        {
            Weight = _o.BlkioWeight,
            WeightDevices = [.. weights],
            ReadBps = Rates("device-read-bps", _o.DeviceReadBps),
            WriteBps = Rates("device-write-bps", _o.DeviceWriteBps),
            ReadIops = Rates("device-read-iops", _o.DeviceReadIops),
            WriteIops = Rates("device-write-iops", _o.DeviceWriteIops),
        };
        return io == new BlockIoSpec() ? null : io;
    }

    private ValueList<ThrottleDevice> Rates(string flag, ValueList<DeviceValue> values)
    {
        ValueList<ThrottleDevice> result = default;
        foreach (DeviceValue value in values)
        {
            DeviceSpec device = BlockDevice(flag, value);
            result = result.Add(new ThrottleDevice(device.Major, device.Minor, value.Value));
        }
        return result;
    }

    private DeviceSpec BlockDevice(string flag, DeviceValue value) =>
        _c.Host.FindDevice(value.Path) is { Type: 'b' } device
            ? device
            : throw OptionValue.Wrong(flag, value.Path, "it is no block device of this host");
}
