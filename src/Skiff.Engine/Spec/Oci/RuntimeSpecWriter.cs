using System.Buffers;
using System.Text.Json;
using Skiff.Engine.Containers;
using Skiff.Linux.Capabilities;

namespace Skiff.Engine.Spec;

/// <summary>Writes a <see cref="RuntimeSpec"/> as config.json, by hand: it is on the way to every start.</summary>
public static partial class RuntimeSpecWriter
{
    /// <summary>The bytes of config.json.</summary>
    /// <param name="spec">The spec.</param>
    public static ReadOnlyMemory<byte> ToBytes(RuntimeSpec spec)
    {
        ArrayBufferWriter<byte> buffer = new(16384);
        using (Utf8JsonWriter writer = new(buffer, Json.Compact))
        {
            Write(writer, spec);
        }
        return buffer.WrittenMemory;
    }

    /// <summary>Writes the object.</summary>
    public static void Write(Utf8JsonWriter w, RuntimeSpec spec)
    {
        w.WriteStartObject();
        w.WriteString("ociVersion"u8, spec.OciVersion);
        if (spec.Process is not null)
        {
            w.WritePropertyName("process"u8);
            WriteProcess(w, spec.Process);
        }
        if (spec.Root is not null)
        {
            w.WriteStartObject("root"u8);
            w.WriteString("path"u8, spec.Root.Path);
            Switch(w, "readonly"u8, spec.Root.ReadOnly);
            w.WriteEndObject();
        }
        Text(w, "hostname"u8, spec.Hostname);
        Text(w, "domainname"u8, spec.Domainname);
        if (!spec.Mounts.IsEmpty)
        {
            w.WriteStartArray("mounts"u8);
            foreach (MountSpec mount in spec.Mounts)
            {
                w.WriteStartObject();
                w.WriteString("destination"u8, mount.Destination);
                Text(w, "type"u8, mount.Type);
                Text(w, "source"u8, mount.Source);
                Strings(w, "options"u8, mount.Options);
                Maps(w, "uidMappings"u8, mount.UidMappings);
                Maps(w, "gidMappings"u8, mount.GidMappings);
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        if (spec.Hooks is not null)
        {
            Hooks(w, spec.Hooks);
        }
        Map(w, "annotations"u8, spec.Annotations);
        w.WritePropertyName("linux"u8);
        Linux(w, spec.Linux, CapabilitySet.Parse(spec.Process?.Capabilities?.Bounding ?? [], "capabilities"));
        w.WriteEndObject();
    }

    /// <summary>Writes the <c>process</c> object alone, as <c>exec --process</c> takes it.</summary>
    public static void WriteProcess(Utf8JsonWriter w, ProcessSpec process)
    {
        w.WriteStartObject();
        Switch(w, "terminal"u8, process.Terminal);
        if (process.ConsoleSize is { } size)
        {
            w.WriteStartObject("consoleSize"u8);
            w.WriteNumber("height"u8, size.Height);
            w.WriteNumber("width"u8, size.Width);
            w.WriteEndObject();
        }
        w.WriteStartObject("user"u8);
        w.WriteNumber("uid"u8, process.User.Uid);
        w.WriteNumber("gid"u8, process.User.Gid);
        Number(w, "umask"u8, process.User.Umask);
        if (!process.User.AdditionalGids.IsEmpty)
        {
            w.WriteStartArray("additionalGids"u8);
            foreach (uint gid in process.User.AdditionalGids)
            {
                w.WriteNumberValue(gid);
            }
            w.WriteEndArray();
        }
        w.WriteEndObject();
        Strings(w, "args"u8, process.Args);
        Strings(w, "env"u8, process.Env);
        w.WriteString("cwd"u8, process.Cwd);
        if (process.Capabilities is { } capabilities)
        {
            w.WriteStartObject("capabilities"u8);
            Strings(w, "bounding"u8, capabilities.Bounding);
            Strings(w, "effective"u8, capabilities.Effective);
            Strings(w, "permitted"u8, capabilities.Permitted);
            Strings(w, "inheritable"u8, capabilities.Inheritable);
            Strings(w, "ambient"u8, capabilities.Ambient);
            w.WriteEndObject();
        }
        if (!process.Rlimits.IsEmpty)
        {
            w.WriteStartArray("rlimits"u8);
            foreach (RlimitSpec limit in process.Rlimits)
            {
                w.WriteStartObject();
                w.WriteString("type"u8, limit.Type);
                w.WriteNumber("hard"u8, limit.Hard);
                w.WriteNumber("soft"u8, limit.Soft);
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        Switch(w, "noNewPrivileges"u8, process.NoNewPrivileges);
        Text(w, "apparmorProfile"u8, process.ApparmorProfile);
        Text(w, "selinuxLabel"u8, process.SelinuxLabel);
        Number(w, "oomScoreAdj"u8, process.OomScoreAdj);
        if (process.IoPriority is { } priority)
        {
            w.WriteStartObject("ioPriority"u8);
            w.WriteString("class"u8, priority.Class);
            w.WriteNumber("priority"u8, priority.Priority);
            w.WriteEndObject();
        }
        if (process.Scheduler is { } scheduler)
        {
            w.WriteStartObject("scheduler"u8);
            w.WriteString("policy"u8, scheduler.Policy);
            w.WriteNumber("nice"u8, scheduler.Nice);
            w.WriteNumber("priority"u8, scheduler.Priority);
            Strings(w, "flags"u8, scheduler.Flags);
            w.WriteNumber("runtime"u8, scheduler.Runtime);
            w.WriteNumber("deadline"u8, scheduler.Deadline);
            w.WriteNumber("period"u8, scheduler.Period);
            w.WriteEndObject();
        }
        w.WriteEndObject();
    }

    private static void Hooks(Utf8JsonWriter w, HooksSpec hooks)
    {
        w.WriteStartObject("hooks"u8);
        Kind("prestart"u8, hooks.Prestart);
        Kind("createRuntime"u8, hooks.CreateRuntime);
        Kind("createContainer"u8, hooks.CreateContainer);
        Kind("startContainer"u8, hooks.StartContainer);
        Kind("poststart"u8, hooks.Poststart);
        Kind("poststop"u8, hooks.Poststop);
        w.WriteEndObject();

        void Kind(ReadOnlySpan<byte> name, ValueList<HookSpec> list)
        {
            if (list.IsEmpty)
            {
                return;
            }
            w.WriteStartArray(name);
            foreach (HookSpec hook in list)
            {
                w.WriteStartObject();
                w.WriteString("path"u8, hook.Path);
                Strings(w, "args"u8, hook.Args);
                Strings(w, "env"u8, hook.Env);
                Number(w, "timeout"u8, hook.TimeoutSeconds);
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
    }

    private static void Switch(Utf8JsonWriter w, ReadOnlySpan<byte> name, bool on)
    {
        if (on)
        {
            w.WriteBoolean(name, true);
        }
    }

    private static void Switch(Utf8JsonWriter w, ReadOnlySpan<byte> name, bool? on)
    {
        if (on is bool value)
        {
            w.WriteBoolean(name, value);
        }
    }

    private static void Text(Utf8JsonWriter w, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            w.WriteString(name, value);
        }
    }

    private static void Number(Utf8JsonWriter w, ReadOnlySpan<byte> name, long? value)
    {
        if (value is long number)
        {
            w.WriteNumber(name, number);
        }
    }

    private static void Unsigned(Utf8JsonWriter w, ReadOnlySpan<byte> name, ulong? value)
    {
        if (value is ulong number)
        {
            w.WriteNumber(name, number);
        }
    }

    private static void Strings(Utf8JsonWriter w, ReadOnlySpan<byte> name, ValueList<string> values)
    {
        if (values.IsEmpty)
        {
            return;
        }
        w.WriteStartArray(name);
        foreach (string value in values)
        {
            w.WriteStringValue(value);
        }
        w.WriteEndArray();
    }

    private static void Map(Utf8JsonWriter w, ReadOnlySpan<byte> name, ValueList<NameValue> values)
    {
        if (values.IsEmpty)
        {
            return;
        }
        w.WriteStartObject(name);
        foreach (NameValue pair in values)
        {
            w.WriteString(pair.Name, pair.Value);
        }
        w.WriteEndObject();
    }

    private static void Maps(Utf8JsonWriter w, ReadOnlySpan<byte> name, ValueList<IdMapping> maps)
    {
        if (maps.IsEmpty)
        {
            return;
        }
        w.WriteStartArray(name);
        foreach (IdMapping map in maps)
        {
            w.WriteStartObject();
            w.WriteNumber("containerID"u8, map.ContainerId);
            w.WriteNumber("hostID"u8, map.HostId);
            w.WriteNumber("size"u8, map.Size);
            w.WriteEndObject();
        }
        w.WriteEndArray();
    }
}
