using System.Text.Json;
using Skiff.Linux.Capabilities;
using Skiff.Linux.Seccomp;

namespace Skiff.Engine.Spec;

public static partial class RuntimeSpecWriter
{
    private static void Linux(Utf8JsonWriter w, LinuxSpec linux, CapabilitySet bounding)
    {
        w.WriteStartObject();
        if (!linux.Namespaces.IsEmpty)
        {
            w.WriteStartArray("namespaces"u8);
            foreach (NamespaceSpec item in linux.Namespaces)
            {
                w.WriteStartObject();
                w.WriteString("type"u8, item.Type);
                Text(w, "path"u8, item.Path);
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        Maps(w, "uidMappings"u8, linux.UidMappings);
        Maps(w, "gidMappings"u8, linux.GidMappings);
        if (!linux.TimeOffsets.IsEmpty)
        {
            w.WriteStartObject("timeOffsets"u8);
            foreach (TimeOffset offset in linux.TimeOffsets)
            {
                w.WriteStartObject(offset.Clock);
                w.WriteNumber("secs"u8, offset.Seconds);
                w.WriteNumber("nanosecs"u8, offset.Nanoseconds);
                w.WriteEndObject();
            }
            w.WriteEndObject();
        }
        if (!linux.Devices.IsEmpty)
        {
            w.WriteStartArray("devices"u8);
            foreach (DeviceSpec device in linux.Devices)
            {
                w.WriteStartObject();
                w.WriteString("path"u8, device.Path);
                w.WriteString("type"u8, [device.Type]);
                w.WriteNumber("major"u8, device.Major);
                w.WriteNumber("minor"u8, device.Minor);
                Number(w, "fileMode"u8, device.FileMode);
                Number(w, "uid"u8, device.Uid);
                Number(w, "gid"u8, device.Gid);
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        Text(w, "cgroupsPath"u8, linux.CgroupsPath);
        w.WritePropertyName("resources"u8);
        WriteResources(w, linux.Resources);
        Map(w, "sysctl"u8, linux.Sysctl);
        if (linux.Seccomp is { } seccomp)
        {
            w.WritePropertyName("seccomp"u8);
            Seccomp(w, seccomp, bounding);
        }
        Text(w, "rootfsPropagation"u8, linux.RootfsPropagation);
        Strings(w, "maskedPaths"u8, linux.MaskedPaths);
        Strings(w, "readonlyPaths"u8, linux.ReadonlyPaths);
        Text(w, "mountLabel"u8, linux.MountLabel);
        if (linux.Personality is not null)
        {
            w.WriteStartObject("personality"u8);
            w.WriteString("domain"u8, linux.Personality);
            w.WriteEndObject();
        }
        if (!linux.NetDevices.IsEmpty)
        {
            w.WriteStartObject("netDevices"u8);
            foreach (NameValue device in linux.NetDevices)
            {
                w.WriteStartObject(device.Name);
                w.WriteString("name"u8, device.Value);
                w.WriteEndObject();
            }
            w.WriteEndObject();
        }
        w.WriteEndObject();
    }

    private static void Seccomp(Utf8JsonWriter w, SeccompSpec seccomp, CapabilitySet bounding)
    {
        if (seccomp.IsBuiltIn && bounding == CapabilitySet.Default)
        {
            w.WriteRawValue(BuiltInProfile.Json(SeccompArchitectures.Native), skipInputValidation: true);
            return;
        }
        seccomp = KernelSeccomp.Resolve(seccomp, bounding);
        w.WriteStartObject();
        w.WriteString("defaultAction"u8, seccomp.DefaultAction);
        Number(w, "defaultErrnoRet"u8, seccomp.DefaultErrnoRet);
        Strings(w, "architectures"u8, seccomp.Architectures);
        Strings(w, "flags"u8, seccomp.Flags);
        Text(w, "listenerPath"u8, seccomp.ListenerPath);
        Text(w, "listenerMetadata"u8, seccomp.ListenerMetadata);
        if (!seccomp.Syscalls.IsEmpty)
        {
            w.WriteStartArray("syscalls"u8);
            foreach (SeccompRule rule in seccomp.Syscalls)
            {
                w.WriteStartObject();
                Strings(w, "names"u8, rule.Names);
                w.WriteString("action"u8, rule.Action);
                Number(w, "errnoRet"u8, rule.ErrnoRet);
                if (!rule.Args.IsEmpty)
                {
                    w.WriteStartArray("args"u8);
                    foreach (SeccompArgument argument in rule.Args)
                    {
                        w.WriteStartObject();
                        w.WriteNumber("index"u8, argument.Index);
                        w.WriteNumber("value"u8, argument.Value);
                        w.WriteNumber("valueTwo"u8, argument.ValueTwo);
                        w.WriteString("op"u8, argument.Op);
                        w.WriteEndObject();
                    }
                    w.WriteEndArray();
                }
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        w.WriteEndObject();
    }

    /// <summary>Writes the <c>resources</c> object alone, as <c>update</c> takes it.</summary>
    public static void WriteResources(Utf8JsonWriter w, ResourcesSpec resources)
    {
        w.WriteStartObject();
        if (!resources.Devices.IsEmpty)
        {
            w.WriteStartArray("devices"u8);
            foreach (DeviceRuleSpec rule in resources.Devices)
            {
                w.WriteStartObject();
                w.WriteBoolean("allow"u8, rule.Allow);
                w.WriteString("type"u8, [rule.Type]);
                Number(w, "major"u8, rule.Major);
                Number(w, "minor"u8, rule.Minor);
                w.WriteString("access"u8, rule.Access);
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        if (resources.Memory is { } memory)
        {
            w.WriteStartObject("memory"u8);
            Number(w, "limit"u8, memory.Limit);
            Number(w, "reservation"u8, memory.Reservation);
            Number(w, "swap"u8, memory.Swap);
            Number(w, "kernel"u8, memory.Kernel);
            Number(w, "kernelTCP"u8, memory.KernelTcp);
            Unsigned(w, "swappiness"u8, memory.Swappiness);
            Switch(w, "disableOOMKiller"u8, memory.DisableOomKiller);
            Switch(w, "useHierarchy"u8, memory.UseHierarchy);
            Switch(w, "checkBeforeUpdate"u8, memory.CheckBeforeUpdate);
            w.WriteEndObject();
        }
        if (resources.Cpu is { } cpu)
        {
            w.WriteStartObject("cpu"u8);
            Unsigned(w, "shares"u8, cpu.Shares);
            Number(w, "quota"u8, cpu.Quota);
            Unsigned(w, "burst"u8, cpu.Burst);
            Unsigned(w, "period"u8, cpu.Period);
            Number(w, "realtimeRuntime"u8, cpu.RealtimeRuntime);
            Unsigned(w, "realtimePeriod"u8, cpu.RealtimePeriod);
            Text(w, "cpus"u8, cpu.Cpus);
            Text(w, "mems"u8, cpu.Mems);
            Number(w, "idle"u8, cpu.Idle);
            w.WriteEndObject();
        }
        if (resources.PidsLimit is long pids)
        {
            w.WriteStartObject("pids"u8);
            w.WriteNumber("limit"u8, pids);
            w.WriteEndObject();
        }
        if (resources.BlockIo is { } io)
        {
            BlockIo(w, io);
        }
        if (!resources.HugepageLimits.IsEmpty)
        {
            w.WriteStartArray("hugepageLimits"u8);
            foreach (HugepageLimit limit in resources.HugepageLimits)
            {
                w.WriteStartObject();
                w.WriteString("pageSize"u8, limit.PageSize);
                w.WriteNumber("limit"u8, limit.Limit);
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        if (resources.Network is { } network)
        {
            w.WriteStartObject("network"u8);
            Number(w, "classID"u8, network.ClassId);
            if (!network.Priorities.IsEmpty)
            {
                w.WriteStartArray("priorities"u8);
                foreach (NetworkPriority priority in network.Priorities)
                {
                    w.WriteStartObject();
                    w.WriteString("name"u8, priority.Name);
                    w.WriteNumber("priority"u8, priority.Priority);
                    w.WriteEndObject();
                }
                w.WriteEndArray();
            }
            w.WriteEndObject();
        }
        if (!resources.Rdma.IsEmpty)
        {
            w.WriteStartObject("rdma"u8);
            foreach (RdmaLimit limit in resources.Rdma)
            {
                w.WriteStartObject(limit.Device);
                Number(w, "hcaHandles"u8, limit.HcaHandles);
                Number(w, "hcaObjects"u8, limit.HcaObjects);
                w.WriteEndObject();
            }
            w.WriteEndObject();
        }
        Map(w, "unified"u8, resources.Unified);
        w.WriteEndObject();
    }

    private static void BlockIo(Utf8JsonWriter w, BlockIoSpec io)
    {
        w.WriteStartObject("blockIO"u8);
        Number(w, "weight"u8, io.Weight);
        Number(w, "leafWeight"u8, io.LeafWeight);
        if (!io.WeightDevices.IsEmpty)
        {
            w.WriteStartArray("weightDevice"u8);
            foreach (WeightDevice device in io.WeightDevices)
            {
                w.WriteStartObject();
                w.WriteNumber("major"u8, device.Major);
                w.WriteNumber("minor"u8, device.Minor);
                Number(w, "weight"u8, device.Weight);
                Number(w, "leafWeight"u8, device.LeafWeight);
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        Throttle(w, "throttleReadBpsDevice"u8, io.ReadBps);
        Throttle(w, "throttleWriteBpsDevice"u8, io.WriteBps);
        Throttle(w, "throttleReadIOPSDevice"u8, io.ReadIops);
        Throttle(w, "throttleWriteIOPSDevice"u8, io.WriteIops);
        w.WriteEndObject();
    }

    private static void Throttle(Utf8JsonWriter w, ReadOnlySpan<byte> name, ValueList<ThrottleDevice> devices)
    {
        if (devices.IsEmpty)
        {
            return;
        }
        w.WriteStartArray(name);
        foreach (ThrottleDevice device in devices)
        {
            w.WriteStartObject();
            w.WriteNumber("major"u8, device.Major);
            w.WriteNumber("minor"u8, device.Minor);
            w.WriteNumber("rate"u8, device.Rate);
            w.WriteEndObject();
        }
        w.WriteEndArray();
    }
}
