using Skiff.Linux;

namespace Skiff.Engine.Spec;

public sealed partial class RunOptionsBuilder
{
    private bool SetNetwork(string flag, string value)
    {
        switch (flag)
        {
            case "network":
                _o = _o with { Networks = _o.Networks.Add(NetworkGrammar.Parse(value)) };
                return true;
            case "network-alias":
                _aliases.Add(NetworkGrammar.ParseAlias(flag, value));
                return true;
            case "ip":
                _ip = value.Length == 0 ? null : NetworkGrammar.ParseIp(flag, value, six: false);
                return true;
            case "ip6":
                _ip6 = value.Length == 0 ? null : NetworkGrammar.ParseIp(flag, value, six: true);
                return true;
            case "mac-address":
                _mac = value.Length == 0 ? null : NetworkGrammar.ParseMac(flag, value);
                return true;
            case "link-local-ip":
                _linkLocal.Add(OptionValue.Address(flag, value));
                return true;
            case "publish":
                _o = _o with { Ports = _o.Ports.Add(PortGrammar.ParsePublish(value)) };
                return true;
            case "publish-all":
                _o = _o with { PublishAll = OptionValue.Bool(flag, value) };
                return true;
            case "expose":
                _o = _o with { Expose = _o.Expose.Add(PortGrammar.ParseExpose(value)) };
                return true;
            case "add-host":
                _o = _o with { AddHost = _o.AddHost.Add(NetworkGrammar.ParseHost(value)) };
                return true;
            case "dns":
                _o = _o with { Dns = _o.Dns.Add(OptionValue.Address(flag, value)) };
                return true;
            case "dns-option":
                _o = _o with { DnsOptions = _o.DnsOptions.Add(OneWord(flag, value)) };
                return true;
            case "dns-search":
                _o = _o with { DnsSearch = _o.DnsSearch.Add(OneWord(flag, value)) };
                return true;
            case "link":
                _o = _o with { Links = _o.Links.Add(NetworkGrammar.ParseLink(OneWord(flag, value))) };
                return true;
            case "no-hosts":
                _o = _o with { NoHosts = OptionValue.Bool(flag, value) };
                return true;
            case "no-hostname":
                _o = _o with { NoHostname = OptionValue.Bool(flag, value) };
                return true;
            default:
                return false;
        }
    }

    private bool SetStorage(string flag, string value)
    {
        switch (flag)
        {
            case "volume":
                Add(_mounts[0], MountGrammar.ParseVolume(value, context.Directory));
                return true;
            case "mount":
                _mounts[1].Add(MountGrammarLong.Parse(value, context.Directory));
                return true;
            case "tmpfs":
                SetTmpfs(MountGrammar.ParseTmpfs(value));
                return true;
            case "volumes-from":
                int colon = value.IndexOf(':', StringComparison.Ordinal);
                string mode = colon < 0 ? "" : value[(colon + 1)..];
                bool good = (colon < 0 ? value.Length : colon) > 0 && (mode is "" or "ro" or "rw" or "z" or "Z");
                VolumesFrom from = new(
                    colon < 0 ? value : value[..colon],
                    mode is "ro" ? true
                        : mode is "rw" ? false
                        : null
                );
                _o = _o with
                {
                    VolumesFrom = good ? _o.VolumesFrom.Add(from) : throw OptionValue.Wrong(flag, value, "expected container[:ro|rw]"),
                };
                return true;
            case "secret":
                _o = _o with { Secrets = _o.Secrets.Add(SecretGrammar.Parse(value)) };
                return true;
            case "read-only":
                _o = _o with { ReadOnly = OptionValue.Bool(flag, value) };
                return true;
            case "read-only-tmpfs":
                _o = _o with { ReadOnlyTmpfs = OptionValue.Bool(flag, value) };
                return true;
            case "shm-size":
                long size = OptionValue.Bytes(flag, value);
                _o = _o with { ShmSize = size == 0 ? null : size };
                return true;
            case "storage-opt":
                _o = _o with { StorageOptions = Put(_o.StorageOptions, OptionValue.Pair(flag, value)) };
                return true;
            case "volume-driver":
                _o = _o with { VolumeDriver = value.Length == 0 ? null : value };
                return true;
            default:
                return false;
        }
    }

    /// <summary>docker keeps these by target: the last words for one count.</summary>
    private void SetTmpfs(ContainerMount mount)
    {
        List<ContainerMount> mounts = _mounts[2];
        for (int i = 0; i < mounts.Count; i++)
        {
            if (mounts[i].Target == mount.Target)
            {
                mounts[i] = mount;
                return;
            }
        }
        mounts.Add(mount);
    }

    private bool SetResource(string flag, string value)
    {
        switch (flag)
        {
            case "ulimit":
                Ulimit limit = OptionGrammar.ParseUlimit(value);
                List<Ulimit> limits = [];
                foreach (Ulimit old in _o.Ulimits)
                {
                    if (old.Name != limit.Name)
                    {
                        limits.Add(old);
                    }
                }
                _o = _o with { Ulimits = [.. limits, limit] };
                return true;
            case "memory":
                _o = _o with { Memory = NullIfZero(OptionValue.Bytes(flag, value)) };
                return true;
            case "memory-swap":
                _o = _o with { MemorySwap = value == "-1" ? -1 : NullIfZero(OptionValue.Bytes(flag, value)) };
                return true;
            case "memory-reservation":
                _o = _o with { MemoryReservation = NullIfZero(OptionValue.Bytes(flag, value)) };
                return true;
            case "memory-swappiness":
                int swappiness = (int)OptionValue.Integer(flag, value, -1, 100);
                _o = _o with { MemorySwappiness = swappiness < 0 ? null : swappiness };
                return true;
            case "oom-kill-disable":
                _o = _o with { OomKillDisable = OptionValue.Bool(flag, value) };
                return true;
            case "oom-score-adj":
                _o = _o with { OomScoreAdj = (int)OptionValue.Integer(flag, value, -1000, 1000) };
                return true;
            case "cpus":
                _o = _o with { NanoCpus = OptionGrammar.ParseCpus(value) };
                return true;
            case "cpu-shares":
                long shares = OptionValue.Integer(flag, value, 0, 262144);
                _o = _o with
                {
                    CpuShares =
                        shares == 0 ? null
                        : shares == 1 ? throw OptionValue.Wrong(flag, value, "the smallest weight is 2")
                        : (ulong)shares,
                };
                return true;
            case "cpu-quota":
                long quota = OptionValue.Integer(flag, value, -1, long.MaxValue, "microseconds");
                _o = _o with
                {
                    CpuQuota =
                        quota == 0 ? null
                        : quota is > 0 and < 1000 ? throw OptionValue.Wrong(flag, value, "the kernel's smallest quota is 1000 microseconds")
                        : quota,
                };
                return true;
            case "cpu-period":
                long period = OptionValue.Integer(flag, value, 0, 1_000_000, "microseconds");
                _o = _o with
                {
                    CpuPeriod =
                        period == 0 ? null
                        : period < 1000 ? throw OptionValue.Wrong(flag, value, "a period has from 1000 to 1000000 microseconds")
                        : (ulong)period,
                };
                return true;
            case "cpu-rt-period":
                _o = _o with { CpuRtPeriod = (ulong?)NullIfZero(OptionValue.Integer(flag, value, 0, long.MaxValue, "microseconds")) };
                return true;
            case "cpu-rt-runtime":
                _o = _o with { CpuRtRuntime = NullIfZero(OptionValue.Integer(flag, value, -1, long.MaxValue, "microseconds")) };
                return true;
            case "cpuset-cpus":
                _o = _o with { CpusetCpus = value.Length == 0 ? null : OptionGrammar.ParseCpuset(flag, value) };
                return true;
            case "cpuset-mems":
                _o = _o with { CpusetMems = value.Length == 0 ? null : OptionGrammar.ParseCpuset(flag, value) };
                return true;
            case "pids-limit":
                long pids = OptionValue.Integer(flag, value, -1, long.MaxValue);
                _o = _o with { PidsLimit = pids == 0 ? -1 : pids };
                return true;
            case "blkio-weight":
                long weight = OptionValue.Integer(flag, value, 0, 1000);
                _o = _o with
                {
                    BlkioWeight =
                        weight == 0 ? null
                        : weight < 10 ? throw OptionValue.Wrong(flag, value, "expected 0 or a weight from 10 to 1000")
                        : (int)weight,
                };
                return true;
            case "blkio-weight-device":
                _o = _o with { BlkioWeightDevices = _o.BlkioWeightDevices.Add(OptionGrammar.ParseDeviceValue(flag, value)) };
                return true;
            case "device-read-bps":
                _o = _o with { DeviceReadBps = _o.DeviceReadBps.Add(OptionGrammar.ParseDeviceValue(flag, value)) };
                return true;
            case "device-write-bps":
                _o = _o with { DeviceWriteBps = _o.DeviceWriteBps.Add(OptionGrammar.ParseDeviceValue(flag, value)) };
                return true;
            case "device-read-iops":
                _o = _o with { DeviceReadIops = _o.DeviceReadIops.Add(OptionGrammar.ParseDeviceValue(flag, value)) };
                return true;
            case "device-write-iops":
                _o = _o with { DeviceWriteIops = _o.DeviceWriteIops.Add(OptionGrammar.ParseDeviceValue(flag, value)) };
                return true;
            case "cgroup-parent":
                _o = _o with
                {
                    CgroupParent =
                        value.Length == 0 ? null
                        : value.Contains("..", StringComparison.Ordinal)
                            ? throw OptionValue.Wrong(flag, value, "a cgroup path has no \"..\"")
                        : value,
                };
                return true;
            case "cgroup-conf":
                _o = _o with { CgroupConf = Put(_o.CgroupConf, OptionValue.Pair(flag, value)) };
                return true;
            default:
                return false;
        }
    }

    private bool SetSecurity(string flag, string value)
    {
        switch (flag)
        {
            case "privileged":
                _o = _o with { Privileged = OptionValue.Bool(flag, value) };
                return true;
            case "cap-add":
                foreach (string name in value.Split(','))
                {
                    _o = _o with { CapAdd = AddOnce(_o.CapAdd, CapabilityName.Parse(flag, name)) };
                }
                return true;
            case "cap-drop":
                foreach (string name in value.Split(','))
                {
                    _o = _o with { CapDrop = AddOnce(_o.CapDrop, CapabilityName.Parse(flag, name)) };
                }
                return true;
            case "security-opt":
                _o = _o with { Security = SecurityGrammar.Apply(_o.Security, value, context.Directory) };
                return true;
            case "sysctl":
                _o = _o with { Sysctls = Put(_o.Sysctls, OptionValue.Pair(flag, value)) };
                return true;
            case "device":
                _o =
                    OptionGrammar.IsCdiName(value) && value[0] != '/'
                        ? _o with
                        {
                            CdiDevices = AddOnce(_o.CdiDevices, value),
                        }
                        : _o with
                        {
                            Devices = _o.Devices.Add(OptionGrammar.ParseDevice(value)),
                        };
                return true;
            case "gpus":
                foreach (string name in OptionGrammar.ParseGpus(value))
                {
                    _o = _o with { CdiDevices = AddOnce(_o.CdiDevices, name) };
                }
                return true;
            case "device-cgroup-rule":
                _o = _o with { DeviceRules = _o.DeviceRules.Add(OptionGrammar.ParseDeviceRule(value)) };
                return true;
            case "ipc":
                _o = _o with { Ipc = OptionGrammar.ParseNamespace(flag, value) };
                return true;
            case "pid":
                _o = _o with { Pid = OptionGrammar.ParseNamespace(flag, value) };
                return true;
            case "uts":
                _o = _o with { Uts = OptionGrammar.ParseNamespace(flag, value) };
                return true;
            case "userns":
                _o = _o with { Userns = OptionGrammar.ParseNamespace(flag, value) };
                return true;
            case "cgroupns":
                _o = _o with { Cgroupns = OptionGrammar.ParseNamespace(flag, value) };
                return true;
            case "uidmap":
                _o = _o with { UidMap = _o.UidMap.Add(IdMapGrammar.Parse(flag, value)) };
                return true;
            case "gidmap":
                _o = _o with { GidMap = _o.GidMap.Add(IdMapGrammar.Parse(flag, value)) };
                return true;
            case "subuidname":
                _o = _o with { SubUidName = value.Length == 0 ? null : value };
                return true;
            case "subgidname":
                _o = _o with { SubGidName = value.Length == 0 ? null : value };
                return true;
            case "isolation":
                return value is "default" or "" ? true : throw OptionValue.Wrong(flag, value, "Linux has default only");
            case "disable-content-trust":
                return OptionValue.Bool(flag, value)
                    ? true
                    : throw OptionValue.Wrong(flag, value, "there is no content trust to switch on");
            case "runtime":
                return value is "" or "skiff" or "runc" or "io.containerd.runc.v2"
                    ? true
                    : throw OptionValue.Wrong(flag, value, "Skiff starts containers itself");
            default:
                return false;
        }
    }

    private static long? NullIfZero(long value) => value == 0 ? null : value;

    private static ValueList<string> AddOnce(ValueList<string> list, string item)
    {
        foreach (string present in list)
        {
            if (present == item)
            {
                return list;
            }
        }
        return list.Add(item);
    }

    private static string OneWord(string flag, string value)
    {
        foreach (char c in value)
        {
            if (char.IsWhiteSpace(c))
            {
                throw OptionValue.Wrong(flag, value, "white space is not possible here");
            }
        }
        return value.Length > 0 ? value : throw OptionValue.Wrong(flag, value, "a value is missing");
    }
}
