using System.Runtime.InteropServices;
using Skiff.Linux.Actions;

namespace Skiff.Linux.Cgroups;

/// <summary>Loads the device program of a version 2 cgroup and attaches it: bpf(2) BPF_PROG_LOAD, BPF_PROG_ATTACH. It goes when the cgroup goes.</summary>
/// <param name="Directory">The cgroup.</param>
/// <param name="Rules">The rules in order.</param>
public sealed unsafe record AttachDeviceProgram(string Directory, IReadOnlyList<DeviceRule> Rules) : HostAction
{
    private const int BPF_PROG_LOAD = 5;
    private const int BPF_PROG_ATTACH = 8;
    private const int BPF_PROG_TYPE_CGROUP_DEVICE = 15;
    private const int BPF_CGROUP_DEVICE = 6;
    private const int BPF_F_ALLOW_MULTI = 2;

    /// <inheritdoc/>
    public override string Text =>
        $"bpf(BPF_PROG_LOAD, BPF_PROG_TYPE_CGROUP_DEVICE: {string.Join(", ", Rules.Select(r => $"{(r.Allow ? "allow" : "deny")} {r}"))}); bpf(BPF_PROG_ATTACH, \"{Directory}\", BPF_CGROUP_DEVICE)";

    /// <inheritdoc/>
    public override string ManPage => "bpf(2)";

    /// <inheritdoc/>
    public override void Run()
    {
        using SafeFd program = Load(DeviceProgram.Assemble(DeviceRuleSet.Of(Rules)));
        using SafeFd cgroup = Files.Open(Directory, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        AttachAttributes attach = new()
        {
            TargetFd = cgroup.Value,
            ProgramFd = program.Value,
            AttachType = BPF_CGROUP_DEVICE,
            Flags = BPF_F_ALLOW_MULTI,
        };
        if (Libc.syscall(SyscallNumber.bpf, BPF_PROG_ATTACH, (nint)(&attach), sizeof(AttachAttributes), 0, 0, 0) != 0)
        {
            throw Failure("attach", Marshal.GetLastPInvokeError());
        }
    }

    private SafeFd Load(byte[] code)
    {
        fixed (byte* instructions = code)
        fixed (byte* license = "Apache-2.0\0"u8)
        fixed (byte* name = "skiff_devices\0\0\0"u8)
        {
            LoadAttributes load = new()
            {
                ProgramType = BPF_PROG_TYPE_CGROUP_DEVICE,
                InstructionCount = (uint)code.Length / 8,
                Instructions = (ulong)instructions,
                License = (ulong)license,
            };
            new ReadOnlySpan<byte>(name, 16).CopyTo(new Span<byte>(load.Name, 16));
            // EAGAIN: the verifier was interrupted by a signal.
            for (int attempt = 0; ; attempt++)
            {
                int fd = (int)Libc.syscall(SyscallNumber.bpf, BPF_PROG_LOAD, (nint)(&load), sizeof(LoadAttributes), 0, 0, 0);
                if (fd >= 0)
                {
                    return new SafeFd(fd);
                }
                int errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.EAGAIN || attempt == 5)
                {
                    throw Failure("load", errno);
                }
            }
        }
    }

    private SkiffException Failure(string step, int errno) =>
        new(
            $"cannot {step} the device rules of the cgroup {Directory}: bpf: {Errno.Describe(errno)}; without them the container could open every device, so it is not started (the kernel needs CONFIG_CGROUP_BPF and Skiff CAP_BPF or CAP_SYS_ADMIN)",
            125
        );

    /// <summary>union bpf_attr for BPF_PROG_LOAD, up to prog_name and prog_ifindex.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct LoadAttributes
    {
        internal uint ProgramType;
        internal uint InstructionCount;
        internal ulong Instructions;
        internal ulong License;
        internal uint LogLevel;
        internal uint LogSize;
        internal ulong LogBuffer;
        internal uint KernelVersion;
        internal uint ProgramFlags;
        internal fixed byte Name[16];
    }

    /// <summary>union bpf_attr for BPF_PROG_ATTACH, up to attach_flags.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct AttachAttributes
    {
        internal int TargetFd;
        internal int ProgramFd;
        internal uint AttachType;
        internal uint Flags;
    }
}
