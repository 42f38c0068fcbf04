using System.Buffers.Binary;
using System.Text;
using Skiff.Linux;
using Skiff.Linux.Capabilities;
using Skiff.Linux.Seccomp;
using Xunit;
using static Skiff.Linux.Seccomp.SeccompArchitecture;

namespace Skiff.Tests.Seccomp;

public sealed class DefaultFilterTests
{
    private static readonly SeccompAction s_eperm = SeccompAction.Fail(Errno.EPERM);
    private static readonly SeccompAction s_enosys = SeccompAction.Fail(Errno.ENOSYS);
    private static readonly byte[] s_x64 = SeccompCompiler.Compile(SeccompProfile.BuiltIn(), CapabilitySet.Default, X86_64);
    private static readonly byte[] s_arm64 = SeccompCompiler.Compile(SeccompProfile.BuiltIn(), CapabilitySet.Default, Arm64);

    private static byte[] Of(SeccompArchitecture a) => a is Arm64 or Arm ? s_arm64 : s_x64;

    private static SeccompAction Call(SeccompArchitecture architecture, string name, params ulong[] arguments) =>
        FilterInterpreter.Run(Of(architecture), architecture, SyscallTable.Load(architecture)[name], arguments);

    public static TheoryData<SeccompArchitecture> Architectures => [X86_64, X86, X32, Arm64, Arm];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void SEC_16_Mount_keyctl_bpf_and_new_namespaces_are_denied(SeccompArchitecture a)
    {
        foreach (
            string name in new[]
            {
                "mount",
                "umount2",
                "keyctl",
                "add_key",
                "request_key",
                "bpf",
                "unshare",
                "setns",
                "kexec_load",
                "init_module",
                "perf_event_open",
                "userfaultfd",
                "io_uring_setup",
                "move_mount",
                "open_tree",
                "fsopen",
                "pivot_root",
                "swapon",
                "reboot",
                "syslog",
                "acct",
                "quotactl",
                "statmount",
                "open_by_handle_at",
            }
        )
        {
            Assert.Equal(s_eperm, Call(a, name, 0x10000000));
        }
        Assert.Equal(s_eperm, Call(a, "clone", 0x10000000 | 17)); // CLONE_NEWUSER
        Assert.Equal(s_eperm, Call(a, "clone", 0x00020000)); // CLONE_NEWNS
        Assert.Equal(SeccompAction.Allow, Call(a, "clone", 0x3D0F00)); // a thread of glibc
        Assert.Equal(s_enosys, Call(a, "clone3", 0));
        Assert.Equal(SeccompAction.Allow, Call(a, "chroot"));
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void SEC_16_Unknown_future_calls_give_ENOSYS_and_everyday_ones_are_allowed(SeccompArchitecture a)
    {
        int bit = a == X32 ? SyscallTable.X32Bit : 0;
        foreach (int number in a == X32 ? new[] { 548, 1000, 0x3FFFFFFF } : [470, 471, 512, 1000, 0x3FFFFFFF])
        {
            Assert.Equal(s_enosys, FilterInterpreter.Run(Of(a), a, number | bit));
        }
        foreach (
            string name in new[]
            {
                "read",
                "write",
                "openat",
                "close",
                "execve",
                "exit_group",
                "futex",
                "mmap2",
                "mmap",
                "getrandom",
                "openat2",
                "statx",
                "rseq",
                "prctl",
                "socketpair",
                "futex_waitv",
                "cachestat",
                "removexattrat",
            }
        )
        {
            if (SyscallTable.Load(a).ContainsKey(name))
            {
                Assert.Equal(SeccompAction.Allow, Call(a, name));
            }
        }
    }

    [Fact]
    public void SEC_16_A_foreign_architecture_kills()
    {
        Assert.Equal(SeccompAction.KillProcess, FilterInterpreter.Run(s_x64, Arm64, 63));
        Assert.Equal(SeccompAction.KillProcess, FilterInterpreter.Run(s_arm64, X86_64, 0));
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void SEC_16_Vsock_and_odd_personalities_are_denied(SeccompArchitecture a)
    {
        Assert.Equal(s_eperm, Call(a, "socket", 40));
        Assert.Equal(SeccompAction.Allow, Call(a, "socket", 2));
        Assert.Equal(SeccompAction.Allow, Call(a, "socket", (1UL << 32) | 40));
        foreach (ulong allowed in new ulong[] { 0, 8, 0x20000, 0x20008, 0xFFFFFFFF })
        {
            Assert.Equal(SeccompAction.Allow, Call(a, "personality", allowed));
        }
        Assert.Equal(s_eperm, Call(a, "personality", 0x0040000)); // ADDR_NO_RANDOMIZE
        Assert.Equal(s_eperm, Call(a, "personality", 0xFFFFFFFFFFFFFFFF));
    }

    [Fact]
    public void SEC_16_Capabilities_open_their_calls()
    {
        CapabilitySet admin = CapabilitySet.Default | Capability.CAP_SYS_ADMIN;
        byte[] filter = SeccompCompiler.Compile(SeccompProfile.BuiltIn(), admin, X86_64);
        foreach (string name in new[] { "mount", "bpf", "unshare", "setns", "clone3", "clone", "statmount" })
        {
            Assert.Equal(SeccompAction.Allow, FilterInterpreter.Run(filter, X86_64, SyscallTable.Load(X86_64)[name], 0x7E020000));
        }
        filter = SeccompCompiler.Compile(SeccompProfile.BuiltIn(), CapabilitySet.None, X86_64);
        Assert.Equal(s_eperm, FilterInterpreter.Run(filter, X86_64, SyscallTable.Load(X86_64)["chroot"]));
    }

    [Fact]
    public void Every_allowed_name_exists_on_some_architecture()
    {
        HashSet<string> known = [.. Architectures.SelectMany(a => SyscallTable.Load(a.Data).Keys)];
        // Names that docker lists although no kernel of these architectures has them.
        string[] unknown =
        [
            .. SeccompProfile
                .BuiltIn()
                .Rules.SelectMany(r => r.Names)
                .Where(n => !known.Contains(n))
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];
        Assert.Equal([], unknown);
    }

    [Fact]
    public void The_ready_made_filters_are_what_the_compiler_makes()
    {
        bool same = SeccompFilter.ReadyMade(X86_64).SequenceEqual(s_x64) && SeccompFilter.ReadyMade(Arm64).SequenceEqual(s_arm64);
        if (!same)
        {
            string file = Path.Combine(Path.GetTempPath(), "SeccompFilter.ReadyMade.cs");
            File.WriteAllText(file, Source());
            Assert.Fail($"the profile or the compiler changed: copy {file} to src/Skiff.Linux/Seccomp");
        }
    }

    [Fact]
    public void A_search_takes_few_steps()
    {
        Assert.InRange(s_x64.Length / 8, 100, 1000);
        Assert.InRange(s_arm64.Length / 8, 100, 1000);
    }

    private static string Source()
    {
        StringBuilder text = new();
        text.Append(
            "namespace Skiff.Linux.Seccomp;\n\n// Written by DefaultFilterTests when the profile or the compiler changed: struct sock_filter as 64-bit numbers.\n"
        );
        text.Append("public static partial class SeccompFilter\n{\n");
        foreach ((string name, byte[] program) in new[] { ("X64", s_x64), ("Arm64", s_arm64) })
        {
            text.Append($"    private static ReadOnlySpan<ulong> {name} =>\n        [\n");
            for (int i = 0; i < program.Length; i += 8)
            {
                text.Append(i % 48 == 0 ? "            " : " ")
                    .Append($"0x{BinaryPrimitives.ReadUInt64LittleEndian(program.AsSpan(i)):X},");
                text.Append(i % 48 == 40 || i + 8 == program.Length ? "\n" : "");
            }
            text.Append("        ];\n").Append(name == "X64" ? "\n" : "");
        }
        return text.Append("}\n").ToString();
    }
}
