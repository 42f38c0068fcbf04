using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Skiff.Linux;
using Skiff.Linux.Capabilities;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Mounts;
using Skiff.Linux.Seccomp;
using Skiff.Linux.Spawning;
using Skiff.Linux.Terminal;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Compares every kernel constant, structure and call number that Skiff.Linux writes down with the system's C headers.</summary>
public sealed class KernelAbiTests
{
    private const string CommonHeaders = "#define _GNU_SOURCE\n#include <stdio.h>\n#include <stddef.h>\n";

    public static TheoryData<Type, string> Constants =>
        new()
        {
            { typeof(Errno), "#include <errno.h>" },
            { typeof(Signals), "#include <signal.h>" },
            { typeof(OpenFlags), "#include <fcntl.h>" },
            { typeof(Poll), "#include <poll.h>" },
            { typeof(Tty), "#include <asm/ioctls.h>\n#include <linux/ioctl.h>" },
            { typeof(MountApi), "#include <linux/mount.h>\n#include <linux/fcntl.h>\n#include <asm/fcntl.h>" },
        };

    [Theory]
    [MemberData(nameof(Constants))]
    public void Constants_are_those_of_the_headers(Type type, string headers)
    {
        Assert.SkipUnless(CProgram.HasCompiler, "no gcc");
        Dictionary<string, ulong> ours = [];
        foreach (FieldInfo field in type.GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            if (field.GetValue(null) is IConvertible value)
            {
                ours[field.Name] = Convert.ToUInt64(value);
            }
        }
        Assert.True(ours.Count > 5, type.Name);
        Dictionary<string, ulong> theirs = Print(headers, ours.Keys);
        // SIGRTMIN is a call in glibc, enum members are no macros: both are handled by the fallback in Print.
        Compare(ours, theirs, minimum: ours.Count * 8 / 10);
    }

    [Fact]
    public void Enumerators_and_flags_without_macros_agree()
    {
        Assert.SkipUnless(CProgram.HasCompiler, "no gcc");
        Dictionary<string, ulong> theirs = CProgram.Run(
            Program(
                "#include <linux/mount.h>\n#include <linux/bpf.h>\n#include <linux/seccomp.h>\n#include <linux/audit.h>\n#include <linux/filter.h>",
                [
                    .. new[]
                    {
                        "FSCONFIG_SET_FLAG",
                        "FSCONFIG_SET_STRING",
                        "FSCONFIG_SET_FD",
                        "FSCONFIG_CMD_CREATE",
                        "FSCONFIG_CMD_RECONFIGURE",
                    },
                    .. new[]
                    {
                        "BPF_PROG_LOAD",
                        "BPF_PROG_ATTACH",
                        "BPF_PROG_TYPE_CGROUP_DEVICE",
                        "BPF_CGROUP_DEVICE",
                        "BPF_F_ALLOW_MULTI",
                    },
                    .. new[]
                    {
                        "BPF_DEVCG_ACC_MKNOD",
                        "BPF_DEVCG_ACC_READ",
                        "BPF_DEVCG_ACC_WRITE",
                        "BPF_DEVCG_DEV_BLOCK",
                        "BPF_DEVCG_DEV_CHAR",
                    },
                    .. new[]
                    {
                        "SECCOMP_RET_ALLOW",
                        "SECCOMP_RET_ERRNO",
                        "SECCOMP_RET_KILL_PROCESS",
                        "SECCOMP_RET_LOG",
                        "SECCOMP_RET_USER_NOTIF",
                    },
                    .. new[] { "AUDIT_ARCH_X86_64", "AUDIT_ARCH_I386", "AUDIT_ARCH_AARCH64", "AUDIT_ARCH_ARM", "BPF_MAXINSNS" },
                ],
                guard: false
            )
        );
        Dictionary<string, ulong> ours = new()
        {
            ["FSCONFIG_SET_FLAG"] = MountApi.FSCONFIG_SET_FLAG,
            ["FSCONFIG_SET_STRING"] = MountApi.FSCONFIG_SET_STRING,
            ["FSCONFIG_SET_FD"] = MountApi.FSCONFIG_SET_FD,
            ["FSCONFIG_CMD_CREATE"] = MountApi.FSCONFIG_CMD_CREATE,
            ["FSCONFIG_CMD_RECONFIGURE"] = MountApi.FSCONFIG_CMD_RECONFIGURE,
            ["BPF_PROG_LOAD"] = 5,
            ["BPF_PROG_ATTACH"] = 8,
            ["BPF_PROG_TYPE_CGROUP_DEVICE"] = 15,
            ["BPF_CGROUP_DEVICE"] = 6,
            ["BPF_F_ALLOW_MULTI"] = 2,
            ["BPF_DEVCG_ACC_MKNOD"] = (ulong)DeviceAccess.Mknod,
            ["BPF_DEVCG_ACC_READ"] = (ulong)DeviceAccess.Read,
            ["BPF_DEVCG_ACC_WRITE"] = (ulong)DeviceAccess.Write,
            ["BPF_DEVCG_DEV_BLOCK"] = 1,
            ["BPF_DEVCG_DEV_CHAR"] = 2,
            ["SECCOMP_RET_ALLOW"] = SeccompAction.Allow.Value,
            ["SECCOMP_RET_ERRNO"] = SeccompAction.Fail(0).Value,
            ["SECCOMP_RET_KILL_PROCESS"] = SeccompAction.KillProcess.Value,
            ["SECCOMP_RET_LOG"] = SeccompAction.Log.Value,
            ["SECCOMP_RET_USER_NOTIF"] = SeccompAction.Notify.Value,
            ["AUDIT_ARCH_X86_64"] = (ulong)SeccompArchitecture.X86_64,
            ["AUDIT_ARCH_I386"] = (ulong)SeccompArchitecture.X86,
            ["AUDIT_ARCH_AARCH64"] = (ulong)SeccompArchitecture.Arm64,
            ["AUDIT_ARCH_ARM"] = (ulong)SeccompArchitecture.Arm,
            ["BPF_MAXINSNS"] = 4096,
        };
        Compare(ours, theirs, ours.Count);
    }

    [Fact]
    public void Capabilities_are_those_of_the_headers()
    {
        Assert.SkipUnless(CProgram.HasCompiler, "no gcc");
        Dictionary<string, ulong> ours = Enum.GetValues<Capability>().ToDictionary(c => c.ToString(), c => (ulong)c);
        ours["CAP_LAST_CAP"] = CapabilitySet.Count - 1;
        ours["_LINUX_CAPABILITY_VERSION_3"] = ProcessCapabilities.Version3;
        Compare(ours, Print("#include <linux/capability.h>", ours.Keys), ours.Count);
    }

    [Fact]
    public void Call_numbers_of_this_architecture_are_those_of_the_headers()
    {
        Assert.SkipUnless(CProgram.HasCompiler, "no gcc");
        Dictionary<string, ulong> ours = [];
        foreach (MemberInfo member in typeof(SyscallNumber).GetMembers(BindingFlags.Public | BindingFlags.Static))
        {
            object? value =
                member is PropertyInfo p ? p.GetValue(null)
                : member is FieldInfo f ? f.GetValue(null)
                : null;
            if (value is int number)
            {
                ours["__NR_" + member.Name] = (ulong)number;
            }
        }
        Compare(ours, Print("#include <asm/unistd.h>", ours.Keys), ours.Count * 9 / 10);
    }

    [Theory]
    [InlineData(SeccompArchitecture.X86_64, "#include <asm/unistd_64.h>")]
    [InlineData(SeccompArchitecture.X86, "#include <asm/unistd_32.h>")]
    [InlineData(SeccompArchitecture.X32, "#define __X32_SYSCALL_BIT 0x40000000\n#include <asm/unistd_x32.h>")]
    [InlineData(
        SeccompArchitecture.Arm64,
        "#define __ARCH_WANT_RENAMEAT\n#define __ARCH_WANT_NEW_STAT\n#define __ARCH_WANT_SET_GET_RLIMIT\n#define __ARCH_WANT_TIME32_SYSCALLS\n#define __ARCH_WANT_SYS_CLONE3\n#define __ARCH_WANT_MEMFD_SECRET\n#include <asm-generic/unistd.h>"
    )]
    public void The_seccomp_tables_are_those_of_the_headers(SeccompArchitecture architecture, string header)
    {
        Assert.SkipUnless(
            CProgram.HasCompiler && RuntimeInformation.ProcessArchitecture == Architecture.X64,
            "needs gcc and x86-64 headers"
        );
        Dictionary<string, ulong> ours = SyscallTable.Load(architecture).ToDictionary(p => "__NR_" + p.Key, p => (ulong)p.Value);
        // Every name the header has must be in the table too; Print asks for ours only, so the count guards the other direction.
        Compare(ours, Print(header, ours.Keys), minimum: 300);
    }

    [Theory]
    [MemberData(nameof(CHeaders.Compilers), MemberType = typeof(CHeaders))]
    public void Structures_have_the_sizes_and_offsets_of_the_headers(string compiler)
    {
        Tool.Require(compiler);
        Same(
            [
                ("sizeof(struct pollfd)", Unsafe.SizeOf<PollFd>()),
                ("offsetof(struct pollfd,revents)", Offset<PollFd>(nameof(PollFd.ReturnedEvents))),
                ("sizeof(struct winsize)", Unsafe.SizeOf<WindowSize>()),
                ("sizeof(struct sigaction)", Unsafe.SizeOf<SignalAction>()),
                ("offsetof(struct sigaction,sa_flags)", Offset<SignalAction>(nameof(SignalAction.Flags))),
                ("sizeof(struct statx)", Unsafe.SizeOf<StatxBuffer>()),
                ("offsetof(struct statx,stx_mnt_id)", Offset<StatxBuffer>(nameof(StatxBuffer.MountId))),
                ("sizeof(struct timespec)", Unsafe.SizeOf<TimeSpec>()),
                ("offsetof(union bpf_attr,license)", Offset<AttachDeviceProgram.LoadAttributes>("License")),
                ("offsetof(union bpf_attr,prog_name)", Offset<AttachDeviceProgram.LoadAttributes>("Name")),
                ("offsetof(union bpf_attr,attach_flags)", Offset<AttachDeviceProgram.AttachAttributes>("Flags")),
                ("sizeof(struct sock_filter)", 8),
                ("offsetof(struct seccomp_data,args)", 16),
                ("sizeof(struct __user_cap_header_struct)", ProcessCapabilities.Header().Length),
                ("2*sizeof(struct __user_cap_data_struct)", ProcessCapabilities.Of(default, root: true).Data().Length),
            ],
            [
                "stddef.h",
                "poll.h",
                "signal.h",
                "sys/ioctl.h",
                "sys/stat.h",
                "time.h",
                "linux/bpf.h",
                "linux/filter.h",
                "linux/seccomp.h",
                "linux/capability.h",
            ]
        );
        // These headers do not go together with the C library's.
        Same(
            [
                ("sizeof(struct termios)", Unsafe.SizeOf<KernelTermios>()),
                ("offsetof(struct termios,c_cc)", 17),
                ("sizeof(struct mount_attr)", Unsafe.SizeOf<MountAttributes>()),
                ("offsetof(struct mount_attr,userns_fd)", Offset<MountAttributes>(nameof(MountAttributes.UserNamespaceFd))),
                ("sizeof(struct clone_args)", Unsafe.SizeOf<CloneArgs>()),
                ("offsetof(struct clone_args,cgroup)", Offset<CloneArgs>(nameof(CloneArgs.Cgroup))),
            ],
            ["stddef.h", "asm/termbits.h", "linux/mount.h", "linux/sched.h"]
        );

        void Same((string Expression, int Ours)[] items, string[] headers)
        {
            Dictionary<string, long> theirs = CHeaders.Values(compiler, headers, items.Select(i => i.Expression));
            Assert.Equal(items.ToDictionary(i => i.Expression, i => (long)i.Ours), theirs);
        }
    }

    private static int Offset<T>(string field) => (int)Marshal.OffsetOf<T>(field);

    private static Dictionary<string, ulong> Print(string headers, IEnumerable<string> names) =>
        CProgram.Run(Program(headers, names, guard: true));

    private static string Program(string headers, IEnumerable<string> names, bool guard)
    {
        StringBuilder source = new($"{CommonHeaders}{headers}\nint main(void) {{\n");
        foreach (string name in names)
        {
            string line = $"printf(\"{name} %llu\\n\", (unsigned long long)(unsigned)({name}));\n";
            source.Append(guard ? $"#ifdef {name}\n{line}#endif\n" : line);
        }
        return source.Append("return 0; }\n").ToString();
    }

    private static void Compare(Dictionary<string, ulong> ours, Dictionary<string, ulong> theirs, int minimum)
    {
        List<string> differences = [];
        int compared = 0;
        foreach ((string name, ulong value) in theirs)
        {
            if (ours.TryGetValue(name.Replace('~', ' '), out ulong own))
            {
                compared++;
                if (own != value)
                {
                    differences.Add($"{name}: header {value}, ours {own}");
                }
            }
        }
        Assert.Equal([], differences);
        Assert.True(
            compared >= minimum,
            $"only {compared} of {ours.Count} were compared; missing: {string.Join(' ', ours.Keys.Except(theirs.Keys).Take(40))}"
        );
    }
}
