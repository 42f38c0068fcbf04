using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <summary>docker's and podman's grammars of <c>--volume</c> and <c>--tmpfs</c>; the long form is in <see cref="MountGrammarLong"/>.</summary>
public static class MountGrammar
{
    /// <summary>Reads one <c>-v [source:]target[:options]</c>.</summary>
    /// <param name="text">The value.</param>
    /// <param name="directory">Where relative sources (<c>./data</c>) start.</param>
    public static ContainerMount ParseVolume(string text, string directory)
    {
        string[] parts = text.Split(':');
        string source = "";
        string target;
        string options = "";
        switch (parts.Length)
        {
            case 1:
                target = parts[0];
                break;
            // docker reads the second part as options when it can be nothing else: an anonymous volume with a mode.
            case 2 when parts[0].StartsWith('/') && !parts[1].StartsWith('/'):
                target = parts[0];
                options = parts[1];
                break;
            case 2:
                (source, target) = (parts[0], parts[1]);
                break;
            case 3:
                (source, target, options) = (parts[0], parts[1], parts[2]);
                break;
            default:
                throw Wrong(text, "too many colons: expected [source:]target[:options]; a path with a colon needs --mount");
        }
        if (parts.Length > 1 && parts[0].Length == 0)
        {
            throw Wrong(text, "the source before the first colon is empty");
        }
        ContainerMount mount = new()
        {
            Syntax = MountSyntax.Volume,
            Type = MountType.Volume,
            Source = source,
            Target = Target("volume", text, target),
        };
        if (source.Length > 0)
        {
            bool relative =
                source is "." or ".."
                || source.StartsWith("./", StringComparison.Ordinal)
                || source.StartsWith("../", StringComparison.Ordinal);
            if (source[0] == '/' || relative)
            {
                mount = mount with { Type = MountType.Bind, Source = OptionValue.CleanPath(relative ? $"{directory}/{source}" : source) };
            }
            else if (!IsVolumeName(source))
            {
                throw Wrong(
                    text,
                    $"\"{source}\" is neither an absolute path, nor a relative one starting with ./, nor a volume name (at least two of [a-zA-Z0-9][a-zA-Z0-9_.-])"
                );
            }
        }
        return options.Length == 0 && parts.Length < 3 ? mount : VolumeOptions(text, mount, options);
    }

    /// <summary>Reads one <c>--tmpfs target[:options]</c>.</summary>
    public static ContainerMount ParseTmpfs(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        ContainerMount mount = new()
        {
            Syntax = MountSyntax.Tmpfs,
            Type = MountType.Tmpfs,
            Target = Target("tmpfs", text, colon < 0 ? text : text[..colon]),
        };
        if (colon < 0 || colon == text.Length - 1)
        {
            return mount;
        }
        List<string> options = [];
        foreach (string option in text[(colon + 1)..].Split(','))
        {
            if (option is "rw" or "ro")
            {
                mount = mount with { ReadOnly = option == "ro" };
            }
            else if (TryPropagation(option, out Propagation propagation))
            {
                mount = mount with { Propagation = propagation };
            }
            else
            {
                options.Add(TmpfsOption("tmpfs", text, option));
            }
        }
        return mount with { Options = [.. options] };
    }

    /// <summary>The canonical <c>-v</c> or <c>--tmpfs</c> value of a mount that came from such a flag.</summary>
    public static string FormatShort(ContainerMount mount)
    {
        List<string> options = [];
        Add(mount.ReadOnly && mount.Recursion != BindRecursion.ReadOnly, "ro");
        Add(mount.Recursion == BindRecursion.ReadOnly, "rro");
        Add(mount.Recursion == BindRecursion.Disabled, "bind");
        Add(mount.NoCopy, "nocopy");
        Add(mount.Relabel == Relabel.Shared, "z");
        Add(mount.Relabel == Relabel.Private, "Z");
        Add(mount.Chown, "U");
        Add(mount.Overlay, "O");
        Add(mount.IdMap is not null, mount.IdMap is { Length: > 0 } ? "idmap=" + mount.IdMap : "idmap");
        Add(mount.Propagation != Propagation.Default, PropagationName(mount.Propagation));
        options.AddRange(mount.Options);
        string text = mount.Source.Length == 0 ? mount.Target : $"{mount.Source}:{mount.Target}";
        return options.Count == 0 ? text : $"{text}:{string.Join(',', options)}";

        void Add(bool condition, string word)
        {
            if (condition)
            {
                options.Add(word);
            }
        }
    }

    /// <summary>docker's rule for volume names: at least two characters of <c>[a-zA-Z0-9][a-zA-Z0-9_.-]</c>.</summary>
    public static bool IsVolumeName(string name) => name.Length is >= 2 and <= 255 && IsName(name);

    internal static bool IsName(string name)
    {
        for (int i = 0; i < name.Length; i++)
        {
            if (!char.IsAsciiLetterOrDigit(name[i]) && (i == 0 || name[i] is not ('_' or '.' or '-')))
            {
                return false;
            }
        }
        return name.Length > 0;
    }

    /// <summary>An absolute container path other than the root, cleaned.</summary>
    internal static string Target(string flag, string text, string target)
    {
        if (target.Length == 0 || target[0] != '/')
        {
            throw OptionValue.Wrong(flag, text, $"the path in the container \"{target}\" must be absolute");
        }
        string clean = OptionValue.CleanPath(target);
        return clean != "/" ? clean : throw OptionValue.Wrong(flag, text, "nothing can be mounted over the container's root directory");
    }

    /// <summary>One option that tmpfs(5) or mount(8) knows.</summary>
    internal static string TmpfsOption(string flag, string text, string option)
    {
        int equals = option.IndexOf('=', StringComparison.Ordinal);
        string key = equals < 0 ? option : option[..equals];
        bool known =
            equals < 0
                ? IsMountFlag(option) || option is "huge"
                : key is "size" or "mode" or "uid" or "gid" or "nr_inodes" or "nr_blocks" or "mpol" or "huge";
        return known ? option : throw OptionValue.Wrong(flag, text, $"\"{option}\" is not an option of tmpfs");
    }

    /// <summary>Flags of mount(8) that any mount takes.</summary>
    internal static bool IsMountFlag(string word) =>
        word
            is "exec"
                or "noexec"
                or "suid"
                or "nosuid"
                or "dev"
                or "nodev"
                or "atime"
                or "noatime"
                or "diratime"
                or "nodiratime"
                or "relatime"
                or "norelatime"
                or "strictatime"
                or "nostrictatime"
                or "sync"
                or "async"
                or "dirsync"
                or "mand"
                or "nomand"
                or "nosymfollow";

    internal static bool TryPropagation(string word, out Propagation propagation)
    {
        propagation = word switch
        {
            "private" => Propagation.Private,
            "rprivate" => Propagation.RPrivate,
            "shared" => Propagation.Shared,
            "rshared" => Propagation.RShared,
            "slave" => Propagation.Slave,
            "rslave" => Propagation.RSlave,
            _ => Propagation.Default,
        };
        return propagation != Propagation.Default;
    }

    /// <summary>The word of mount(8) for a propagation; empty for the default.</summary>
    public static string PropagationName(Propagation propagation) =>
        propagation switch
        {
            Propagation.Private => "private",
            Propagation.RPrivate => "rprivate",
            Propagation.Shared => "shared",
            Propagation.RShared => "rshared",
            Propagation.Slave => "slave",
            Propagation.RSlave => "rslave",
            _ => "",
        };

    private static ContainerMount VolumeOptions(string text, ContainerMount mount, string words)
    {
        List<string> rest = [];
        bool? readOnly = null;
        foreach (string word in words.Split(','))
        {
            switch (word)
            {
                case "ro" or "rw" or "rro":
                    bool wanted = word != "rw";
                    if (readOnly is bool before && before != wanted)
                    {
                        throw Wrong(text, "a mount is either ro or rw");
                    }
                    readOnly = wanted;
                    mount =
                        word == "rro"
                            ? mount with
                            {
                                ReadOnly = true,
                                Recursion = BindRecursion.ReadOnly,
                            }
                            : mount with
                            {
                                ReadOnly = wanted,
                            };
                    break;
                case "z":
                    mount = mount with { Relabel = Relabel.Shared };
                    break;
                case "Z":
                    mount = mount with { Relabel = Relabel.Private };
                    break;
                case "U":
                    mount = mount with { Chown = true };
                    break;
                case "O":
                    mount = mount with { Overlay = true };
                    break;
                case "idmap":
                    mount = mount with { IdMap = "" };
                    break;
                case "nocopy" when mount.Type == MountType.Volume:
                    mount = mount with { NoCopy = true };
                    break;
                case "copy" when mount.Type == MountType.Volume:
                    break;
                // docker keeps these for Docker Desktop; on Linux they change nothing.
                case "consistent" or "cached" or "delegated" or "default" or "rbind":
                    break;
                case "bind" when mount.Type == MountType.Bind:
                    mount = mount with { Recursion = BindRecursion.Disabled };
                    break;
                case "nocopy" or "copy":
                    throw Wrong(text, $"{word} is for volumes; {mount.Source} is a directory of the host");
                default:
                    if (word.StartsWith("idmap=", StringComparison.Ordinal))
                    {
                        mount = mount with { IdMap = IdMapGrammar.CheckMountMap("volume", text, word[6..]) };
                    }
                    else if (TryPropagation(word, out Propagation propagation))
                    {
                        mount = mount with { Propagation = propagation };
                    }
                    else if (IsMountFlag(word))
                    {
                        rest.Add(word);
                    }
                    else
                    {
                        throw Wrong(
                            text,
                            $"\"{word}\" is not one of ro, rw, rro, z, Z, U, O, idmap, nocopy, [r]private, [r]shared, [r]slave, bind, rbind, noexec, nosuid, nodev"
                        );
                    }
                    break;
            }
        }
        return Check("volume", text, mount with { Options = [.. rest] });
    }

    /// <summary>Refuses combinations that cannot be done.</summary>
    internal static ContainerMount Check(string flag, string text, ContainerMount mount)
    {
        if (mount.Overlay && mount.Source.Length == 0)
        {
            throw OptionValue.Wrong(flag, text, "a throw-away overlay (O) needs a source");
        }
        return mount.Recursion == BindRecursion.ReadOnly && mount.Type != MountType.Bind
            ? throw OptionValue.Wrong(flag, text, "recursive read-only is for bind mounts")
            : mount;
    }

    private static SkiffException Wrong(string text, string allowed) => OptionValue.Wrong("volume", text, allowed);
}
