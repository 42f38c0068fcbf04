using System.Runtime.CompilerServices;

namespace Skiff.Linux.Spawning;

/// <summary>An argument of an instruction: a constant, an address in the program's memory, or the result of an earlier call.</summary>
/// <param name="Value">The constant, or the address of the stored result.</param>
/// <param name="IsResult">True when <paramref name="Value"/> is the address of a result.</param>
public readonly record struct Operand(nint Value, bool IsResult = false)
{
    /// <summary>A constant.</summary>
    public static implicit operator Operand(int value) => new(value);

    /// <summary>A constant.</summary>
    public static implicit operator Operand(nint value) => new(value);

    /// <summary>A constant.</summary>
    public static implicit operator Operand(uint value) => new((nint)value);

    /// <summary>The result of an earlier call.</summary>
    public static implicit operator Operand(Result result) => new(result.Address, IsResult: true);
}

/// <summary>The place where an instruction's result is kept for later ones.</summary>
/// <param name="Address">Address of the 64-bit value; odd where it is one of 32 bits, at the address before.</param>
public readonly record struct Result(nint Address)
{
    /// <summary>The place of a value of 32 bits.</summary>
    internal static Result OfInt(nint address) => new(address | 1);

    /// <summary>What is stored at the address of a result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe nint Load(nint address) => (address & 1) == 0 ? *(nint*)address : *(int*)(address - 1);
}
