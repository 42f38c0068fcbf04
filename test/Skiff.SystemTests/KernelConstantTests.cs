using System.Globalization;
using System.Text.RegularExpressions;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Every constant of the sources that has a kernel's name, wherever it is declared, is that of the C headers: of both architectures, on either.</summary>
public sealed partial class KernelConstantTests
{
    // Some of the kernel's headers and the C library's exclude one another.
    private static readonly string[] s_library =
    [
        "dirent.h",
        "elf.h",
        "fcntl.h",
        "poll.h",
        "sched.h",
        "signal.h",
        "unistd.h",
        "netinet/in.h",
        "sys/eventfd.h",
        "sys/file.h",
        "sys/inotify.h",
        "sys/ioctl.h",
        "sys/mman.h",
        "sys/mount.h",
        "sys/resource.h",
        "sys/signalfd.h",
        "sys/socket.h",
        "sys/stat.h",
        "sys/syscall.h",
        "sys/wait.h",
    ];

    private static readonly string[] s_kernel =
    [
        "linux/audit.h",
        "linux/bpf.h",
        "linux/capability.h",
        "linux/close_range.h",
        "linux/fcntl.h",
        "linux/if.h",
        "linux/if_addr.h",
        "linux/if_link.h",
        "linux/ipv6_route.h",
        "linux/futex.h",
        "linux/keyctl.h",
        "linux/magic.h",
        "linux/memfd.h",
        "linux/mount.h",
        "linux/netfilter.h",
        "linux/netfilter/nf_tables.h",
        "linux/netfilter/nfnetlink.h",
        "linux/netfilter/nfnetlink_conntrack.h",
        "linux/netfilter_ipv4.h",
        "linux/netfilter_ipv4/ip_tables.h",
        "linux/netlink.h",
        "linux/openat2.h",
        "linux/prctl.h",
        "linux/rtnetlink.h",
        "linux/sched.h",
        "linux/seccomp.h",
        "linux/stat.h",
        "linux/veth.h",
        "linux/vm_sockets.h",
        "asm/ioctls.h",
    ];

    // Two flags in one name; words of nft(8); what is younger than the headers of Debian 12; what no header for programs has.
    private static readonly string[] s_unknown =
    [
        .. (string[])["MAP_PRIVATE_ANONYMOUS", "MSG_PEEK_DONTWAIT", "PROT_READ_EXEC", "PROT_READ_WRITE"],
        .. (string[])["TYPE_INET_PROTOCOL", "TYPE_INET_SERVICE", "TYPE_IP6ADDR", "TYPE_IPADDR"],
        .. (string[])["MFD_EXEC", "PIDFD_GET_INFO", "PIDFD_INFO_EXIT"],
        .. (string[])["PID_FS_MAGIC", "PF_EXITING", "PF_SIGNALED"],
    ];

    [Theory]
    [MemberData(nameof(CHeaders.Compilers), MemberType = typeof(CHeaders))]
    public void Every_constant_with_a_kernels_name_has_its_value(string compiler)
    {
        bool arm = compiler.StartsWith("aarch64", StringComparison.Ordinal);
        Tool.Require(compiler);
        Dictionary<string, HashSet<(ulong Value, ulong Mask)>> ours = [];
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Workspace.Repository, "src"), "*.cs", SearchOption.AllDirectories))
        {
            string text = File.ReadAllText(file);
            foreach (Match m in Constant().Matches(text))
            {
                Add(m.Groups["name"].Value, m.Groups["value"].Value, m.Groups["type"].Value);
            }
            foreach (Match m in Choice().Matches(text))
            {
                string prefix = Path.GetFileName(file) == "SyscallNumber.cs" ? "__NR_" : "";
                Add(prefix + m.Groups["name"].Value, m.Groups[arm ? "arm" : "other"].Value, "int");
            }
        }
        Dictionary<string, long> theirs = CHeaders.Values(compiler, s_library, ours.Keys);
        foreach ((string name, long value) in CHeaders.Values(compiler, s_kernel, ours.Keys.Except(theirs.Keys)))
        {
            theirs.Add(name, value);
        }
        Assert.Equal(
            [],
            theirs
                .Where(t => ours[t.Key].Any(o => o.Value != ((ulong)t.Value & o.Mask)))
                .Select(t => $"{t.Key} is {t.Value}, ours {string.Join(' ', ours[t.Key])}")
        );
        Assert.Equal("", string.Join(" ", ours.Keys.Except(theirs.Keys).Except(s_unknown).Order(StringComparer.Ordinal)));
        Assert.True(theirs.Count > 300, $"{theirs.Count}");

        void Add(string name, string text, string type)
        {
            string digits = text.TrimEnd('u', 'U', 'l', 'L');
            ulong value = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
                ? ulong.Parse(digits.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                : ulong.Parse(digits, CultureInfo.InvariantCulture);
            ulong mask = type switch
            {
                "byte" => byte.MaxValue,
                "short" or "ushort" => ushort.MaxValue,
                "int" or "uint" => uint.MaxValue,
                _ => ulong.MaxValue,
            };
            if (!ours.TryGetValue(name, out HashSet<(ulong, ulong)>? values))
            {
                ours[name] = values = [];
            }
            values.Add((value, mask));
        }
    }

    [GeneratedRegex(@"\bconst (?<type>\w+) (?<name>[A-Z][A-Z0-9]*_[A-Z0-9_]+) = (?<value>(0x)?[0-9A-Fa-f]+[uUlL]*);")]
    private static partial Regex Constant();

    [GeneratedRegex(@"\bint (?<name>\w+) (=>|=) \w*[aA]rm \? (?<arm>(0x)?[0-9A-Fa-f]+) : (?<other>(0x)?[0-9A-Fa-f]+);")]
    private static partial Regex Choice();
}
