using System.Globalization;
using System.Text;
using static Skiff.Linux.Spawning.ArgumentKind;

namespace Skiff.Linux.Spawning;

/// <summary>Disassembles the instructions of a child program in strace's manner. Only explain, trace and errors pay for it.</summary>
internal static class SyscallText
{
    /// <summary>The instruction with its result and what happens when it fails.</summary>
    internal static string Of(ChildProgram program, int index)
    {
        ref readonly Instruction i = ref program.At(index);
        if (i.Kind == InstructionKind.Require)
        {
            return Require(program, i, index);
        }
        if (i.Kind == InstructionKind.Bear)
        {
            return "clone3";
        }
        if (IsJump(i))
        {
            return string.Create(CultureInfo.InvariantCulture, $"go on after the next {i.Skip}");
        }
        SyscallShape? shape = SyscallShape.Of(i.Number);
        StringBuilder text = new(Call(program, index, shape));
        if (shape is { MakesDescriptor: true })
        {
            text.Append(" = ").Append(ResultName(program, Address(i), index + 1));
        }
        else if (i.Minimum > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" >= {i.Minimum}");
        }
        return text.Append(Tolerance(i)).ToString();
    }

    /// <summary>The page that explains the instruction.</summary>
    internal static string ManPage(ChildProgram program, int index)
    {
        ref readonly Instruction i = ref program.At(index);
        return i.Kind switch
        {
            InstructionKind.Require => "",
            InstructionKind.Bear => "clone(2)",
            _ => IsJump(i) ? "" : SyscallShape.Of(i.Number)?.ManPage ?? "syscalls(2)",
        };
    }

    /// <summary>The kernel's name of the call; empty for a check and a jump, which call nothing.</summary>
    internal static string NameOf(ChildProgram program, int index)
    {
        ref readonly Instruction i = ref program.At(index);
        return i.Kind switch
        {
            InstructionKind.Require => "",
            InstructionKind.Bear => "clone3",
            _ => IsJump(i) ? "" : SyscallShape.Of(i.Number)?.Name ?? "syscall",
        };
    }

    /// <summary>The name of a stored result: the given one, else a number in the order in which descriptors are made.</summary>
    internal static string ResultName(ChildProgram program, nint address, int before)
    {
        if (program.NameOf(address) is { } name)
        {
            return name;
        }
        const int FirstFree = 3;
        int number = FirstFree;
        for (int n = 0; n < before; n++)
        {
            ref readonly Instruction i = ref program.At(n);
            if (Address(i) == address)
            {
                return string.Create(CultureInfo.InvariantCulture, $"fd{number}");
            }
            number += i.Kind == InstructionKind.Call && SyscallShape.Of(i.Number) is { MakesDescriptor: true } ? 1 : 0;
        }
        return "?";
    }

    private static string Call(ChildProgram program, int index, SyscallShape? shape)
    {
        ref readonly Instruction i = ref program.At(index);
        if (shape is null)
        {
            return string.Create(CultureInfo.InvariantCulture, $"syscall_{i.Number}({i.A}, {i.B}, {i.C})");
        }
        if (i.Number == SyscallNumber.sendto && program.NameOf(i.B) is { } message)
        {
            return $"sendto({ArgumentText.Of(program, index, 0, Descriptor)}, {{{message}}}, {i.C}, 0, NULL, 0)";
        }
        StringBuilder text = new(shape.Name);
        text.Append('(');
        for (int n = 0; n < shape.Arguments.Length; n++)
        {
            text.Append(n > 0 ? ", " : "").Append(ArgumentText.Of(program, index, n, KindOf(shape, i, n)));
        }
        return text.Append(')').ToString();
    }

    /// <summary>Optional arguments are not strings when the command takes none.</summary>
    private static ArgumentKind KindOf(SyscallShape shape, in Instruction i, int position) =>
        i.Number == SyscallNumber.openat && position == 3 && (i.C & OpenFlags.O_CREAT) == 0 ? Count : shape.Arguments[position];

    private static string Tolerance(in Instruction i)
    {
        if (i.Tolerated == 0)
        {
            return "";
        }
        string which =
            i.Tolerated == -1 ? "any error"
            : i.Tolerated2 == 0 ? Errno.Name(i.Tolerated)
            : $"{Errno.Name(i.Tolerated)} or {Errno.Name(i.Tolerated2)}";
        return i.Skip == 0 ? $"  ({which} is fine)" : string.Create(CultureInfo.InvariantCulture, $"  or skip {i.Skip} if {which}");
    }

    private static bool IsJump(in Instruction i) => i.Number == SyscallNumber.close && i.A == -1 && i.Indirect == 0;

    private static unsafe nint Address(in Instruction i) => (nint)i.Result;

    /// <summary>What the checked memory is: the answer of the call before it.</summary>
    private static string Require(ChildProgram program, in Instruction i, int index)
    {
        string of = "";
        for (int n = index - 1; n >= 0 && of.Length == 0; n--)
        {
            of = NameOf(program, n);
        }
        string mask = i.A == -1 ? "" : $" & {FlagText.Hex((ulong)i.A)}";
        string meaning = program.NameOf(i.Number) ?? $"answer of {of}{mask} == {FlagText.Hex((ulong)i.B)}";
        return $"require {meaning}, else {Errno.Name((int)i.C)}";
    }
}
