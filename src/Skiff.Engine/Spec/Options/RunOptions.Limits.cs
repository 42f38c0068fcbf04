namespace Skiff.Engine.Spec;

public sealed partial record RunOptions
{
    // Resources

    /// <summary>Resource limits of the process.</summary>
    public ValueList<Ulimit> Ulimits { get; init; }

    /// <summary>Memory in bytes; null for no limit.</summary>
    public long? Memory { get; init; }

    /// <summary>Memory plus swap in bytes, -1 for unlimited; null for docker's default (twice the memory).</summary>
    public long? MemorySwap { get; init; }

    /// <summary>Soft memory limit in bytes.</summary>
    public long? MemoryReservation { get; init; }

    /// <summary>0–100; null for the host's.</summary>
    public int? MemorySwappiness { get; init; }

    /// <summary>Do not kill for lack of memory (cgroup v1).</summary>
    public bool OomKillDisable { get; init; }

    /// <summary>-1000–1000, proc_pid_oom_score_adj(5).</summary>
    public int? OomScoreAdj { get; init; }

    /// <summary>Processor time in billionths of a processor (<c>--cpus 1.5</c> is 1,500,000,000).</summary>
    public long? NanoCpus { get; init; }

    /// <summary>Relative weight, 2–262144.</summary>
    public ulong? CpuShares { get; init; }

    /// <summary>Microseconds of processor time per period.</summary>
    public long? CpuQuota { get; init; }

    /// <summary>Microseconds, 1000–1000000.</summary>
    public ulong? CpuPeriod { get; init; }

    /// <summary>Microseconds of real-time scheduling per period (cgroup v1).</summary>
    public long? CpuRtRuntime { get; init; }

    /// <summary>Real-time period in microseconds (cgroup v1).</summary>
    public ulong? CpuRtPeriod { get; init; }

    /// <summary>Processors, such as <c>0-3,8</c>.</summary>
    public string? CpusetCpus { get; init; }

    /// <summary>Memory nodes, such as <c>0,1</c>.</summary>
    public string? CpusetMems { get; init; }

    /// <summary>How many processes and threads; -1 for unlimited.</summary>
    public long PidsLimit { get; init; } = DefaultPidsLimit;

    /// <summary>10–1000; null for the default.</summary>
    public int? BlkioWeight { get; init; }

    /// <summary>Weights of single devices.</summary>
    public ValueList<DeviceValue> BlkioWeightDevices { get; init; }

    /// <summary>Bytes per second read.</summary>
    public ValueList<DeviceValue> DeviceReadBps { get; init; }

    /// <summary>Bytes per second written.</summary>
    public ValueList<DeviceValue> DeviceWriteBps { get; init; }

    /// <summary>Reads per second.</summary>
    public ValueList<DeviceValue> DeviceReadIops { get; init; }

    /// <summary>Writes per second.</summary>
    public ValueList<DeviceValue> DeviceWriteIops { get; init; }

    /// <summary>The cgroup below which the container's is made.</summary>
    public string? CgroupParent { get; init; }

    /// <summary>cgroup v2 files to write as they are (<c>--cgroup-conf memory.high=1g</c>).</summary>
    public ValueList<NameValue> CgroupConf { get; init; }

    // Security and devices

    /// <summary>All capabilities and devices, nothing hidden, no seccomp.</summary>
    public bool Privileged { get; init; }

    /// <summary>Capabilities to add: names with CAP_, or ALL.</summary>
    public ValueList<string> CapAdd { get; init; }

    /// <summary>Capabilities to drop: names with CAP_, or ALL.</summary>
    public ValueList<string> CapDrop { get; init; }

    /// <summary>What <c>--security-opt</c> said.</summary>
    public SecurityOptions Security { get; init; } = SecurityOptions.Default;

    /// <summary>Kernel parameters, each name once.</summary>
    public ValueList<NameValue> Sysctls { get; init; }

    /// <summary>Host devices.</summary>
    public ValueList<DeviceMapping> Devices { get; init; }

    /// <summary>CDI devices, <c>vendor/class=name</c> (<c>--device</c> with such a name, or <c>--gpus</c>).</summary>
    public ValueList<string> CdiDevices { get; init; }

    /// <summary>Rules of the device cgroup.</summary>
    public ValueList<DeviceRule> DeviceRules { get; init; }

    /// <summary>IPC namespace.</summary>
    public NamespaceMode Ipc { get; init; }

    /// <summary>PID namespace.</summary>
    public NamespaceMode Pid { get; init; }

    /// <summary>UTS namespace.</summary>
    public NamespaceMode Uts { get; init; }

    /// <summary>User namespace.</summary>
    public NamespaceMode Userns { get; init; }

    /// <summary>cgroup namespace.</summary>
    public NamespaceMode Cgroupns { get; init; }

    /// <summary>Id map of users; empty unless given.</summary>
    public ValueList<IdMapping> UidMap { get; init; }

    /// <summary>Id map of groups; empty unless given.</summary>
    public ValueList<IdMapping> GidMap { get; init; }

    /// <summary>Whose range of /etc/subuid is mapped; null for the caller's.</summary>
    public string? SubUidName { get; init; }

    /// <summary>Whose range of /etc/subgid is mapped; null for the caller's.</summary>
    public string? SubGidName { get; init; }

    // Health and logs

    /// <summary>Shell command of the health check; null for the image's.</summary>
    public string? HealthCommand { get; init; }

    /// <summary>Time between checks.</summary>
    public TimeSpan? HealthInterval { get; init; }

    /// <summary>Time one check may take.</summary>
    public TimeSpan? HealthTimeout { get; init; }

    /// <summary>Time after the start in which failures do not count.</summary>
    public TimeSpan? HealthStartPeriod { get; init; }

    /// <summary>Time between checks in the start period.</summary>
    public TimeSpan? HealthStartInterval { get; init; }

    /// <summary>Failures in a row that make the container unhealthy.</summary>
    public int? HealthRetries { get; init; }

    /// <summary>No health check, whatever the image says.</summary>
    public bool NoHealthcheck { get; init; }

    /// <summary>What an unhealthy container meets.</summary>
    public HealthAction HealthOnFailure { get; init; }

    /// <summary><c>json-file</c>, <c>local</c>, <c>journald</c>, <c>none</c>; null for the default.</summary>
    public string? LogDriver { get; init; }

    /// <summary>Options of the log driver.</summary>
    public ValueList<NameValue> LogOptions { get; init; }
}
