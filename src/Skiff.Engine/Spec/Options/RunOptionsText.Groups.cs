namespace Skiff.Engine.Spec;

public static partial class RunOptionsText
{
    private static void Process(List<NameValue> f, RunOptions o)
    {
        Text(f, "name", o.Name);
        Switch(f, "detach", o.Detach);
        Switch(f, "interactive", o.Interactive);
        Switch(f, "tty", o.Tty);
        foreach (
            (StandardStreams stream, string name) in (ReadOnlySpan<(StandardStreams, string)>)
                [(StandardStreams.Stdin, "stdin"), (StandardStreams.Stdout, "stdout"), (StandardStreams.Stderr, "stderr")]
        )
        {
            Text(f, "attach", (o.Attach & stream) != StandardStreams.None ? name : null);
        }
        Switch(f, "rm", o.Remove);
        Switch(f, "rmi", o.RemoveImage);
        Switch(f, "replace", o.Replace);
        Switch(f, "unsetenv-all", o.UnsetAllEnvironment);
        foreach (EnvironmentEntry entry in o.Environment)
        {
            f.Add(entry.Value is null ? new NameValue("unsetenv", entry.Name) : new NameValue("env", $"{entry.Name}={entry.Value}"));
        }
        Text(f, "workdir", o.Workdir);
        Text(f, "user", o.User);
        List(f, "group-add", o.GroupAdd);
        Text(f, "restart", o.Restart.Mode == RestartMode.No ? null : o.Restart.ToString());
        Text(f, "hostname", o.Hostname);
        Text(f, "domainname", o.Domainname);
        Text(f, "entrypoint", o.Entrypoint is { } words ? OptionGrammar.FormatEntrypoint(words) : null);
        Switch(f, "init", o.Init);
        Text(f, "stop-signal", o.StopSignal);
        Number(f, "stop-timeout", o.StopTimeout);
        Pairs(f, "annotation", o.Annotations);
        Pairs(f, "label", o.Labels);
        Switch(f, "sig-proxy", o.SigProxy, normal: true);
        Text(f, "detach-keys", o.DetachKeys);
        Number(f, "timeout", o.Timeout == 0 ? null : o.Timeout);
        Text(f, "umask", o.Umask is uint mask ? Convert.ToString(mask, 8).PadLeft(4, '0') : null);
        Text(f, "tz", o.Timezone);
        Text(f, "cidfile", o.CidFile);
        Text(f, "pidfile", o.PidFile);
        Text(f, "rootfs", o.Rootfs);
        Text(f, "platform", o.Platform);
        Text(f, "pull", o.Pull == PullPolicy.Missing ? null : o.Pull.ToString().ToLowerInvariant());
        Switch(f, "quiet", o.Quiet);
        Switch(f, "tls-verify", o.TlsVerify, normal: true);
    }

    private static void Network(List<NameValue> f, RunOptions o)
    {
        foreach (NetworkAttachment network in o.Networks)
        {
            f.Add(new NameValue("network", NetworkGrammar.Format(network)));
        }
        foreach (PortMapping port in o.Ports)
        {
            f.Add(new NameValue("publish", PortGrammar.Format(port)));
        }
        Switch(f, "publish-all", o.PublishAll);
        foreach (ExposedPort port in o.Expose)
        {
            f.Add(new NameValue("expose", PortGrammar.Format(port)));
        }
        foreach (HostEntry host in o.AddHost)
        {
            f.Add(new NameValue("add-host", $"{host.Name}:{host.Address}"));
        }
        List(f, "dns", o.Dns);
        List(f, "dns-option", o.DnsOptions);
        List(f, "dns-search", o.DnsSearch);
        List(f, "link", o.Links);
        Switch(f, "no-hosts", o.NoHosts);
        Switch(f, "no-hostname", o.NoHostname);
    }

    private static void Storage(List<NameValue> f, RunOptions o)
    {
        foreach (ContainerMount mount in o.Mounts)
        {
            f.Add(
                mount.Syntax switch
                {
                    MountSyntax.Volume => new NameValue("volume", MountGrammar.FormatShort(mount)),
                    MountSyntax.Tmpfs => new NameValue("tmpfs", MountGrammar.FormatShort(mount)),
                    _ => new NameValue("mount", MountGrammarLong.Format(mount)),
                }
            );
        }
        foreach (VolumesFrom from in o.VolumesFrom)
        {
            f.Add(
                new NameValue(
                    "volumes-from",
                    from.ReadOnly is bool readOnly ? $"{from.Container}:{(readOnly ? "ro" : "rw")}" : from.Container
                )
            );
        }
        foreach (SecretUse secret in o.Secrets)
        {
            f.Add(new NameValue("secret", SecretGrammar.Format(secret)));
        }
        Switch(f, "read-only", o.ReadOnly);
        Switch(f, "read-only-tmpfs", o.ReadOnlyTmpfs);
        Bytes(f, "shm-size", o.ShmSize);
        Pairs(f, "storage-opt", o.StorageOptions);
        Text(f, "volume-driver", o.VolumeDriver);
    }

    private static void Resources(List<NameValue> f, RunOptions o)
    {
        foreach (Ulimit limit in o.Ulimits)
        {
            f.Add(new NameValue("ulimit", OptionGrammar.Format(limit)));
        }
        Bytes(f, "memory", o.Memory);
        Bytes(f, "memory-swap", o.MemorySwap);
        Bytes(f, "memory-reservation", o.MemoryReservation);
        Number(f, "memory-swappiness", o.MemorySwappiness);
        Switch(f, "oom-kill-disable", o.OomKillDisable);
        Number(f, "oom-score-adj", o.OomScoreAdj);
        Text(f, "cpus", o.NanoCpus is long nano ? OptionGrammar.FormatCpus(nano) : null);
        Number(f, "cpu-shares", (long?)o.CpuShares);
        Number(f, "cpu-quota", o.CpuQuota);
        Number(f, "cpu-period", (long?)o.CpuPeriod);
        Number(f, "cpu-rt-runtime", o.CpuRtRuntime);
        Number(f, "cpu-rt-period", (long?)o.CpuRtPeriod);
        Text(f, "cpuset-cpus", o.CpusetCpus);
        Text(f, "cpuset-mems", o.CpusetMems);
        Number(f, "pids-limit", o.PidsLimit == RunOptions.DefaultPidsLimit ? null : o.PidsLimit);
        Number(f, "blkio-weight", o.BlkioWeight);
        Devices(f, "blkio-weight-device", o.BlkioWeightDevices);
        Devices(f, "device-read-bps", o.DeviceReadBps);
        Devices(f, "device-write-bps", o.DeviceWriteBps);
        Devices(f, "device-read-iops", o.DeviceReadIops);
        Devices(f, "device-write-iops", o.DeviceWriteIops);
        Text(f, "cgroup-parent", o.CgroupParent);
        Pairs(f, "cgroup-conf", o.CgroupConf);
    }

    private static void Security(List<NameValue> f, RunOptions o)
    {
        Switch(f, "privileged", o.Privileged);
        List(f, "cap-add", o.CapAdd);
        List(f, "cap-drop", o.CapDrop);
        if (o.Security != SecurityOptions.Default)
        {
            foreach (string option in SecurityGrammar.Format(o.Security))
            {
                f.Add(new NameValue("security-opt", option));
            }
        }
        Pairs(f, "sysctl", o.Sysctls);
        foreach (DeviceMapping device in o.Devices)
        {
            f.Add(new NameValue("device", OptionGrammar.Format(device)));
        }
        List(f, "device", o.CdiDevices);
        foreach (DeviceRule rule in o.DeviceRules)
        {
            f.Add(new NameValue("device-cgroup-rule", OptionGrammar.Format(rule)));
        }
        Mode(f, "ipc", o.Ipc);
        Mode(f, "pid", o.Pid);
        Mode(f, "uts", o.Uts);
        Mode(f, "userns", o.Userns);
        Mode(f, "cgroupns", o.Cgroupns);
        foreach (IdMapping map in o.UidMap)
        {
            f.Add(new NameValue("uidmap", IdMapGrammar.Format(map)));
        }
        foreach (IdMapping map in o.GidMap)
        {
            f.Add(new NameValue("gidmap", IdMapGrammar.Format(map)));
        }
        Text(f, "subuidname", o.SubUidName);
        Text(f, "subgidname", o.SubGidName);
    }

    private static void Health(List<NameValue> f, RunOptions o)
    {
        Text(f, "health-cmd", o.HealthCommand);
        Time(f, "health-interval", o.HealthInterval);
        Time(f, "health-timeout", o.HealthTimeout);
        Time(f, "health-start-period", o.HealthStartPeriod);
        Time(f, "health-start-interval", o.HealthStartInterval);
        Number(f, "health-retries", o.HealthRetries);
        Switch(f, "no-healthcheck", o.NoHealthcheck);
        Text(f, "health-on-failure", o.HealthOnFailure == HealthAction.None ? null : o.HealthOnFailure.ToString().ToLowerInvariant());
        Text(f, "log-driver", o.LogDriver);
        Pairs(f, "log-opt", o.LogOptions);
    }
}
