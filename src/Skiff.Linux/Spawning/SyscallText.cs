namespace Skiff.Linux.Spawning;

/// <summary>Disassembles the instructions of a child program.</summary>
internal static class SyscallText
{
    internal static string Of(ChildProgram program, int index)
    {
        ref readonly Instruction i = ref program.At(index);
        return i.Kind == InstructionKind.Require ? "require" : $"syscall {i.Number}";
    }
}
