using System.Buffers.Binary;

namespace Skiff.Linux.Seccomp;

/// <summary>Writes a classic BPF program from its end to its start, so that every jump goes to code that exists already (kernel:
/// networking/filter.rst; struct sock_filter of linux/filter.h).</summary>
/// <remarks>A position counts instructions from the end. Conditional jumps reach 255 instructions; what is farther gets a stepping stone.</remarks>
internal sealed class BpfAssembler
{
    internal const ushort LoadWord = 0x20; // BPF_LD | BPF_W | BPF_ABS
    internal const ushort JumpEqual = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    internal const ushort JumpGreater = 0x25; // BPF_JMP | BPF_JGT | BPF_K
    internal const ushort JumpGreaterOrEqual = 0x35; // BPF_JMP | BPF_JGE | BPF_K
    internal const ushort And = 0x54; // BPF_ALU | BPF_AND | BPF_K
    private const ushort Jump = 0x05; // BPF_JMP | BPF_JA
    private const ushort Return = 0x06; // BPF_RET | BPF_K

    private readonly List<(ushort Code, byte True, byte False, uint K)> _reversed = [];

    /// <summary>Places <c>return action</c> and gives its position.</summary>
    internal int AddReturn(SeccompAction action) => Add(Return, 0, 0, action.Value);

    /// <summary>Places an instruction that goes on to the next one.</summary>
    internal int AddPlain(ushort code, uint k) => Add(code, 0, 0, k);

    /// <summary>Makes <paramref name="target"/> the next instruction: with a jump if it is not.</summary>
    internal int AddJump(int target) => target == _reversed.Count ? target : Add(Jump, 0, 0, (uint)(_reversed.Count - target));

    /// <summary>Places a conditional jump.</summary>
    internal int AddBranch(ushort code, uint k, int ifTrue, int ifFalse)
    {
        // A stepping stone moves the branch one further away, so room for two is kept.
        int from = _reversed.Count;
        ifTrue = from - ifTrue > 253 ? Stone(ifTrue) : ifTrue;
        ifFalse = from - ifFalse > 253 ? Stone(ifFalse) : ifFalse;
        return Add(code, (byte)(_reversed.Count - ifTrue), (byte)(_reversed.Count - ifFalse), k);
    }

    /// <summary>The program, 8 bytes an instruction in the machine's (little-endian) order.</summary>
    internal byte[] ToArray()
    {
        byte[] bytes = new byte[_reversed.Count * 8];
        Span<byte> at = bytes;
        for (int i = _reversed.Count - 1; i >= 0; i--, at = at[8..])
        {
            (ushort code, byte t, byte f, uint k) = _reversed[i];
            BinaryPrimitives.WriteUInt16LittleEndian(at, code);
            at[2] = t;
            at[3] = f;
            BinaryPrimitives.WriteUInt32LittleEndian(at[4..], k);
        }
        return bytes;
    }

    // A far return is repeated instead of jumped to: one step less.
    private int Stone(int target)
    {
        (ushort code, _, _, uint k) = _reversed[target - 1];
        return code == Return ? Add(Return, 0, 0, k) : Add(Jump, 0, 0, (uint)(_reversed.Count - target));
    }

    private int Add(ushort code, byte t, byte f, uint k)
    {
        _reversed.Add((code, t, f, k));
        return _reversed.Count;
    }
}
