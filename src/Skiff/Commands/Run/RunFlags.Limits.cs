using Skiff.CommandLine;

namespace Skiff.Commands.Run;

internal static partial class RunFlags
{
    private static void Resources(List<Flag> flags)
    {
        flags.Add(Flag.Text("memory", "Memory limit", 'm', "bytes"));
        flags.Add(Flag.Text("memory-swap", "Limit of memory plus swap, -1 for unlimited swap", valueName: "bytes"));
        flags.Add(Flag.Text("memory-reservation", "Soft memory limit", valueName: "bytes"));
        flags.Add(Flag.Number("memory-swappiness", "How readily memory is swapped, 0 to 100") with { Default = "-1" });
        flags.Add(Flag.Bool("oom-kill-disable", "Pause instead of killing when memory runs out (cgroup v1)"));
        flags.Add(Flag.Number("oom-score-adj", "How readily the host kills the process when memory runs out, -1000 to 1000"));
        flags.Add(Flag.Text("cpus", "Number of processors, such as 1.5", valueName: "decimal"));
        flags.Add(Flag.Number("cpu-shares", "Relative processor weight", 'c'));
        flags.Add(Flag.Number("cpu-quota", "Processor time per period in microseconds"));
        flags.Add(Flag.Number("cpu-period", "Length of the period in microseconds"));
        flags.Add(Flag.Number("cpu-rt-runtime", "Real-time processor time per period in microseconds (cgroup v1)"));
        flags.Add(Flag.Number("cpu-rt-period", "Length of the real-time period in microseconds (cgroup v1)"));
        flags.Add(Flag.Text("cpuset-cpus", "Processors to run on, such as 0-3,8"));
        flags.Add(Flag.Text("cpuset-mems", "Memory nodes to use, such as 0,1"));
        flags.Add(Flag.Number("pids-limit", "Most processes and threads, -1 for unlimited") with { Default = "2048" });
        flags.Add(Flag.List("ulimit", "Resource limit: name=soft[:hard]", valueName: "ulimit"));
        flags.Add(Flag.Number("blkio-weight", "Relative block I/O weight, 10 to 1000"));
        flags.Add(Flag.List("blkio-weight-device", "Block I/O weight of a device: device:weight"));
        flags.Add(Flag.List("device-read-bps", "Most bytes read per second: device:bytes"));
        flags.Add(Flag.List("device-write-bps", "Most bytes written per second: device:bytes"));
        flags.Add(Flag.List("device-read-iops", "Most reads per second: device:number"));
        flags.Add(Flag.List("device-write-iops", "Most writes per second: device:number"));
        flags.Add(Flag.Text("cgroup-parent", "cgroup below which the container's is made"));
        flags.Add(Flag.List("cgroup-conf", "Write a cgroup v2 file: name=value"));
    }

    private static void Security(List<Flag> flags)
    {
        flags.Add(Flag.Bool("privileged", "Give all capabilities and devices, hide nothing, filter no system call"));
        flags.Add(Flag.List("cap-add", "Add a capability"));
        flags.Add(Flag.List("cap-drop", "Drop a capability"));
        flags.Add(Flag.List("security-opt", "no-new-privileges, seccomp=, mask=, unmask=, systempaths=unconfined"));
        flags.Add(Flag.List("sysctl", "Set a kernel parameter: name=value"));
        flags.Add(Flag.List("device", "Add a device: host[:container[:rwm]], or a CDI name") with { Completes = Completion.File });
        flags.Add(Flag.List("device-cgroup-rule", "Allow a device: 'c 42:* rmw'"));
        flags.Add(Flag.List("gpus", "Add GPUs through CDI: all, a number, or device=ID", valueName: "gpu-request"));
        flags.Add(Flag.Text("ipc", "IPC namespace: private, shareable, none, host, container:ID"));
        flags.Add(Flag.Text("pid", "PID namespace: private, host, container:ID"));
        flags.Add(Flag.Text("uts", "UTS namespace: private, host, container:ID"));
        flags.Add(Flag.Text("userns", "User namespace: host, private, auto[:size=N], keep-id, nomap"));
        flags.Add(Flag.Text("cgroupns", "cgroup namespace: private, host") with { Choices = ["private", "host"] });
        flags.Add(Flag.List("uidmap", "User id map: container:host[:size]"));
        flags.Add(Flag.List("gidmap", "Group id map: container:host[:size]"));
        flags.Add(Flag.Text("subuidname", "Map the user ids that /etc/subuid gives to this name"));
        flags.Add(Flag.Text("subgidname", "Map the group ids that /etc/subgid gives to this name"));
    }

    private static void Health(List<Flag> flags)
    {
        flags.Add(Flag.Text("health-cmd", "Command that checks the container's health"));
        flags.Add(Flag.Text("health-interval", "Time between checks", valueName: "duration"));
        flags.Add(Flag.Text("health-timeout", "Time that one check may take", valueName: "duration"));
        flags.Add(Flag.Text("health-start-period", "Time after the start in which failures do not count", valueName: "duration"));
        flags.Add(Flag.Text("health-start-interval", "Time between checks in the start period", valueName: "duration"));
        flags.Add(Flag.Number("health-retries", "Failures in a row that make the container unhealthy"));
        flags.Add(
            Flag.Text("health-on-failure", "What an unhealthy container meets") with
            {
                Default = "none",
                Choices = ["none", "kill", "restart", "stop"],
            }
        );
        flags.Add(Flag.Bool("no-healthcheck", "Ignore the image's HEALTHCHECK"));
        flags.Add(
            Flag.Text("log-driver", "Where the output is kept") with
            {
                Default = "json-file",
                Choices = ["json-file", "local", "journald", "none"],
            }
        );
        flags.Add(Flag.List("log-opt", "Option of the log driver: max-size=10m"));
    }

    private static void Other(List<Flag> flags)
    {
        flags.Add(Flag.Text("isolation", "Accepted for docker's scripts: default") with { Hidden = true });
        flags.Add(Flag.Bool("disable-content-trust", "Accepted for docker's scripts") with { Hidden = true });
        flags.Add(Flag.Text("runtime", "Accepted for docker's scripts: runc") with { Hidden = true });
    }
}
