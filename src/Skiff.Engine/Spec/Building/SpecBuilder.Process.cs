using Skiff.Linux;
using Skiff.Linux.Capabilities;

namespace Skiff.Engine.Spec;

public sealed partial class SpecBuilder
{
    private ProcessSpec Process(ResolvedUser user, string hostname)
    {
        ValueList<string> capabilities = Names(Capabilities());
        // As execve(2) does for a user who is not root: the bounding set only; inheritable and ambient stay empty (CVE-2022-24769, CVE-2022-29162).
        bool root = user.Uid == 0;
        List<RlimitSpec> limits = [];
        foreach (Ulimit limit in _o.Ulimits)
        {
            limits.Add(new RlimitSpec(OptionGrammar.RlimitType(limit.Name)!, (ulong)limit.Soft, (ulong)limit.Hard));
        }
        return new ProcessSpec
        {
            Terminal = _o.Tty,
            ConsoleSize = _o.Tty ? _c.ConsoleSize : null,
            User = new UserSpec
            {
                Uid = user.Uid,
                Gid = user.Gid,
                AdditionalGids = user.AdditionalGids,
                Umask = _o.Umask,
            },
            Args = Arguments(),
            Env = Environment(user, hostname),
            Cwd = Workdir(),
            Capabilities = new CapabilitiesSpec
            {
                Bounding = capabilities,
                Effective = root ? capabilities : default,
                Permitted = root ? capabilities : default,
            },
            Rlimits = [.. limits],
            NoNewPrivileges = _o.Security.NoNewPrivileges,
            OomScoreAdj = _o.OomScoreAdj,
        };
    }

    /// <summary>The matrix of docker's run reference and image-spec config.md (RUN-01).</summary>
    private ValueList<string> Arguments()
    {
        List<string> args = [];
        if (_o.Entrypoint is { } entrypoint)
        {
            // --entrypoint, also an empty one, drops the image's CMD.
            args.AddRange(entrypoint);
            args.AddRange(_o.Arguments);
        }
        else
        {
            args.AddRange(_image.Entrypoint);
            args.AddRange(_o.Arguments.IsEmpty ? _image.Cmd : _o.Arguments);
        }
        if (args.Count == 0 || args[0].Length == 0)
        {
            if (!_o.Arguments.IsEmpty)
            {
                throw new SkiffException("the name of the command is empty: write one after the image, such as /bin/sh", 127);
            }
            string where = _o.Image is null ? $"--rootfs {_o.Rootfs} has" : $"the image {_o.Image} has";
            throw new SkiffException($"{where} no command to run: write one after it, such as /bin/sh", 125);
        }
        return [.. args];
    }

    /// <summary>docker's order: PATH, HOSTNAME, TERM, those of links, then the image's, then what was asked; a name keeps its first place and its last value. HOME as runc (RUN-06).</summary>
    private ValueList<string> Environment(ResolvedUser user, string hostname)
    {
        List<string> names = ["PATH", "HOSTNAME"];
        List<string?> values = [DefaultSpec.Path, hostname];
        if (_o.Tty)
        {
            names.Add("TERM");
            values.Add("xterm");
        }
        foreach (NameValue variable in _c.LinkedEnvironment)
        {
            Set(variable.Name, variable.Value);
        }
        if (!_o.UnsetAllEnvironment)
        {
            foreach (string entry in _image.Env)
            {
                int equals = entry.IndexOf('=', StringComparison.Ordinal);
                // An entry without '=' cannot be a variable; docker takes it as a removal, and nothing is there to remove yet.
                if (equals > 0)
                {
                    Set(entry[..equals], entry[(equals + 1)..]);
                }
            }
        }
        foreach (EnvironmentEntry entry in _o.Environment)
        {
            Set(entry.Name, entry.Value);
        }
        int home = names.IndexOf("HOME");
        if (home < 0)
        {
            names.Add("HOME");
            values.Add(user.Home);
        }
        else if (string.IsNullOrEmpty(values[home]))
        {
            values[home] = user.Home;
        }
        List<string> result = new(names.Count);
        for (int i = 0; i < names.Count; i++)
        {
            if (values[i] is { } value)
            {
                result.Add($"{names[i]}={value}");
            }
        }
        return [.. result];

        void Set(string name, string? value)
        {
            int place = names.IndexOf(name);
            if (place >= 0)
            {
                values[place] = value;
            }
            else if (value is not null)
            {
                names.Add(name);
                values.Add(value);
            }
        }
    }

    private string Workdir()
    {
        string path = _o.Workdir ?? _image.WorkingDir;
        path = path.Length == 0 ? "/" : OptionValue.CleanPath(path[0] == '/' ? path : "/" + path);
        // /proc/self/fd/N as working directory was a way out to the host's files (CVE-2024-21626): nobody needs it.
        return path.StartsWith("/proc/", StringComparison.Ordinal) && path.Contains("/fd", StringComparison.Ordinal)
            ? throw new SkiffException(
                $"the working directory {path} is refused: a descriptor of a process is no directory of the container (CVE-2024-21626)",
                125
            )
            : path;
    }

    private CapabilitySet Capabilities()
    {
        if (_o.Privileged)
        {
            return _c.Host.Capabilities;
        }
        CapabilitySet add = Set(_o.CapAdd, out bool addAll);
        CapabilitySet drop = Set(_o.CapDrop, out bool dropAll);
        CapabilitySet missing = add - _c.Host.Capabilities;
        if (missing.Size > 0)
        {
            throw new SkiffException(
                $"--cap-add {Names(missing)[0]}: the kernel does not know it, or the engine itself may not hold it (its bounding set, CapBnd in /proc/self/status)",
                125
            );
        }
        return addAll ? _c.Host.Capabilities - drop
            : dropAll ? add
            : (((CapabilitySet.Default & _c.Host.Capabilities) - drop) | add);

        static CapabilitySet Set(ValueList<string> names, out bool all)
        {
            CapabilitySet set = CapabilitySet.None;
            all = false;
            foreach (string name in names)
            {
                all |= name == "ALL";
                set = CapabilitySet.TryParse(name, out Capability capability) ? set | capability : set;
            }
            return set;
        }
    }

    private static ValueList<string> Names(CapabilitySet set)
    {
        List<string> names = [];
        for (int i = 0; i < CapabilitySet.Count; i++)
        {
            if (set.Contains((Capability)i))
            {
                names.Add(CapabilitySet.Name(i));
            }
        }
        return [.. names];
    }
}
