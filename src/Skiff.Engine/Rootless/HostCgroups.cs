using Skiff.Linux;
using Skiff.Linux.Cgroups;

namespace Skiff.Engine.Rootless;

/// <summary>The cgroup hierarchies that the engine may use: root's all, an ordinary user's what the host has delegated (cgroups(7), "Delegation").</summary>
public static class HostCgroups
{
    /// <summary>Reads them.</summary>
    public static CgroupLayout Detect()
    {
        CgroupLayout host = CgroupLayout.Detect();
        return RootlessUser.Current is null ? host : Delegated(host);
    }

    /// <summary>The part of the version 2 hierarchy above this process that is the user's, as if it were the whole. Version 1 cannot be delegated safely, and processes may only be moved below what is.</summary>
    private static CgroupLayout Delegated(CgroupLayout host)
    {
        string? highest = null;
        if (host.Mode == CgroupMode.V2)
        {
            for (string own = host.UnifiedOwn.TrimEnd('/'); IsDelegated(host.UnifiedMount + own); own = own[..own.LastIndexOf('/')])
            {
                highest = own;
                if (own.Length == 0)
                {
                    break;
                }
            }
        }
        return highest is null
            ? host with
            {
                Mode = CgroupMode.None,
                Hierarchies = [],
                UnifiedMount = null,
                WhyNone = Why(host.Mode),
            }
            : host with
            {
                UnifiedMount = host.UnifiedMount + highest,
                UnifiedOwn = host.UnifiedOwn[highest.Length..],
            };
    }

    private static string Why(CgroupMode mode) =>
        mode == CgroupMode.V2
            ? "this session has no cgroup of its own (systemd gives one: systemd-run --user --scope -p Delegate=yes skiff …); run it there"
        : mode == CgroupMode.None ? "no cgroup file system is mounted; have root mount it (mount -t cgroup2 none /sys/fs/cgroup)"
        : "this host has cgroups of version 1, which only root can use; run it as root";

    private static bool IsDelegated(string directory) =>
        Files.IsWritable(directory + "/cgroup.procs") && Files.IsWritable(directory + "/cgroup.subtree_control");
}
