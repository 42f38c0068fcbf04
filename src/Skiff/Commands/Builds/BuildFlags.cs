using System.Globalization;
using System.Text;
using Skiff.Build;
using Skiff.CommandLine;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Images;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Commands.Builds;

/// <summary>The flags of <c>build</c>, and what they mean.</summary>
internal static class BuildFlags
{
    /// <summary>Flags that RUN's containers have from <c>run</c>, in the same grammar.</summary>
    private static readonly string[] s_ofRun =
    [
        "add-host",
        "cgroup-parent",
        "cpu-period",
        "cpu-quota",
        "cpu-shares",
        "cpuset-cpus",
        "cpuset-mems",
        "memory",
        "memory-swap",
        "network",
        "shm-size",
        "ulimit",
    ];

    /// <summary>All flags.</summary>
    internal static IReadOnlyList<Flag> All() =>
        [
            Flag.List("add-host", "Add a line to /etc/hosts of RUN: host:ip"),
            Credentials.FileFlag(),
            Flag.List("build-arg", "Set the value of an ARG: NAME=value, or NAME to take it from the caller"),
            Flag.List("build-context", "Add a context by name: NAME=PATH, or NAME=docker-image://IMAGE"),
            Flag.Text("cgroup-parent", "The cgroup below which those of RUN are made"),
            Flag.Number("cpu-period", "Length of a period of processor time for RUN in microseconds"),
            Flag.Number("cpu-quota", "Processor time per period for RUN in microseconds"),
            Flag.Number("cpu-shares", "Relative weight of RUN's processor time", 'c'),
            Flag.Text("cpuset-cpus", "Processors for RUN, such as 0-3,8"),
            Flag.Text("cpuset-mems", "Memory nodes for RUN, such as 0,1"),
            Flag.Text("file", "Name of the Dockerfile, - for standard input", 'f') with
            {
                Completes = Completion.File,
            },
            Flag.Bool("force-rm", "Accepted for docker's sake: nothing is left of a step") with
            {
                Hidden = true,
            },
            Flag.Text("iidfile", "Write the image's id to a file") with
            {
                Completes = Completion.File,
            },
            Flag.List("label", "Add a label to the image: NAME=value"),
            Flag.Bool("load", "Accepted for docker's sake: the image is always in the store") with
            {
                Hidden = true,
            },
            Flag.Text("memory", "Memory limit of RUN", 'm', "bytes"),
            Flag.Text("memory-swap", "Limit of memory and swap of RUN, -1 for none", valueName: "bytes"),
            Flag.Text("metadata-file", "Write the digests of the result to a file, as JSON") with
            {
                Completes = Completion.File,
            },
            Flag.Text("network", "Network of RUN: default, none, host, or a network's name") with
            {
                Default = "default",
                Completes = Completion.Network,
            },
            Flag.Bool("no-cache", "Use nothing that was built before"),
            Flag.List("no-cache-filter", "Stages that are not taken from the cache"),
            Flag.Text(
                "output",
                "What to make: type=image|local|tar|oci|docker[,dest=PATH], or a directory for its files, - for a tar",
                'o'
            ),
            Flag.Text("platform", "Platform of the image: os/architecture[/variant]"),
            Flag.Text("progress", "How progress is shown") with
            {
                Default = "auto",
                Choices = ["auto", "plain", "tty", "json", "quiet"],
            },
            Flag.Bool("pull", "Ask the registry for newer base images"),
            Flag.Bool("quiet", "Print the image's id, and nothing else", 'q'),
            Flag.Bool("rm", "Accepted for docker's sake: nothing is left of a step") with
            {
                Hidden = true,
            },
            Flag.List("secret", "A secret for RUN --mount=type=secret: id=NAME,src=FILE or id=NAME,env=VARIABLE"),
            Flag.Text("shm-size", "Size of /dev/shm of RUN", valueName: "bytes"),
            Flag.List("ssh", "An SSH agent for RUN --mount=type=ssh: default, or NAME=SOCKET"),
            Flag.List("tag", "Name of the image: name[:tag]", 't') with
            {
                Completes = Completion.Image,
            },
            Flag.Text("target", "The stage to build"),
            Flag.Bool("tls-verify", "Require TLS with a valid certificate from the registry") with
            {
                Default = "true",
            },
            Flag.List("ulimit", "Resource limits of RUN: name=soft[:hard]"),
        ];

    /// <summary>What the flags ask for; what is not a flag's is filled in later.</summary>
    internal static BuildRequest Request(Invocation invocation)
    {
        RunOptionsBuilder run = new(Run.HostContext.Make());
        foreach ((Flag flag, string value) in invocation.Given)
        {
            if (Array.IndexOf(s_ofRun, flag.Name) >= 0)
            {
                run.Set(flag.Name, flag.Name == "network" && value == "default" ? "bridge" : value);
            }
        }
        List<Reference> names = [];
        foreach (string name in invocation.Values("tag"))
        {
            Reference reference = Reference.Parse(name);
            names.Add(
                reference.Digest is null ? reference : throw new SkiffException($"invalid tag \"{name}\": a digest is no name to give")
            );
        }
        Dictionary<string, string> args = Arguments(invocation);
        return new BuildRequest
        {
            Engine = null!,
            Dockerfile = "",
            FetchImage = null!,
            Progress = null!,
            Names = names,
            BuildArgs = args,
            Labels = [.. invocation.Values("label").Select(static l => Pair(l, "label"))],
            Target = invocation.Value("target"),
            NamedContexts = Contexts(invocation),
            Secrets = [.. invocation.Values("secret").Select(Secret)],
            Ssh = Agents(invocation),
            NoCache = invocation.Is("no-cache"),
            NoCacheStages = [.. invocation.Values("no-cache-filter").SelectMany(static v => v.Split(','))],
            Platform = invocation.Value("platform") is { Length: > 0 } platform ? Platform.Parse(platform) : null,
            Run = RootlessOptions.Adapt(run.Build("build", []), invocation.Output.Warn),
            SourceDate = SourceDate(args),
        };
    }

    /// <summary>Reads <c>--output</c>.</summary>
    internal static BuildOutput Output(Invocation invocation)
    {
        if (invocation.Value("output") is not { } text)
        {
            return new BuildOutput(BuildOutputType.Image, "");
        }
        if (!text.Contains('='))
        {
            return text == "-" ? new BuildOutput(BuildOutputType.Tar, "-") : new BuildOutput(BuildOutputType.Local, Path.GetFullPath(text));
        }
        string type = "";
        string destination = "";
        foreach (string field in text.Split(','))
        {
            int equals = field.IndexOf('=');
            string value = equals < 0 ? "" : field[(equals + 1)..];
            switch (equals < 0 ? field : field[..equals])
            {
                case "type":
                    type = value;
                    break;
                case "dest":
                    destination = value;
                    break;
                default:
                    throw invocation.Usage($"--output {text}: only type and dest are known");
            }
        }
        BuildOutputType made = type switch
        {
            "image" => BuildOutputType.Image,
            "local" => BuildOutputType.Local,
            "tar" => BuildOutputType.Tar,
            "oci" => BuildOutputType.Oci,
            "docker" => BuildOutputType.Docker,
            "cacheonly" => BuildOutputType.CacheOnly,
            _ => throw invocation.Usage($"--output {text}: the type is image, local, tar, oci, docker or cacheonly"),
        };
        if (made == BuildOutputType.Local && destination.Length == 0)
        {
            throw invocation.Usage("--output type=local needs dest=DIRECTORY");
        }
        return made is BuildOutputType.Image or BuildOutputType.CacheOnly
            ? new BuildOutput(made, "")
            : new BuildOutput(made, destination is "" or "-" ? "-" : Path.GetFullPath(destination));
    }

    private static Dictionary<string, string> Arguments(Invocation invocation)
    {
        Dictionary<string, string> args = [];
        foreach (string text in invocation.Values("build-arg"))
        {
            int equals = text.IndexOf('=');
            if (equals == 0)
            {
                throw invocation.Usage($"invalid argument \"{text}\" for --build-arg: NAME=value or NAME expected");
            }
            if (equals > 0)
            {
                args[text[..equals]] = text[(equals + 1)..];
            }
            else if (Environment.GetEnvironmentVariable(text) is { } value)
            {
                args[text] = value;
            }
        }
        return args;
    }

    private static NameValue Pair(string text, string flag)
    {
        int equals = text.IndexOf('=');
        return equals == 0
            ? throw new SkiffException($"invalid value \"{text}\" for flag --{flag}: NAME=value expected", 125)
            : new NameValue(equals < 0 ? text : text[..equals], equals < 0 ? "" : text[(equals + 1)..]);
    }

    private static Dictionary<string, string> Contexts(Invocation invocation)
    {
        Dictionary<string, string> contexts = new(StringComparer.OrdinalIgnoreCase);
        foreach (string text in invocation.Values("build-context"))
        {
            int equals = text.IndexOf('=');
            string value = equals <= 0 ? "" : text[(equals + 1)..];
            if (value.Length == 0)
            {
                throw invocation.Usage(
                    $"invalid value \"{text}\" for flag --build-context: NAME=PATH or NAME=docker-image://IMAGE expected"
                );
            }
            if (!value.StartsWith("docker-image://", StringComparison.Ordinal))
            {
                if (value.Contains("://", StringComparison.Ordinal))
                {
                    throw invocation.Usage($"--build-context {text}: a context is a directory, or an image as docker-image://NAME");
                }
                value = Path.GetFullPath(value);
                if (!Directory.Exists(value))
                {
                    throw new SkiffException($"--build-context {text}: the directory {value} does not exist");
                }
            }
            contexts[text[..equals]] = value;
        }
        return contexts;
    }

    private static BuildSecret Secret(string text)
    {
        string id = "";
        string? path = null;
        string? variable = null;
        foreach (string field in text.Split(','))
        {
            int equals = field.IndexOf('=');
            string value = equals < 0 ? "" : field[(equals + 1)..];
            switch (equals < 0 ? "" : field[..equals].ToLowerInvariant())
            {
                case "id":
                    id = value;
                    break;
                case "src" or "source":
                    path = value;
                    break;
                case "env":
                    variable = value;
                    break;
                case "type" when value is "file" or "env":
                    break;
                default:
                    throw new SkiffException($"--secret {text}: id=NAME,src=FILE or id=NAME,env=VARIABLE expected", 125);
            }
        }
        if (id.Length == 0)
        {
            throw new SkiffException($"--secret {text}: id=NAME is missing", 125);
        }
        if (variable is null && path is null && Environment.GetEnvironmentVariable(id) is not null)
        {
            variable = id;
        }
        if (variable is not null)
        {
            string content =
                Environment.GetEnvironmentVariable(variable)
                ?? throw new SkiffException($"--secret {text}: the variable {variable} is not set");
            return new BuildSecret(id, null, Encoding.UTF8.GetBytes(content));
        }
        path = Path.GetFullPath(path ?? id);
        return Files.Exists(path) ? new BuildSecret(id, path, null) : throw new SkiffException($"--secret {text}: {path} does not exist");
    }

    private static Dictionary<string, string> Agents(Invocation invocation)
    {
        Dictionary<string, string> agents = [];
        foreach (string text in invocation.Values("ssh"))
        {
            int equals = text.IndexOf('=');
            string id = equals < 0 ? text : text[..equals];
            string socket =
                equals >= 0
                    ? Path.GetFullPath(text[(equals + 1)..])
                    : Environment.GetEnvironmentVariable("SSH_AUTH_SOCK")
                        ?? throw new SkiffException("--ssh default: SSH_AUTH_SOCK is not set: start ssh-agent, and ssh-add your key");
            agents[id.Length == 0 ? "default" : id] = IsSocket(socket)
                ? socket
                : throw new SkiffException(
                    $"--ssh {text}: {socket} is no socket of an agent; keys are served by ssh-agent, after ssh-add KEY"
                );
        }
        return agents;
    }

    private static bool IsSocket(string path) =>
        Linux.FileTree.At.Stat(Files.AtCwd, CString.Encode(path), out StatxBuffer stat) == 0
        && (stat.Mode & Linux.FileTree.At.S_IFMT) == Linux.FileTree.At.S_IFSOCK;

    /// <summary>SOURCE_DATE_EPOCH, as build argument or of the caller (reproducible-builds.org).</summary>
    private static DateTimeOffset? SourceDate(Dictionary<string, string> args)
    {
        string? text = args.GetValueOrDefault("SOURCE_DATE_EPOCH") ?? Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH");
        return string.IsNullOrEmpty(text) ? null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) && seconds <= 253402300799
                ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw new SkiffException($"SOURCE_DATE_EPOCH={text}: seconds since 1970 are due");
    }
}
