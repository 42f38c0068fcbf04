namespace Skiff.Engine.Spec;

/// <summary>What every container has without being asked: docker's defaults, made anew at each use so that nothing runs at start.</summary>
internal static class DefaultSpec
{
    /// <summary>docker's PATH for images that set none.</summary>
    internal const string Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Bytes of /dev/shm.</summary>
    internal const long ShmSize = 64 << 20;

    /// <summary>The mounts of docker's default spec; order matters, parents first.</summary>
    internal static List<MountSpec> Mounts(bool privileged, bool writableCgroups, long shmSize) =>
        [
            new()
            {
                Destination = "/proc",
                Type = "proc",
                Source = "proc",
                Options = ["nosuid", "noexec", "nodev"],
            },
            new()
            {
                Destination = "/dev",
                Type = "tmpfs",
                Source = "tmpfs",
                Options = ["nosuid", "strictatime", "mode=755", "size=65536k"],
            },
            new()
            {
                Destination = "/dev/pts",
                Type = "devpts",
                Source = "devpts",
                Options = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
            },
            new()
            {
                Destination = "/sys",
                Type = "sysfs",
                Source = "sysfs",
                Options = privileged ? ["nosuid", "noexec", "nodev"] : ["nosuid", "noexec", "nodev", "ro"],
            },
            new()
            {
                Destination = "/sys/fs/cgroup",
                Type = "cgroup",
                Source = "cgroup",
                Options = privileged || writableCgroups ? ["nosuid", "noexec", "nodev"] : ["nosuid", "noexec", "nodev", "ro"],
            },
            new()
            {
                Destination = "/dev/mqueue",
                Type = "mqueue",
                Source = "mqueue",
                Options = ["nosuid", "noexec", "nodev"],
            },
            new()
            {
                Destination = "/dev/shm",
                Type = "tmpfs",
                Source = "shm",
                Options = ["nosuid", "noexec", "nodev", "mode=1777", $"size={shmSize}"],
            },
        ];

    /// <summary>Paths that tell of or steer the host: docker's list, with its later additions interrupts and powercap (counters and energy meters are side channels).</summary>
    internal static List<string> MaskedPaths(int thermalThrottleProcessors)
    {
        List<string> paths =
        [
            "/proc/acpi",
            "/proc/asound",
            "/proc/interrupts",
            "/proc/kcore",
            "/proc/keys",
            "/proc/latency_stats",
            "/proc/sched_debug",
            "/proc/scsi",
            "/proc/timer_list",
            "/proc/timer_stats",
            "/sys/devices/virtual/powercap",
            "/sys/firmware",
        ];
        for (int i = 0; i < thermalThrottleProcessors; i++)
        {
            paths.Add($"/sys/devices/system/cpu/cpu{i}/thermal_throttle");
        }
        return paths;
    }

    /// <summary>Paths that can be read but not written.</summary>
    internal static List<string> ReadonlyPaths() => ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    /// <summary>Everything is denied but making nodes (useless without the right to open them) and the harmless devices of config-linux "Default Devices".</summary>
    internal static List<DeviceRuleSpec> DeviceRules() =>
        [
            new(false, 'a', null, null, "rwm"),
            new(true, 'c', null, null, "m"),
            new(true, 'b', null, null, "m"),
            new(true, 'c', 1, 3, "rwm"), // null
            new(true, 'c', 1, 5, "rwm"), // zero
            new(true, 'c', 1, 7, "rwm"), // full
            new(true, 'c', 1, 8, "rwm"), // random
            new(true, 'c', 1, 9, "rwm"), // urandom
            new(true, 'c', 5, 0, "rwm"), // tty
            new(true, 'c', 5, 1, "rwm"), // console
            new(true, 'c', 5, 2, "rwm"), // ptmx
            new(true, 'c', 136, null, "rwm"), // pts
        ];
}
