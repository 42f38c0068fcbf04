using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <content>What is asked for and cannot be had is an error: nobody should believe in a limit or a rule that is not there.</content>
public sealed partial class SpecBuilder
{
    /// <summary>Files that say what a container may use instead of what the host has (lxcfs); runc lets these be covered too.</summary>
    private static readonly string[] s_coverable =
    [
        "/proc/cpuinfo",
        "/proc/diskstats",
        "/proc/loadavg",
        "/proc/meminfo",
        "/proc/net/dev",
        "/proc/slabinfo",
        "/proc/stat",
        "/proc/swaps",
        "/proc/sys/crypto/fips_enabled",
        "/proc/sys/kernel/ns_last_pid",
        "/proc/uptime",
    ];

    private void RefuseWhatIsNotDone()
    {
        if (!_o.StorageOptions.IsEmpty)
        {
            NameValue option = _o.StorageOptions[0];
            throw new SkiffException(
                $"--storage-opt {option.Name}={option.Value}: Skiff does not limit a container's writable layer; "
                    + "limit what it writes to with --read-only --tmpfs PATH:size=BYTES",
                125
            );
        }
        if (_o.Security.AppArmor is not (null or "unconfined"))
        {
            throw new SkiffException(
                $"--security-opt apparmor={_o.Security.AppArmor}: Skiff does not apply AppArmor profiles; leave it out, or confine with --cap-drop and seccomp=FILE",
                125
            );
        }
        foreach (string label in _o.Security.Labels)
        {
            if (label != "disable" && _c.Host.SeLinux)
            {
                throw new SkiffException(
                    $"--security-opt label={label}: Skiff sets no SELinux labels; leave it out, or confine with --cap-drop and seccomp=FILE",
                    125
                );
            }
        }
        foreach (NetworkAttachment network in _o.Networks)
        {
            if (!network.LinkLocalIps.IsEmpty)
            {
                throw new SkiffException(
                    $"--link-local-ip {network.LinkLocalIps[0]}: Skiff gives no link-local addresses; leave it out",
                    125
                );
            }
            if (!network.DriverOptions.IsEmpty)
            {
                throw new SkiffException(
                    $"--network driver-opt={network.DriverOptions[0].Name}: the driver bridge has no options for a container; leave it out",
                    125
                );
            }
        }
    }

    /// <summary>Programs, and the engine that confines them, trust what /proc says: a volume of a malicious image on /proc would be believed (CVE-2019-16884).</summary>
    private static void RefuseInsideProc(string source, string path, string note)
    {
        bool inside = path == "/proc" || path.StartsWith("/proc/", StringComparison.Ordinal);
        // The host's own /proc is one too: -v /proc:/proc.
        if (inside && (source, path) != ("/proc", "/proc") && Array.IndexOf(s_coverable, path) < 0)
        {
            throw new SkiffException(
                $"nothing may be mounted on {path}{note}: it is inside /proc, which belongs to the kernel; mount it elsewhere",
                125
            );
        }
    }
}
