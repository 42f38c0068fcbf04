using System.Text.Json;

namespace Skiff.Engine.Spec;

public static partial class RuntimeSpecReader
{
    private static LinuxSpec Linux(ref Utf8JsonReader r)
    {
        LinuxSpec linux = new();
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "namespaces":
                    linux = linux with { Namespaces = List(ref r, Namespace) };
                    break;
                case "uidMappings":
                    linux = linux with { UidMappings = List(ref r, IdMap) };
                    break;
                case "gidMappings":
                    linux = linux with { GidMappings = List(ref r, IdMap) };
                    break;
                case "timeOffsets":
                    linux = linux with { TimeOffsets = Members(ref r, Offset) };
                    break;
                case "devices":
                    linux = linux with { Devices = List(ref r, Device) };
                    break;
                case "cgroupsPath":
                    linux = linux with { CgroupsPath = NullIfEmpty(Text(ref r)) };
                    break;
                case "resources":
                    linux = linux with { Resources = Resources(ref r) };
                    break;
                case "sysctl":
                    linux = linux with { Sysctl = Map(ref r) };
                    break;
                case "seccomp":
                    linux = linux with { Seccomp = r.TokenType == JsonTokenType.Null ? null : Seccomp(ref r) };
                    break;
                case "rootfsPropagation":
                    linux = linux with { RootfsPropagation = NullIfEmpty(Text(ref r)) };
                    break;
                case "maskedPaths":
                    linux = linux with { MaskedPaths = Strings(ref r) };
                    break;
                case "readonlyPaths":
                    linux = linux with { ReadonlyPaths = Strings(ref r) };
                    break;
                case "mountLabel":
                    linux = linux with { MountLabel = NullIfEmpty(Text(ref r)) };
                    break;
                case "personality":
                    linux = linux with { Personality = Personality(ref r) };
                    break;
                case "netDevices":
                    linux = linux with { NetDevices = Members(ref r, NetDevice) };
                    break;
                // Containers that were started before the rules stood in the file.
                case "org.skiff.seccompProfile":
                    string profile = Text(ref r);
                    linux = linux with { Seccomp = profile == "builtin" ? SeccompSpec.BuiltIn : new SeccompSpec { ProfilePath = profile } };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return linux;
    }

    private static NamespaceSpec Namespace(ref Utf8JsonReader r)
    {
        NamespaceSpec item = default;
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "type":
                    item = item with { Type = Text(ref r) };
                    break;
                case "path":
                    item = item with { Path = NullIfEmpty(Text(ref r)) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return item.Type is null ? throw new JsonException("a namespace has no type") : item;
    }

    private static TimeOffset Offset(string clock, ref Utf8JsonReader r)
    {
        TimeOffset offset = new(clock, 0, 0);
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "secs":
                    offset = offset with { Seconds = Number(ref r) ?? 0 };
                    break;
                case "nanosecs":
                    offset = offset with { Nanoseconds = Unsigned32(ref r) ?? 0 };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return offset;
    }

    private static NameValue NetDevice(string host, ref Utf8JsonReader r)
    {
        string inside = host;
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            if (name == "name")
            {
                inside = Text(ref r);
            }
            else
            {
                Skip(ref r);
            }
        }
        return new NameValue(host, inside);
    }

    private static string? Personality(ref Utf8JsonReader r)
    {
        string? domain = null;
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            if (name == "domain")
            {
                domain = Text(ref r);
            }
            else
            {
                Skip(ref r);
            }
        }
        return domain;
    }

    /// <summary>A device type of one letter.</summary>
    private static char Letter(ref Utf8JsonReader r) =>
        Text(ref r) is [char letter] ? letter : throw new JsonException("a device type is one letter");

    private static DeviceSpec Device(ref Utf8JsonReader r)
    {
        DeviceSpec device = new() { Path = "" };
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "path":
                    device = device with { Path = Text(ref r) };
                    break;
                case "type":
                    device = device with { Type = Letter(ref r) };
                    break;
                case "major":
                    device = device with { Major = Number(ref r) ?? 0 };
                    break;
                case "minor":
                    device = device with { Minor = Number(ref r) ?? 0 };
                    break;
                case "fileMode":
                    device = device with { FileMode = Unsigned32(ref r) };
                    break;
                case "uid":
                    device = device with { Uid = Unsigned32(ref r) };
                    break;
                case "gid":
                    device = device with { Gid = Unsigned32(ref r) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return device.Path.StartsWith('/') ? device : throw new JsonException("a device has no absolute path");
    }

    private static SeccompSpec Seccomp(ref Utf8JsonReader r)
    {
        if (BuiltInProfile.TrySkip(ref r))
        {
            return SeccompSpec.BuiltIn;
        }
        SeccompSpec seccomp = new();
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "defaultAction":
                    seccomp = seccomp with { DefaultAction = Text(ref r) };
                    break;
                case "defaultErrnoRet":
                    seccomp = seccomp with { DefaultErrnoRet = Unsigned32(ref r) };
                    break;
                case "architectures":
                    seccomp = seccomp with { Architectures = Strings(ref r) };
                    break;
                case "flags":
                    seccomp = seccomp with { Flags = Strings(ref r) };
                    break;
                case "listenerPath":
                    seccomp = seccomp with { ListenerPath = NullIfEmpty(Text(ref r)) };
                    break;
                case "listenerMetadata":
                    seccomp = seccomp with { ListenerMetadata = NullIfEmpty(Text(ref r)) };
                    break;
                case "syscalls":
                    seccomp = seccomp with { Syscalls = List(ref r, Rule) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return seccomp;
    }

    private static SeccompRule Rule(ref Utf8JsonReader r)
    {
        SeccompRule rule = new(default, "", null, default);
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "names":
                    rule = rule with { Names = Strings(ref r) };
                    break;
                case "action":
                    rule = rule with { Action = Text(ref r) };
                    break;
                case "errnoRet":
                    rule = rule with { ErrnoRet = Unsigned32(ref r) };
                    break;
                case "args":
                    rule = rule with { Args = List(ref r, Argument) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return rule;
    }

    private static SeccompArgument Argument(ref Utf8JsonReader r)
    {
        SeccompArgument argument = new(0, 0, 0, "");
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "index":
                    argument = argument with { Index = Unsigned32(ref r) ?? 0 };
                    break;
                case "value":
                    argument = argument with { Value = Unsigned(ref r) ?? 0 };
                    break;
                case "valueTwo":
                    argument = argument with { ValueTwo = Unsigned(ref r) ?? 0 };
                    break;
                case "op":
                    argument = argument with { Op = Text(ref r) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return argument;
    }
}
