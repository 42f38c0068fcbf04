using System.Globalization;
using System.Text;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Rootless;
using Skiff.Format;
using Skiff.Images;
using Skiff.Images.Registry;
using Skiff.Linux;
using Skiff.Linux.Cgroups;

namespace Skiff.Commands;

/// <summary><c>skiff info</c>.</summary>
internal static class InfoCommand
{
    private static readonly bool s_rootless = RootlessUser.Current is not null;

    public static Command Define() =>
        new()
        {
            Name = "info",
            Summary = "Show what Skiff knows of this machine and of its stores",
            Usage = "[OPTIONS]",
            Description = "What the machine lacks for some flag or network is said in sentences on standard error, and is in .Warnings.",
            Flags = [InspectPrinter.FormatFlag()],
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        Value info = Describe(invocation.Globals);
        string format = invocation.Value("format") ?? "";
        if (format.Length > 0)
        {
            invocation.Output.Line(format == "json" ? ValueJson.Line(info) : new Template(format).Run(info));
            return 0;
        }
        invocation.Output.Write(Text(info));
        foreach (Value warning in info.Find("Warnings")!.Items)
        {
            invocation.Output.Warn(warning.ToString());
        }
        return 0;
    }

    private static Value Describe(Globals globals)
    {
        EnginePaths paths = EngineAccess.Paths(globals);
        ContainerStore containers = EngineAccess.Containers(globals);
        var liveness = new Liveness();
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        int[] counts = new int[3];
        IReadOnlyList<ContainerRecord> records = containers.List();
        foreach (ContainerRecord record in records)
        {
            ContainerState state = liveness.Check(containers.LoadState(record.Id), now);
            counts[
                state.Status == ContainerStatus.Running ? 0
                : state.Status == ContainerStatus.Paused ? 1
                : 2
            ]++;
        }
        CgroupLayout layout = HostCgroups.Detect();
        string? copies = CopiedRoot.Note(paths);
        List<(string, Value)> fields =
        [
            ("ID", Value.Of((Files.TryReadText("/etc/machine-id", out _) ?? "").Trim())),
            ("Containers", Value.Of(records.Count)),
            ("ContainersRunning", Value.Of(counts[0])),
            ("ContainersPaused", Value.Of(counts[1])),
            ("ContainersStopped", Value.Of(counts[2])),
            ("Images", Value.Of(EngineAccess.Images(globals).List().Count)),
            ("Driver", Value.Of(copies is null ? "overlay2" : "vfs")),
            ("DriverStatus", DriverStatus(paths)),
            ("Plugins", Plugins()),
        ];
        AddLimits(fields, layout);
        AddHost(fields);
        fields.Add(("DockerRootDir", Value.Of(paths.Root)));
        fields.Add(("RunDir", Value.Of(paths.Runroot)));
        fields.Add(("ServerVersion", Value.Of(BuildInfo.Version)));
        AddConstants(fields);
        fields.Add(("LiveRestoreEnabled", Value.True)); // containers do not depend on a daemon
        fields.Add(
            (
                "SecurityOptions",
                Value.Of(
                    (IReadOnlyList<string>)
                        ["name=seccomp,profile=builtin", .. s_rootless ? (string[])["name=rootless"] : [], "name=cgroupns"]
                )
            )
        );
        fields.Add(("Rootless", Value.Of(s_rootless)));
        fields.Add(("Warnings", Value.Of(copies is null ? HostWarnings.Of(layout) : [.. HostWarnings.Of(layout), copies])));
        return Value.Struct(fields);
    }

    /// <summary>Docker Hub and what skiff.toml names; a mistake in that file is for the verbs that need it.</summary>
    private static Value RegistryConfig()
    {
        RegistryFile? file = null;
        try
        {
            file = RegistryFile.Load(Environment.GetEnvironmentVariable);
        }
        catch (SkiffException)
        {
            // a pull says what is wrong
        }
        List<KeyValuePair<string, Value>> registries = [];
        SortedSet<string> domains = new(file?.Domains ?? [], StringComparer.Ordinal) { Reference.DefaultDomain };
        foreach (string domain in domains)
        {
            RegistrySettings settings = file?.For(domain) ?? RegistrySettings.Default;
            registries.Add(
                KeyValuePair.Create(
                    domain,
                    Value.Struct(
                        ("Mirrors", Value.Of((IReadOnlyList<string>)[.. settings.Mirrors.Select(m => m.ToString())])),
                        ("Name", Value.Of(domain)),
                        ("Official", Value.Of(domain == Reference.DefaultDomain)),
                        ("Secure", Value.Of(settings.VerifyTls))
                    )
                )
            );
        }
        return Value.Struct(
            ("IndexConfigs", Value.Map(registries)),
            ("InsecureRegistryCIDRs", Value.Of((IReadOnlyList<string>)["::1/128", "127.0.0.0/8"])),
            ("Mirrors", Value.Nil)
        );
    }

    /// <summary>What scripts ask docker for, and what is the same on every host here: no swarm, no daemon that another program has to find.</summary>
    private static void AddConstants(List<(string, Value)> fields)
    {
        Value none = Value.Of("");
        Value nothing = Value.Of((IReadOnlyList<string>)[]);
        foreach (string name in (ReadOnlySpan<string>)["HttpProxy", "HttpsProxy", "NoProxy"])
        {
            string variable = name[..^5].ToUpperInvariant() + "_PROXY";
            string? set = Environment.GetEnvironmentVariable(variable.ToLowerInvariant()) ?? Environment.GetEnvironmentVariable(variable);
            // As docker: a proxy's user and password are nobody's who reads this.
            int scheme = set?.IndexOf("://", StringComparison.Ordinal) ?? -1;
            int at = set?.LastIndexOf('@') ?? -1;
            fields.Add((name, Value.Of(at < 0 ? set ?? "" : $"{set![..(scheme < 0 ? 0 : scheme + 3)]}xxxxx:xxxxx{set[at..]}")));
        }
        fields.Add(("IndexServerAddress", Value.Of("https://index.docker.io/v1/")));
        fields.Add(("RegistryConfig", RegistryConfig()));
        fields.Add(("Debug", Value.False));
        fields.Add(("Labels", nothing));
        fields.Add(("ExperimentalBuild", Value.False));
        fields.Add(
            ("Runtimes", Value.Map([KeyValuePair.Create("skiff", Value.Struct(("path", Value.Of(Environment.ProcessPath ?? ""))))]))
        );
        fields.Add(("DefaultRuntime", Value.Of("skiff")));
        fields.Add(
            (
                "Swarm",
                Value.Struct(
                    ("NodeID", none),
                    ("NodeAddr", none),
                    ("LocalNodeState", Value.Of("inactive")),
                    ("ControlAvailable", Value.False),
                    ("Error", none),
                    ("RemoteManagers", Value.Nil)
                )
            )
        );
        fields.Add(("Isolation", none));
        fields.Add(("InitBinary", Value.Of("skiff")));
        fields.Add(
            (
                "ClientInfo",
                Value.Struct(
                    ("Debug", Value.False),
                    ("Version", Value.Of(BuildInfo.Version)),
                    ("Context", Value.Of("default")),
                    ("Plugins", nothing),
                    ("Warnings", Value.Nil)
                )
            )
        );
    }

    /// <summary>docker's pairs for its driver overlay2.</summary>
    private static Value DriverStatus(EnginePaths paths)
    {
        List<Value> pairs = [];
        foreach (
            (string name, string value) in (ReadOnlySpan<(string, string)>)
                [
                    ("Backing Filesystem", StoreFileSystem.TypeOf(Files.TryReadAll("/proc/self/mountinfo", out _) ?? [], paths.Root)),
                    ("Supports d_type", "true"),
                    ("Using metacopy", "false"),
                    ("Native Overlay Diff", "true"),
                    ("userxattr", s_rootless ? "true" : "false"),
                ]
        )
        {
            pairs.Add(Value.Of((IReadOnlyList<string>)[name, value]));
        }
        return Value.List(pairs);
    }

    private static Value Plugins() =>
        Value.Struct(
            ("Volume", Value.Of((IReadOnlyList<string>)["local"])),
            ("Network", Value.Of((IReadOnlyList<string>)[s_rootless ? "pasta" : "bridge", "host", "none"])),
            ("Log", Value.Of((IReadOnlyList<string>)["journald", "json-file", "local", "none"]))
        );

    /// <summary>What containers can be limited by.</summary>
    private static void AddLimits(List<(string, Value)> fields, CgroupLayout layout)
    {
        fields.Add(("MemoryLimit", Value.Of(layout.HasController("memory"))));
        fields.Add(("SwapLimit", Value.Of(layout.HasSwapLimit())));
        fields.Add(("CpuCfsPeriod", Value.Of(layout.HasController("cpu"))));
        fields.Add(("CpuCfsQuota", Value.Of(layout.HasController("cpu"))));
        fields.Add(("CPUShares", Value.Of(layout.HasController("cpu"))));
        fields.Add(("CPUSet", Value.Of(layout.HasController("cpuset"))));
        fields.Add(("PidsLimit", Value.Of(layout.HasController("pids"))));
        fields.Add(("OomKillDisable", Value.Of(layout.Mode is not (CgroupMode.V2 or CgroupMode.None))));
        fields.Add(("LoggingDriver", Value.Of("json-file")));
        fields.Add(("CgroupDriver", Value.Of(layout.Mode == CgroupMode.None ? "none" : "cgroupfs")));
        string version =
            layout.Mode == CgroupMode.V2 ? "2"
            : layout.Mode == CgroupMode.None ? ""
            : "1";
        fields.Add(("CgroupVersion", Value.Of(version)));
        fields.Add(("CgroupMode", Value.Of(layout.Mode.ToString().ToLowerInvariant())));
    }

    private static void AddHost(List<(string, Value)> fields)
    {
        fields.Add(("IPv4Forwarding", Value.Of(Files.TryReadText("/proc/sys/net/ipv4/ip_forward", out _)?.Trim() == "1")));
        fields.Add(("SystemTime", Value.Of(Containers.ContainerJson.Time(TimeProvider.System.GetUtcNow()))));
        fields.Add(("KernelVersion", Value.Of(VersionCommand.Kernel())));
        fields.Add(("OperatingSystem", Value.Of(OsName(Files.TryReadText("/etc/os-release", out _) ?? ""))));
        fields.Add(("OSType", Value.Of("linux")));
        fields.Add(("Architecture", Value.Of(Machine(Platform.Host.Architecture))));
        fields.Add(("NCPU", Value.Of(Environment.ProcessorCount)));
        fields.Add(("MemTotal", Value.Of(MemTotal(Files.TryReadText("/proc/meminfo", out _) ?? ""))));
        fields.Add(("Name", Value.Of((Files.TryReadText("/proc/sys/kernel/hostname", out _) ?? "").Trim())));
    }

    /// <summary>docker shows the kernel's name of the machine here, uname(2), and OCI's elsewhere.</summary>
    private static string Machine(string architecture) =>
        architecture switch
        {
            "amd64" => "x86_64",
            "arm64" => "aarch64",
            _ => architecture,
        };

    private static string Text(Value info)
    {
        string Field(string name) => info.Find(name)?.ToString() ?? "";
        string Words(Value list) => string.Join(' ', list.Items);
        var text = new StringBuilder();
        text.Append(
            $"Containers: {Field("Containers")}\n Running: {Field("ContainersRunning")}\n Paused: {Field("ContainersPaused")}\n Stopped: {Field("ContainersStopped")}\n"
        );
        text.Append($"Images: {Field("Images")}\nServer Version: {Field("ServerVersion")}\nStorage Driver: {Field("Driver")}\n");
        text.Append($"Logging Driver: {Field("LoggingDriver")}\nCgroup Driver: {Field("CgroupDriver")}\n");
        text.Append($"Cgroup Version: {Field("CgroupVersion")} ({Field("CgroupMode")})\nPlugins:\n");
        foreach (KeyValuePair<string, Value> plugin in info.Find("Plugins")!.Fields)
        {
            text.Append($" {plugin.Key}: {Words(plugin.Value)}\n");
        }
        text.Append(
            $"Security Options:\n  seccomp\n   Profile: builtin\n{(s_rootless ? "  rootless\n" : "")}  cgroupns\nRootless: {Field("Rootless")}\n"
        );
        text.Append(
            $"Kernel Version: {Field("KernelVersion")}\nOperating System: {Field("OperatingSystem")}\nOSType: {Field("OSType")}\nArchitecture: {Field("Architecture")}\n"
        );
        text.Append($"CPUs: {Field("NCPU")}\nTotal Memory: {Human.BinarySize(info.Find("MemTotal")!.AsFloat)}\nName: {Field("Name")}\n");
        text.Append($"ID: {Field("ID")}\nRoot Dir: {Field("DockerRootDir")}\nRun Dir: {Field("RunDir")}\n");
        return text.ToString();
    }

    /// <summary>PRETTY_NAME of os-release(5), without its quotes.</summary>
    internal static string OsName(string osRelease)
    {
        foreach (string line in osRelease.Split('\n'))
        {
            if (line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))
            {
                return line[12..].Trim('"', '\'');
            }
        }
        return "Linux";
    }

    /// <summary>Bytes of main memory, proc_meminfo(5).</summary>
    internal static long MemTotal(string meminfo)
    {
        foreach (string line in meminfo.Split('\n'))
        {
            if (
                line.StartsWith("MemTotal:", StringComparison.Ordinal)
                && long.TryParse(line[9..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture, out long kib)
            )
            {
                return kib * 1024;
            }
        }
        return 0;
    }
}
