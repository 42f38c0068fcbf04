using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using Skiff.Format;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Commands.Containers;

/// <content>HostConfig: what depends on the host, with every member that docker's API has, in its order.</content>
internal static partial class ContainerJson
{
    private static Value HostConfig(ContainerRecord record, RunOptions o, RuntimeSpec? spec)
    {
        IReadOnlyList<NameValue> flags = RunOptionsText.Flags(o);
        List<(string, Value)> fields = [];
        AddLife(fields, record, o, spec);
        AddIsolation(fields, record, o, flags);
        AddResources(fields, o, flags);
        if (LongMounts(o) is { Count: > 0 } mounts)
        {
            fields.Add(("Mounts", Value.List(mounts)));
        }
        fields.Add(("MaskedPaths", spec is null ? Value.Nil : Words(spec.Linux.MaskedPaths)));
        fields.Add(("ReadonlyPaths", spec is null ? Value.Nil : Words(spec.Linux.ReadonlyPaths)));
        if (o.Init)
        {
            fields.Add(("Init", Value.True));
        }
        return Value.Struct(fields);
    }

    private static void AddLife(List<(string, Value)> f, ContainerRecord record, RunOptions o, RuntimeSpec? spec)
    {
        f.Add(("Binds", Value.Of(Binds(o))));
        f.Add(("ContainerIDFile", Value.Of(o.CidFile ?? "")));
        f.Add(("LogConfig", Value.Struct(("Type", Value.Of(record.LogDriver)), ("Config", Value.Of(record.LogOptions)))));
        f.Add(("NetworkMode", Value.Of(record.NetworkMode)));
        f.Add(("PortBindings", Bindings(o)));
        f.Add(
            (
                "RestartPolicy",
                Value.Struct(
                    ("Name", Value.Of(record.RestartPolicy.Name)),
                    ("MaximumRetryCount", Value.Of((long)record.RestartPolicy.MaximumRetries))
                )
            )
        );
        f.Add(("AutoRemove", Value.Of(record.AutoRemove)));
        f.Add(("VolumeDriver", Value.Of(o.VolumeDriver ?? "")));
        f.Add(("VolumesFrom", Value.Of(Of(RunOptionsText.Flags(o), "volumes-from"))));
        (uint height, uint width) = spec?.Process?.ConsoleSize is { } size ? (size.Height, size.Width) : (0, 0);
        f.Add(("ConsoleSize", Value.List([Value.Of(height), Value.Of(width)])));
        AddPairs(f, "Annotations", o.Annotations);
    }

    private static void AddIsolation(List<(string, Value)> f, ContainerRecord record, RunOptions o, IReadOnlyList<NameValue> flags)
    {
        f.Add(("CapAdd", Words(o.CapAdd)));
        f.Add(("CapDrop", Words(o.CapDrop)));
        f.Add(("CgroupnsMode", Value.Of(Mode(o.Cgroupns, "private"))));
        f.Add(("Dns", Value.Of([.. o.Dns.AsSpan()])));
        f.Add(("DnsOptions", Value.Of([.. o.DnsOptions.AsSpan()])));
        f.Add(("DnsSearch", Value.Of([.. o.DnsSearch.AsSpan()])));
        f.Add(("ExtraHosts", Value.Of(Of(flags, "add-host"))));
        f.Add(("GroupAdd", Words(o.GroupAdd)));
        f.Add(("IpcMode", Value.Of(Mode(o.Ipc, "private"))));
        f.Add(("Cgroup", Value.Of("")));
        f.Add(("Links", Words(o.Links)));
        f.Add(("OomScoreAdj", Value.Of((long)(o.OomScoreAdj ?? 0))));
        f.Add(("PidMode", Value.Of(Mode(o.Pid, ""))));
        f.Add(("Privileged", Value.Of(o.Privileged)));
        f.Add(("PublishAllPorts", Value.Of(o.PublishAll)));
        f.Add(("ReadonlyRootfs", Value.Of(o.ReadOnly)));
        f.Add(("SecurityOpt", Value.Of(Of(flags, "security-opt"))));
        AddPairs(f, "StorageOpt", o.StorageOptions);
        Dictionary<string, string> tmpfs = [];
        foreach (ContainerMount mount in o.Mounts)
        {
            if (mount.Syntax == MountSyntax.Tmpfs)
            {
                tmpfs[mount.Target] = string.Join(
                    ',',
                    (string[])[.. mount.ReadOnly ? ["ro"] : Array.Empty<string>(), .. mount.Options.AsSpan()]
                );
            }
        }
        if (tmpfs.Count > 0)
        {
            f.Add(("Tmpfs", Value.Of(tmpfs)));
        }
        f.Add(("UTSMode", Value.Of(Mode(o.Uts, ""))));
        f.Add(("UsernsMode", Value.Of(Mode(o.Userns, ""))));
        if (record.UidMap.Count > 0)
        {
            f.Add(("IDMappings", Value.Struct(("UidMap", Value.Of(record.UidMap)), ("GidMap", Value.Of(record.GidMap)))));
        }
        f.Add(("ShmSize", Value.Of(o.ShmSize ?? 64L << 20)));
        AddPairs(f, "Sysctls", o.Sysctls);
        f.Add(("Runtime", Value.Of("skiff")));
        f.Add(("Isolation", Value.Of("")));
    }

    private static void AddResources(List<(string, Value)> f, RunOptions o, IReadOnlyList<NameValue> flags)
    {
        f.Add(("CpuShares", Value.Of((long)(o.CpuShares ?? 0))));
        f.Add(("Memory", Value.Of(o.Memory ?? 0)));
        f.Add(("NanoCpus", Value.Of(o.NanoCpus ?? 0)));
        f.Add(("CgroupParent", Value.Of(o.CgroupParent ?? "")));
        f.Add(("BlkioWeight", Value.Of((long)(o.BlkioWeight ?? 0))));
        f.Add(("BlkioWeightDevice", Devices(o.BlkioWeightDevices, "Weight")));
        f.Add(("BlkioDeviceReadBps", Devices(o.DeviceReadBps, "Rate")));
        f.Add(("BlkioDeviceWriteBps", Devices(o.DeviceWriteBps, "Rate")));
        f.Add(("BlkioDeviceReadIOps", Devices(o.DeviceReadIops, "Rate")));
        f.Add(("BlkioDeviceWriteIOps", Devices(o.DeviceWriteIops, "Rate")));
        f.Add(("CpuPeriod", Value.Of((long)(o.CpuPeriod ?? 0))));
        f.Add(("CpuQuota", Value.Of(o.CpuQuota ?? 0)));
        f.Add(("CpuRealtimePeriod", Value.Of((long)(o.CpuRtPeriod ?? 0))));
        f.Add(("CpuRealtimeRuntime", Value.Of(o.CpuRtRuntime ?? 0)));
        f.Add(("CpusetCpus", Value.Of(o.CpusetCpus ?? "")));
        f.Add(("CpusetMems", Value.Of(o.CpusetMems ?? "")));
        List<Value> devices = [];
        foreach (DeviceMapping device in o.Devices)
        {
            devices.Add(
                Value.Struct(
                    ("PathOnHost", Value.Of(device.HostPath)),
                    ("PathInContainer", Value.Of(device.ContainerPath)),
                    ("CgroupPermissions", Value.Of(device.Access))
                )
            );
        }
        f.Add(("Devices", Value.List(devices)));
        f.Add(("DeviceCgroupRules", Value.Of(Of(flags, "device-cgroup-rule"))));
        f.Add(("DeviceRequests", o.CdiDevices.IsEmpty ? Value.List(null) : Value.List([Cdi(o)])));
        f.Add(("MemoryReservation", Value.Of(o.MemoryReservation ?? 0)));
        f.Add(("MemorySwap", Value.Of(o.MemorySwap ?? Math.Min(o.Memory ?? 0, long.MaxValue / 2) * 2)));
        f.Add(("MemorySwappiness", o.MemorySwappiness is { } swappiness ? Value.Of((long)swappiness) : Value.Nil));
        f.Add(("OomKillDisable", Value.Of(o.OomKillDisable)));
        f.Add(("PidsLimit", Value.Of(o.PidsLimit)));
        List<Value> ulimits = [];
        foreach (Ulimit limit in o.Ulimits)
        {
            ulimits.Add(Value.Struct(("Name", Value.Of(limit.Name)), ("Hard", Value.Of(limit.Hard)), ("Soft", Value.Of(limit.Soft))));
        }
        f.Add(("Ulimits", Value.List(ulimits)));
        foreach (string windows in (ReadOnlySpan<string>)["CpuCount", "CpuPercent", "IOMaximumIOps", "IOMaximumBandwidth"])
        {
            f.Add((windows, Value.Of(0)));
        }
    }

    private static Value Cdi(RunOptions o) =>
        Value.Struct(
            ("Driver", Value.Of("cdi")),
            ("Count", Value.Of(0)),
            ("DeviceIDs", Words(o.CdiDevices)),
            ("Capabilities", Value.List(null)),
            ("Options", Value.Map(null))
        );

    /// <summary>What was said with <c>-v SOURCE:TARGET</c>.</summary>
    private static List<string>? Binds(RunOptions o)
    {
        List<string> binds = [];
        foreach (ContainerMount mount in o.Mounts)
        {
            if (mount is { Syntax: MountSyntax.Volume, Source.Length: > 0 })
            {
                binds.Add(MountGrammar.FormatShort(mount));
            }
        }
        return binds.Count == 0 ? null : binds;
    }

    /// <summary>What was said with <c>--mount</c>, the API's "Mount".</summary>
    private static List<Value> LongMounts(RunOptions o)
    {
        List<Value> mounts = [];
        foreach (ContainerMount mount in o.Mounts)
        {
            if (mount.Syntax != MountSyntax.Mount)
            {
                continue;
            }
            List<(string, Value)> f = [("Type", Value.Of(mount.Type.ToString().ToLowerInvariant()))];
            if (mount.Source.Length > 0)
            {
                f.Add(("Source", Value.Of(mount.Source)));
            }
            f.Add(("Target", Value.Of(mount.Target)));
            if (mount.ReadOnly)
            {
                f.Add(("ReadOnly", Value.True));
            }
            if (Details(mount) is var (name, details))
            {
                f.Add((name, details));
            }
            mounts.Add(Value.Struct(f));
        }
        return mounts;
    }

    private static (string, Value)? Details(ContainerMount mount)
    {
        switch (mount.Type)
        {
            case MountType.Bind when mount.Propagation != Propagation.Default:
                return ("BindOptions", Value.Struct(("Propagation", Value.Of(MountGrammar.PropagationName(mount.Propagation)))));
            case MountType.Volume when mount.NoCopy || mount.Subpath.Length > 0 || !mount.Labels.IsEmpty:
                List<(string, Value)> volume = mount.NoCopy ? [("NoCopy", Value.True)] : [];
                AddPairs(volume, "Labels", mount.Labels);
                if (mount.Subpath.Length > 0)
                {
                    volume.Add(("Subpath", Value.Of(mount.Subpath)));
                }
                volume.Add(("DriverConfig", Value.Struct()));
                return ("VolumeOptions", Value.Struct(volume));
            case MountType.Tmpfs when !mount.Options.IsEmpty:
                return ("TmpfsOptions", Value.Struct(Memory(mount.Options)));
            case MountType.Image when mount.Subpath.Length > 0:
                return ("ImageOptions", Value.Struct(("Subpath", Value.Of(mount.Subpath))));
            default:
                return null;
        }
    }

    /// <summary>Size and mode as docker has them, numbers both; what else was asked for in pairs.</summary>
    private static List<(string, Value)> Memory(ValueList<string> options)
    {
        List<(string, Value)> fields = [];
        List<Value> others = [];
        foreach (string option in options)
        {
            int equals = option.IndexOf('=', StringComparison.Ordinal);
            string value = option[(equals + 1)..];
            if (option.StartsWith("size=", StringComparison.Ordinal) && long.TryParse(value, CultureInfo.InvariantCulture, out long size))
            {
                fields.Add(("SizeBytes", Value.Of(size)));
            }
            else if (option.StartsWith("mode=", StringComparison.Ordinal))
            {
                fields.Add(("Mode", Value.Of((long)Convert.ToUInt32(value, 8))));
            }
            else
            {
                others.Add(Value.Of(equals < 0 ? [option] : [option[..equals], value]));
            }
        }
        if (others.Count > 0)
        {
            fields.Add(("Options", Value.List(others)));
        }
        return fields;
    }

    private static string Mode(NamespaceMode mode, string otherwise) =>
        mode.Kind == NamespaceKind.Default ? otherwise : OptionGrammar.Format(mode);

    private static Value Bindings(RunOptions options)
    {
        Dictionary<string, Value> map = [];
        foreach (PortMapping port in options.Ports)
        {
            for (int i = 0; i < port.Count; i++)
            {
                string host = port.HostPort == 0 ? "" : (port.HostPort + i).ToString(CultureInfo.InvariantCulture);
                string key = $"{port.ContainerPort + i}/{port.Protocol}";
                Value binding = Value.Struct(("HostIp", Value.Of(port.HostIp)), ("HostPort", Value.Of(host)));
                map[key] = Value.List([.. map.TryGetValue(key, out Value? before) ? before.Items : [], binding]);
            }
        }
        return Value.Map(map);
    }

    private static Value Devices(ValueList<DeviceValue> values, string what)
    {
        List<Value> devices = [];
        foreach (DeviceValue value in values)
        {
            devices.Add(Value.Struct(("Path", Value.Of(value.Path)), (what, Value.Of((long)value.Value))));
        }
        return Value.List(devices);
    }

    /// <summary>Left out where empty, as docker does.</summary>
    private static void AddPairs(List<(string, Value)> f, string name, ValueList<NameValue> pairs)
    {
        if (pairs.IsEmpty)
        {
            return;
        }
        Dictionary<string, string> map = [];
        foreach (NameValue pair in pairs)
        {
            map[pair.Name] = pair.Value;
        }
        f.Add((name, Value.Of(map)));
    }

    /// <summary>The values of one flag; null where there is none.</summary>
    private static List<string>? Of(IReadOnlyList<NameValue> flags, string name)
    {
        List<string> values = [];
        foreach (NameValue flag in flags)
        {
            if (flag.Name == name)
            {
                values.Add(flag.Value);
            }
        }
        return values.Count == 0 ? null : values;
    }
}
