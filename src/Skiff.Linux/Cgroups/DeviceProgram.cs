using System.Buffers.Binary;

namespace Skiff.Linux.Cgroups;

/// <summary>Assembles the BPF_PROG_TYPE_CGROUP_DEVICE program of a cgroup version 2 (kernel: admin-guide/cgroup-v2.rst "Device controller";
/// instruction set: Documentation/bpf/standardization/instruction-set.rst).</summary>
public static class DeviceProgram
{
    // Registers: r1 = struct bpf_cgroup_dev_ctx { u32 access_type; u32 major; u32 minor; } on entry.
    private const byte R0 = 0;
    private const byte R1 = 1;
    private const byte Kind = 2;
    private const byte Access = 3;
    private const byte Major = 4;
    private const byte Minor = 5;

    private const byte LoadWord = 0x61; // BPF_LDX | BPF_MEM | BPF_W
    private const byte Move32Register = 0xBC; // BPF_ALU | BPF_MOV | BPF_X
    private const byte Move64 = 0xB7; // BPF_ALU64 | BPF_MOV | BPF_K
    private const byte And32 = 0x54; // BPF_ALU | BPF_AND | BPF_K
    private const byte ShiftRight32 = 0x74; // BPF_ALU | BPF_RSH | BPF_K
    private const byte JumpNotEqual = 0x55; // BPF_JMP | BPF_JNE | BPF_K
    private const byte JumpEqual = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    private const byte Exit = 0x95;

    private const int BPF_DEVCG_DEV_BLOCK = 1;
    private const int BPF_DEVCG_DEV_CHAR = 2;

    /// <summary>The program: one block of instructions for each exception, then the default.</summary>
    public static byte[] Assemble(DeviceRuleSet rules)
    {
        List<ulong> code =
        [
            Instruction(LoadWord, Access, R1, 0, 0),
            Instruction(Move32Register, Kind, Access, 0, 0),
            Instruction(And32, Kind, 0, 0, 0xFFFF),
            Instruction(ShiftRight32, Access, 0, 0, 16),
            Instruction(LoadWord, Major, R1, 4, 0),
            Instruction(LoadWord, Minor, R1, 8, 0),
        ];
        foreach (DeviceRule rule in rules.Exceptions)
        {
            AddBlock(code, rule);
        }
        AddReturn(code, rules.AllowsByDefault);
        byte[] bytes = new byte[code.Count * 8];
        for (int i = 0; i < code.Count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * 8), code[i]);
        }
        return bytes;
    }

    private static void AddBlock(List<ulong> code, DeviceRule rule)
    {
        List<(byte Op, byte Register, int Value)> tests =
        [
            (JumpNotEqual, Kind, rule.Kind == DeviceKind.Block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
        ];
        if (rule.Major is long major)
        {
            tests.Add((JumpNotEqual, Major, (int)major));
        }
        if (rule.Minor is long minor)
        {
            tests.Add((JumpNotEqual, Minor, (int)minor));
        }
        bool masked = rule.Access != DeviceAccess.All;
        int length = tests.Count + (masked ? 3 : 0) + 2;
        foreach ((byte op, byte register, int value) in tests)
        {
            length--;
            code.Add(Instruction(op, register, 0, (short)length, value));
        }
        if (masked)
        {
            // Allow: nothing outside the mask may be asked for. Deny: anything inside it is enough.
            code.Add(Instruction(Move32Register, R1, Access, 0, 0));
            code.Add(Instruction(And32, R1, 0, 0, (int)(rule.Allow ? DeviceAccess.All & ~rule.Access : rule.Access)));
            code.Add(Instruction(rule.Allow ? JumpNotEqual : JumpEqual, R1, 0, 2, 0));
        }
        AddReturn(code, rule.Allow);
    }

    private static void AddReturn(List<ulong> code, bool allow)
    {
        code.Add(Instruction(Move64, R0, 0, 0, allow ? 1 : 0));
        code.Add(Instruction(Exit, 0, 0, 0, 0));
    }

    private static ulong Instruction(byte op, byte destination, byte source, short offset, int immediate) =>
        op | ((ulong)(uint)(destination | (source << 4)) << 8) | ((ulong)(ushort)offset << 16) | ((ulong)(uint)immediate << 32);
}
