using Skiff.Build.Parsing;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Build.Steps;

/// <summary>One <c>RUN --mount</c>, read and checked.</summary>
internal sealed record RunMount
{
    private static readonly Dictionary<string, string[]> s_fields = new()
    {
        ["bind"] = ["target", "source", "from", "rw", "ro"],
        ["cache"] = ["target", "id", "sharing", "from", "source", "mode", "uid", "gid", "ro", "rw"],
        ["tmpfs"] = ["target", "size"],
        ["secret"] = ["target", "id", "required", "mode", "uid", "gid", "env"],
        ["ssh"] = ["target", "id", "required", "mode", "uid", "gid"],
    };

    /// <summary>bind, cache, tmpfs, secret or ssh.</summary>
    internal required string Type { get; init; }

    /// <summary>Absolute path in the container; empty where the type has a default, or none is made.</summary>
    internal string Target { get; init; } = "";

    /// <summary>Path in the source.</summary>
    internal string Source { get; init; } = "";

    /// <summary>A stage, context or image; empty for the build's context.</summary>
    internal string From { get; init; } = "";

    /// <summary>Which cache, secret or agent.</summary>
    internal string Id { get; init; } = "";

    /// <summary>shared, private or locked.</summary>
    internal string Sharing { get; init; } = "shared";

    /// <summary>Writing: null where it was not said.</summary>
    internal bool? Writable { get; init; }

    /// <summary>A missing secret or agent is an error.</summary>
    internal bool Required { get; init; }

    /// <summary>The variable that takes a secret; null for a file.</summary>
    internal string? Variable { get; init; }

    internal uint? Mode { get; init; }

    internal uint Uid { get; init; }

    internal uint Gid { get; init; }

    /// <summary>Bytes of a tmpfs; 0 for no limit.</summary>
    internal long Size { get; init; }

    /// <summary>All that the cache's key needs, without content.</summary>
    internal string Text => $"{Type} {Target} {Source} {From} {Id} {Writable} {Mode} {Uid} {Gid} {Size} {Variable}";

    /// <summary>Reads <c>type=cache,target=/x,…</c>.</summary>
    internal static RunMount Parse(Instruction instruction, string text, string workdir, Func<string, string> expand)
    {
        RunMount mount = new() { Type = "bind" };
        List<(string Name, string Value)> fields = [];
        foreach (string field in Csv.Split("mount", text))
        {
            int equals = field.IndexOf('=');
            string name = Canonical((equals < 0 ? field : field[..equals]).Trim().ToLowerInvariant());
            string value = equals < 0 ? "" : field[(equals + 1)..];
            if (name == "type")
            {
                mount = mount with { Type = value };
                continue;
            }
            if (equals < 0 && name is not ("ro" or "rw" or "required"))
            {
                throw Wrong(instruction, $"\"{field}\" must be a key=value pair");
            }
            fields.Add((name, name == "from" ? value : expand(value)));
        }
        if (!s_fields.TryGetValue(mount.Type, out string[]? known))
        {
            throw Wrong(instruction, $"unsupported mount type \"{mount.Type}\": bind, cache, tmpfs, secret or ssh");
        }
        foreach ((string name, string value) in fields)
        {
            mount =
                Array.IndexOf(known, name) >= 0
                    ? mount.Set(instruction, name, value)
                    : throw Wrong(
                        instruction,
                        $"unexpected key '{name}' for a mount of type {mount.Type}: it has {string.Join(", ", known)}"
                    );
        }
        return mount.Complete(instruction, workdir);
    }

    private static string Canonical(string name) =>
        name switch
        {
            "dst" or "destination" => "target",
            "src" => "source",
            "readonly" => "ro",
            "readwrite" => "rw",
            _ => name,
        };

    private RunMount Set(Instruction instruction, string name, string value) =>
        name switch
        {
            "target" => this with { Target = value },
            "source" => this with { Source = value },
            "from" => this with { From = value },
            "id" => this with { Id = value },
            "env" => this with { Variable = value },
            "sharing" => value is "shared" or "private" or "locked"
                ? this with
                {
                    Sharing = value,
                }
                : throw Wrong(instruction, $"unsupported sharing value \"{value}\": shared, private or locked"),
            "rw" => this with { Writable = Bool(instruction, name, value) },
            "ro" => this with { Writable = !Bool(instruction, name, value) },
            "required" => this with { Required = Bool(instruction, name, value) },
            "mode" => this with { Mode = Number(instruction, name, value, 8) },
            "uid" => this with { Uid = Number(instruction, name, value, 10) },
            "gid" => this with { Gid = Number(instruction, name, value, 10) },
            _ => this with { Size = OptionValue.Bytes("mount size", value) },
        };

    private RunMount Complete(Instruction instruction, string workdir)
    {
        RunMount mount = this;
        if (mount.Type == "secret")
        {
            string id = mount.Id.Length > 0 ? mount.Id : Path.GetFileName(mount.Target);
            if (id.Length == 0)
            {
                throw Wrong(instruction, "a secret needs an id, or a target whose last name is one");
            }
            mount = mount with
            {
                Id = id,
                Target =
                    mount.Target.Length > 0 ? mount.Target
                    : mount.Variable is null ? "/run/secrets/" + Path.GetFileName(id)
                    : "",
            };
        }
        else if (mount.Type == "ssh")
        {
            mount = mount with { Id = mount.Id.Length > 0 ? mount.Id : "default" };
        }
        else if (mount.Target.Length == 0)
        {
            throw Wrong(instruction, $"a mount of type {mount.Type} needs a target");
        }
        if (mount.Target.Length > 0)
        {
            string target = OptionValue.CleanPath(mount.Target[0] == '/' ? mount.Target : $"{workdir}/{mount.Target}");
            mount = target == "/" ? throw Wrong(instruction, "the target / is not possible") : mount with { Target = target };
        }
        return mount.Type == "cache" && mount.Id.Length == 0 ? mount with { Id = mount.Target } : mount;
    }

    private static bool Bool(Instruction instruction, string name, string value) =>
        value.Length == 0
        || (
            bool.TryParse(value, out bool parsed)
                ? parsed
                : value switch
                {
                    "1" => true,
                    "0" => false,
                    _ => throw Wrong(instruction, $"{name}={value}: true or false is due"),
                }
        );

    private static uint Number(Instruction instruction, string name, string value, int radix)
    {
        uint result = 0;
        foreach (char c in value)
        {
            uint digit = (uint)(c - '0');
            if (digit >= radix || result > (uint.MaxValue - digit) / radix)
            {
                throw Wrong(instruction, $"{name}={value}: {(radix == 8 ? "an octal" : "a")} number is due");
            }
            result = (result * (uint)radix) + digit;
        }
        return value.Length == 0 ? throw Wrong(instruction, $"{name}= has no value") : result;
    }

    private static DockerfileException Wrong(Instruction instruction, string why) =>
        DockerfileException.At(instruction, $"RUN --mount: {why}");
}
