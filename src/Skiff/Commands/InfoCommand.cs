using System.Globalization;
using System.Text;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine.Containers;
using Skiff.Format;
using Skiff.Images;
using Skiff.Linux;
using Skiff.Linux.Cgroups;

namespace Skiff.Commands;

/// <summary><c>skiff info</c>.</summary>
internal static class InfoCommand
{
    public static Command Define() =>
        new()
        {
            Name = "info",
            Summary = "Show what Skiff knows of this machine and of its stores",
            Usage = "[OPTIONS]",
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
        CgroupMode mode = CgroupLayout.Detect().Mode;
        return Value.Struct(
            ("ID", Value.Of((Files.TryReadText("/etc/machine-id", out _) ?? "").Trim())),
            ("Containers", Value.Of(records.Count)),
            ("ContainersRunning", Value.Of(counts[0])),
            ("ContainersPaused", Value.Of(counts[1])),
            ("ContainersStopped", Value.Of(counts[2])),
            ("Images", Value.Of(EngineAccess.Images(globals).List().Count)),
            ("Driver", Value.Of("overlay2")),
            ("CgroupDriver", Value.Of(mode == CgroupMode.None ? "none" : "cgroupfs")),
            (
                "CgroupVersion",
                Value.Of(
                    mode == CgroupMode.V2 ? "2"
                    : mode == CgroupMode.None ? ""
                    : "1"
                )
            ),
            ("CgroupMode", Value.Of(mode.ToString().ToLowerInvariant())),
            ("KernelVersion", Value.Of(VersionCommand.Kernel())),
            ("OperatingSystem", Value.Of(OsName(Files.TryReadText("/etc/os-release", out _) ?? ""))),
            ("OSType", Value.Of("linux")),
            ("Architecture", Value.Of(Platform.Host.Architecture)),
            ("NCPU", Value.Of(Environment.ProcessorCount)),
            ("MemTotal", Value.Of(MemTotal(Files.TryReadText("/proc/meminfo", out _) ?? ""))),
            ("SecurityOptions", Value.Of((IReadOnlyList<string>)["name=seccomp,profile=builtin"])),
            ("DockerRootDir", Value.Of(paths.Root)),
            ("RunDir", Value.Of(paths.Runroot)),
            ("Name", Value.Of((Files.TryReadText("/proc/sys/kernel/hostname", out _) ?? "").Trim())),
            ("ServerVersion", Value.Of(BuildInfo.Version)),
            ("Rootless", Value.Of(!Environment.IsPrivilegedProcess))
        );
    }

    private static string Text(Value info)
    {
        string Field(string name) => info.Find(name)?.ToString() ?? "";
        var text = new StringBuilder();
        text.Append(
            $"Containers: {Field("Containers")}\n Running: {Field("ContainersRunning")}\n Paused: {Field("ContainersPaused")}\n Stopped: {Field("ContainersStopped")}\n"
        );
        text.Append($"Images: {Field("Images")}\nServer Version: {Field("ServerVersion")}\nStorage Driver: {Field("Driver")}\n");
        text.Append(
            $"Cgroup Driver: {Field("CgroupDriver")}\nCgroup Version: {Field("CgroupVersion")} ({Field("CgroupMode")})\nRootless: {Field("Rootless")}\n"
        );
        text.Append(
            $"Kernel Version: {Field("KernelVersion")}\nOperating System: {Field("OperatingSystem")}\nOSType: {Field("OSType")}\nArchitecture: {Field("Architecture")}\n"
        );
        text.Append(
            $"CPUs: {Field("NCPU")}\nTotal Memory: {Human.BinarySize(info.Find("MemTotal")!.AsFloat)}\nName: {Field("Name")}\nRoot Dir: {Field("DockerRootDir")}\nRun Dir: {Field("RunDir")}\n"
        );
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
