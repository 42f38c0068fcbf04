using System.Text.Json;

namespace Skiff.Engine.Spec;

public static partial class RuntimeSpecReader
{
    private static ProcessSpec Process(ref Utf8JsonReader r)
    {
        ProcessSpec process = new();
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "terminal":
                    process = process with { Terminal = Switch(ref r) };
                    break;
                case "consoleSize":
                    process = process with { ConsoleSize = Size(ref r) };
                    break;
                case "user":
                    process = process with { User = User(ref r) };
                    break;
                case "args":
                    process = process with { Args = Strings(ref r) };
                    break;
                case "env":
                    process = process with { Env = Strings(ref r) };
                    break;
                case "cwd":
                    process = process with { Cwd = Text(ref r) };
                    break;
                case "capabilities":
                    process = process with { Capabilities = r.TokenType == JsonTokenType.Null ? null : Capabilities(ref r) };
                    break;
                case "rlimits":
                    process = process with { Rlimits = List(ref r, Rlimit) };
                    break;
                case "noNewPrivileges":
                    process = process with { NoNewPrivileges = Switch(ref r) };
                    break;
                case "apparmorProfile":
                    process = process with { ApparmorProfile = NullIfEmpty(Text(ref r)) };
                    break;
                case "selinuxLabel":
                    process = process with { SelinuxLabel = NullIfEmpty(Text(ref r)) };
                    break;
                case "oomScoreAdj":
                    process = process with { OomScoreAdj = Integer(ref r) };
                    break;
                case "ioPriority":
                    process = process with { IoPriority = r.TokenType == JsonTokenType.Null ? null : IoPriority(ref r) };
                    break;
                case "scheduler":
                    process = process with { Scheduler = r.TokenType == JsonTokenType.Null ? null : Scheduler(ref r) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return process.Cwd.StartsWith('/') ? process : throw new JsonException($"process.cwd \"{process.Cwd}\" is not an absolute path");
    }

    /// <summary>An empty name is Go's way to write none.</summary>
    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private static ConsoleSize Size(ref Utf8JsonReader r)
    {
        ConsoleSize size = default;
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "height":
                    size = size with { Height = Unsigned32(ref r) ?? 0 };
                    break;
                case "width":
                    size = size with { Width = Unsigned32(ref r) ?? 0 };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return size;
    }

    private static UserSpec User(ref Utf8JsonReader r)
    {
        UserSpec user = new();
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "uid":
                    user = user with { Uid = Unsigned32(ref r) ?? 0 };
                    break;
                case "gid":
                    user = user with { Gid = Unsigned32(ref r) ?? 0 };
                    break;
                case "umask":
                    user = user with { Umask = Unsigned32(ref r) };
                    break;
                case "additionalGids":
                    user = user with { AdditionalGids = List(ref r, static (ref Utf8JsonReader value) => value.GetUInt32()) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return user;
    }

    private static CapabilitiesSpec Capabilities(ref Utf8JsonReader r)
    {
        CapabilitiesSpec sets = new();
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "bounding":
                    sets = sets with { Bounding = Strings(ref r) };
                    break;
                case "effective":
                    sets = sets with { Effective = Strings(ref r) };
                    break;
                case "permitted":
                    sets = sets with { Permitted = Strings(ref r) };
                    break;
                case "inheritable":
                    sets = sets with { Inheritable = Strings(ref r) };
                    break;
                case "ambient":
                    sets = sets with { Ambient = Strings(ref r) };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return sets;
    }

    private static RlimitSpec Rlimit(ref Utf8JsonReader r)
    {
        RlimitSpec limit = default;
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "type":
                    limit = limit with { Type = Text(ref r) };
                    break;
                case "soft":
                    limit = limit with { Soft = Unsigned(ref r) ?? 0 };
                    break;
                case "hard":
                    limit = limit with { Hard = Unsigned(ref r) ?? 0 };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return limit.Type is null ? throw new JsonException("a rlimit has no type") : limit;
    }

    private static IoPrioritySpec IoPriority(ref Utf8JsonReader r)
    {
        IoPrioritySpec priority = new("", 0);
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "class":
                    priority = priority with { Class = Text(ref r) };
                    break;
                case "priority":
                    priority = priority with { Priority = Integer(ref r) ?? 0 };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return priority;
    }

    private static SchedulerSpec Scheduler(ref Utf8JsonReader r)
    {
        SchedulerSpec scheduler = new("", 0, 0, default, 0, 0, 0);
        for (bool more = First(ref r, out string name); more; more = Next(ref r, out name))
        {
            switch (name)
            {
                case "policy":
                    scheduler = scheduler with { Policy = Text(ref r) };
                    break;
                case "nice":
                    scheduler = scheduler with { Nice = Integer(ref r) ?? 0 };
                    break;
                case "priority":
                    scheduler = scheduler with { Priority = Integer(ref r) ?? 0 };
                    break;
                case "flags":
                    scheduler = scheduler with { Flags = Strings(ref r) };
                    break;
                case "runtime":
                    scheduler = scheduler with { Runtime = Unsigned(ref r) ?? 0 };
                    break;
                case "deadline":
                    scheduler = scheduler with { Deadline = Unsigned(ref r) ?? 0 };
                    break;
                case "period":
                    scheduler = scheduler with { Period = Unsigned(ref r) ?? 0 };
                    break;
                default:
                    Skip(ref r);
                    break;
            }
        }
        return scheduler;
    }
}
