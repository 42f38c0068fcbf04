using Skiff.Engine.Rootless;
using Skiff.Linux;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;

namespace Skiff.Commands;

/// <summary>What this machine lacks, and what does not work without it.</summary>
internal static class HostWarnings
{
    /// <summary>A sentence for each lack; none on a complete machine.</summary>
    public static IReadOnlyList<string> Of(CgroupLayout layout)
    {
        List<string> warnings = [];
        if (Files.TryReadText("/proc/filesystems", out _) is { } systems && !systems.Contains("\toverlay\n", StringComparison.Ordinal))
        {
            warnings.Add("the kernel has no overlayfs now: images cannot be mounted until it is loaded (modprobe overlay)");
        }
        Controllers(warnings, layout);
        if (RootlessUser.Current is not null)
        {
            warnings.AddRange(RootlessOptions.Lacks());
            return warnings;
        }
        if (Nftables() is { } why)
        {
            warnings.Add(
                $"nf_tables does not answer ({why}): only --network none, host and container:NAME work; load the module nf_tables"
            );
        }
        if (Files.TryReadText("/proc/sys/user/max_user_namespaces", out _)?.Trim() == "0")
        {
            warnings.Add(
                "user namespaces are switched off: --userns and --uidmap fail; sysctl user.max_user_namespaces sets how many may be"
            );
        }
        return warnings;
    }

    private static void Controllers(List<string> warnings, CgroupLayout layout)
    {
        if (layout.Mode == CgroupMode.None)
        {
            warnings.Add(
                layout.WhyNone is { } why
                    ? $"no limit can be set, and pause does not work: {why}"
                    : "no cgroups are mounted: no limit can be set, and pause and stats do not work; mount cgroup2 on /sys/fs/cgroup"
            );
            return;
        }
        foreach (
            (string controller, string flags) in (ReadOnlySpan<(string, string)>)
                [
                    ("memory", "--memory and --memory-swap"),
                    ("cpu", "--cpus and --cpu-shares"),
                    ("cpuset", "--cpuset-cpus and --cpuset-mems"),
                    ("pids", "--pids-limit"),
                ]
        )
        {
            if (!layout.HasController(controller))
            {
                warnings.Add($"the cgroup controller {controller} is missing: {flags} cannot be set");
            }
        }
        if (layout.HasController("memory") && !layout.HasSwapLimit())
        {
            warnings.Add("the kernel does not count swap for cgroups: --memory-swap cannot be set (boot parameter swapaccount=1)");
        }
        if (!layout.IsWritable())
        {
            warnings.Add("cgroups are mounted read-only here: no limit can be set");
        }
    }

    private static string? Nftables()
    {
        try
        {
            using NetlinkSocket socket = NetlinkSocket.Open(NetlinkSocket.NETLINK_NETFILTER);
            _ = NftQuery.TableExists(socket, "skiff");
            return null;
        }
        catch (LinuxException e)
        {
            return Errno.Describe(e.Errno);
        }
    }
}
