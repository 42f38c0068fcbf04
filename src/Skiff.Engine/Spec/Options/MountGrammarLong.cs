using System.Globalization;
using System.Text;

namespace Skiff.Engine.Spec;

/// <summary>The long form <c>--mount type=bind,source=/a,target=/b,readonly</c> of docker and podman.</summary>
public static class MountGrammarLong
{
    /// <summary>Reads one <c>--mount</c>.</summary>
    /// <param name="text">The value.</param>
    /// <param name="directory">Where relative sources start.</param>
    public static ContainerMount Parse(string text, string directory)
    {
        // docker's default type is volume, and the type may stand anywhere in the line, so it is looked for first.
        IReadOnlyList<string> fields = Csv.Split("mount", text);
        ContainerMount mount = new()
        {
            Syntax = MountSyntax.Mount,
            Type = MountType.Volume,
            Target = "",
        };
        foreach (string field in fields)
        {
            (string key, string value) = Split(field);
            if (key == "type")
            {
                mount = mount with { Type = Type(text, value) };
            }
        }
        foreach (string field in fields)
        {
            (string key, string value) = Split(field);
            mount = Apply(text, mount, key, value, field.Contains('=', StringComparison.Ordinal));
        }
        if (mount.Target.Length == 0)
        {
            throw OptionValue.Wrong("mount", text, "target= is missing");
        }
        if (mount is { ReadOnly: false, Recursion: BindRecursion.ReadOnly or BindRecursion.Writable })
        {
            throw OptionValue.Wrong("mount", text, "bind-recursive=readonly and =writable say how far readonly goes, and need it");
        }
        return MountGrammar.Check("mount", text, Source(text, mount, directory));
    }

    /// <summary>The canonical value of a mount that came from <c>--mount</c>.</summary>
    public static string Format(ContainerMount mount)
    {
        StringBuilder line = new();
        Csv.Append(line, "type=" + mount.Type.ToString().ToLowerInvariant());
        Field("source", mount.Source);
        Field("target", mount.Target);
        Flag("readonly", mount.ReadOnly);
        Field("bind-propagation", MountGrammar.PropagationName(mount.Propagation));
        Field("bind-recursive", mount.Recursion == BindRecursion.Enabled ? "" : mount.Recursion.ToString().ToLowerInvariant());
        Flag("bind-create-src", mount.CreateSource);
        Flag("volume-nocopy", mount.NoCopy);
        Field(mount.Type == MountType.Image ? "image-subpath" : "volume-subpath", mount.Subpath);
        foreach (NameValue label in mount.Labels)
        {
            Field("volume-label", label.Value.Length == 0 ? label.Name : label.ToString());
        }
        Field("volume-driver", mount.Driver);
        foreach (NameValue option in mount.DriverOptions)
        {
            Field("volume-opt", option.ToString());
        }
        Field("relabel", mount.Relabel == Relabel.None ? "" : mount.Relabel.ToString().ToLowerInvariant());
        Flag("U", mount.Chown);
        Flag("O", mount.Overlay);
        if (mount.IdMap is not null)
        {
            Csv.Append(line, mount.IdMap.Length == 0 ? "idmap" : "idmap=" + mount.IdMap);
        }
        foreach (string option in mount.Options)
        {
            Csv.Append(
                line,
                mount.Type == MountType.Tmpfs
                && (option.StartsWith("size=", StringComparison.Ordinal) || option.StartsWith("mode=", StringComparison.Ordinal))
                    ? "tmpfs-" + option
                    : option
            );
        }
        return line.ToString();

        void Field(string key, string value)
        {
            if (value.Length > 0)
            {
                Csv.Append(line, $"{key}={value}");
            }
        }

        void Flag(string key, bool on)
        {
            if (on)
            {
                Csv.Append(line, key);
            }
        }
    }

    private static (string Key, string Value) Split(string field)
    {
        int equals = field.IndexOf('=', StringComparison.Ordinal);
        string key = (equals < 0 ? field : field[..equals]).Trim();
        return (key is "U" or "O" ? key : key.ToLowerInvariant(), equals < 0 ? "" : field[(equals + 1)..]);
    }

    private static MountType Type(string text, string value) =>
        value.ToLowerInvariant() switch
        {
            "bind" => MountType.Bind,
            "volume" => MountType.Volume,
            "tmpfs" => MountType.Tmpfs,
            "image" => MountType.Image,
            "ramfs" => MountType.Ramfs,
            "devpts" => MountType.Devpts,
            _ => throw OptionValue.Wrong("mount", text, $"type {value} is not one of bind, volume, tmpfs, image, ramfs, devpts"),
        };

    private static ContainerMount Apply(string text, ContainerMount mount, string key, string value, bool hasValue)
    {
        bool Switch() => !hasValue || OptionValue.Bool("mount", value);
        switch (key)
        {
            case "type":
                return mount;
            case "source" or "src":
                return mount with { Source = value };
            case "target" or "destination" or "dst" or "dest":
                return mount with { Target = MountGrammar.Target("mount", text, value) };
            case "readonly" or "ro":
                return mount with { ReadOnly = Switch() };
            case "rw":
                return mount with { ReadOnly = !Switch() };
            case "consistency":
                return mount;
            case "u" or "U" or "chown":
                return mount with { Chown = Switch() };
            case "o" or "O":
                return mount with { Overlay = Switch() };
            case "idmap":
                return mount with { IdMap = IdMapGrammar.CheckMountMap("mount", text, value) };
            case "relabel":
                return mount with
                {
                    Relabel = value switch
                    {
                        "shared" => Relabel.Shared,
                        "private" => Relabel.Private,
                        _ => throw OptionValue.Wrong("mount", text, "relabel is shared or private"),
                    },
                };
            case "subpath":
                return Subpath(text, mount, value);
        }
        ContainerMount? special = mount.Type switch
        {
            MountType.Bind => Bind(text, mount, key, value, Switch),
            MountType.Volume => Volume(text, mount, key, value, Switch),
            MountType.Image when key == "image-subpath" => Subpath(text, mount, value),
            MountType.Image when key == "readwrite" => mount with { Overlay = Switch() },
            MountType.Tmpfs or MountType.Ramfs or MountType.Devpts => Memory(text, mount, key, value),
            _ => null,
        };
        if (special is not null)
        {
            return special;
        }
        return !hasValue && MountGrammar.IsMountFlag(key)
            ? mount with
            {
                Options = mount.Options.Add(key),
            }
            : throw OptionValue.Wrong("mount", text, $"\"{key}\" is not an option of a {mount.Type.ToString().ToLowerInvariant()} mount");
    }

    private static ContainerMount? Bind(string text, ContainerMount mount, string key, string value, Func<bool> on) =>
        key switch
        {
            "bind-propagation" => MountGrammar.TryPropagation(value, out Propagation propagation)
                ? mount with
                {
                    Propagation = propagation,
                }
                : throw OptionValue.Wrong("mount", text, "bind-propagation is one of private, rprivate, shared, rshared, slave, rslave"),
            "bind-nonrecursive" => mount with { Recursion = on() ? BindRecursion.Disabled : BindRecursion.Enabled },
            "bind-recursive" => mount with
            {
                Recursion = value switch
                {
                    "enabled" => BindRecursion.Enabled,
                    "disabled" => BindRecursion.Disabled,
                    "writable" => BindRecursion.Writable,
                    "readonly" => BindRecursion.ReadOnly,
                    _ => throw OptionValue.Wrong("mount", text, "bind-recursive is one of enabled, disabled, writable, readonly"),
                },
            },
            "bind-create-src" => mount with { CreateSource = on() },
            _ => null,
        };

    private static ContainerMount? Volume(string text, ContainerMount mount, string key, string value, Func<bool> on)
    {
        switch (key)
        {
            case "volume-nocopy":
                return mount with { NoCopy = on() };
            case "volume-subpath":
                return Subpath(text, mount, value);
            case "volume-driver":
                return mount with { Driver = value };
            case "volume-label":
                int equals = value.IndexOf('=', StringComparison.Ordinal);
                return mount with
                {
                    Labels = mount.Labels.Add(
                        equals < 0 ? new NameValue(value, "") : new NameValue(value[..equals], value[(equals + 1)..])
                    ),
                };
            case "volume-opt":
                return mount with { DriverOptions = mount.DriverOptions.Add(OptionValue.Pair("mount", value)) };
            default:
                return null;
        }
    }

    private static ContainerMount? Memory(string text, ContainerMount mount, string key, string value)
    {
        switch (key)
        {
            case "tmpfs-size" when mount.Type == MountType.Tmpfs:
                long bytes = OptionValue.Bytes("mount", value);
                return bytes == 0
                    ? mount
                    : mount with
                    {
                        Options = mount.Options.Add("size=" + bytes.ToString(CultureInfo.InvariantCulture)),
                    };
            case "tmpfs-mode" or "mode":
                return mount with { Options = mount.Options.Add("mode=" + Octal(text, value)) };
            case "uid" or "gid" or "max" when uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _):
                return mount with { Options = mount.Options.Add($"{key}={value}") };
            case "size" or "nr_inodes" or "nr_blocks" or "mpol" or "huge" when mount.Type == MountType.Tmpfs:
                return mount with { Options = mount.Options.Add($"{key}={value}") };
            // podman: a tmpfs that starts as a copy of the directory below; docker has no such thing, and its absence is the default.
            case "notmpcopyup":
                return mount;
            default:
                return null;
        }
    }

    private static string Octal(string text, string value)
    {
        foreach (char c in value)
        {
            if (c is < '0' or > '7')
            {
                throw OptionValue.Wrong("mount", text, "a mode is written in octal, such as 1777");
            }
        }
        return value.Length is >= 1 and <= 5 ? value : throw OptionValue.Wrong("mount", text, "a mode is written in octal, such as 1777");
    }

    private static ContainerMount Subpath(string text, ContainerMount mount, string value)
    {
        if (value.StartsWith('/') || value.Length == 0)
        {
            throw OptionValue.Wrong("mount", text, "a subpath is relative to the root of the volume or image");
        }
        string clean = OptionValue.CleanPath("/" + value)[1..];
        bool climbs =
            value == ".."
            || value.StartsWith("../", StringComparison.Ordinal)
            || value.Contains("/../", StringComparison.Ordinal)
            || value.EndsWith("/..", StringComparison.Ordinal);
        return climbs ? throw OptionValue.Wrong("mount", text, "a subpath must not contain \"..\"") : mount with { Subpath = clean };
    }

    private static ContainerMount Source(string text, ContainerMount mount, string directory)
    {
        switch (mount.Type)
        {
            case MountType.Bind when mount.Source.Length == 0:
                throw OptionValue.Wrong("mount", text, "source= is missing");
            case MountType.Bind:
                return mount with { Source = OptionValue.CleanPath(mount.Source[0] == '/' ? mount.Source : $"{directory}/{mount.Source}") };
            case MountType.Image when mount.Source.Length == 0:
                throw OptionValue.Wrong("mount", text, "source= must name the image");
            case MountType.Tmpfs or MountType.Ramfs or MountType.Devpts when mount.Source.Length > 0:
                throw OptionValue.Wrong("mount", text, $"a {mount.Type.ToString().ToLowerInvariant()} mount has no source");
            case MountType.Volume when mount.Source.Length > 0 && !MountGrammar.IsVolumeName(mount.Source):
                throw OptionValue.Wrong(
                    "mount",
                    text,
                    mount.Source[0] == '/'
                        ? "the source of a volume is its name; a path needs type=bind"
                        : "a volume name has at least two of [a-zA-Z0-9][a-zA-Z0-9_.-]"
                );
            default:
                return mount;
        }
    }
}
