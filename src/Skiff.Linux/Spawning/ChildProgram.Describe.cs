namespace Skiff.Linux.Spawning;

public sealed unsafe partial class ChildProgram
{
    /// <summary>The instruction in strace's manner, for people.</summary>
    public string Describe(int index) => SyscallText.Of(this, index);

    /// <summary>The raw instruction, for the disassembler.</summary>
    internal ref readonly Instruction At(int index) => ref _code[index];

    /// <summary>The name given to a stored result, or null.</summary>
    internal string? NameOf(nint address) => _names.GetValueOrDefault(address);

    /// <summary>The instruction that stores its result at <paramref name="address"/>; -1 when none does.</summary>
    internal int ProducerOf(nint address, int before)
    {
        for (int i = before - 1; i >= 0; i--)
        {
            if ((nint)_code[i].Result == address)
            {
                return i;
            }
        }
        return -1;
    }
}
