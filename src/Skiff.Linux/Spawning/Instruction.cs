using System.Runtime.InteropServices;

namespace Skiff.Linux.Spawning;

/// <summary>What an instruction of a child program does. The values are part of the C-compatible format.</summary>
internal enum InstructionKind
{
    /// <summary>Make a system call; fail when it fails with an errno that is not tolerated or returns less than the minimum.</summary>
    Call = 0,

    /// <summary>Fail unless <c>(*(long*)address &amp; mask) == value</c>.</summary>
    Require = 1,

    /// <summary>Make a further process, which runs another program in the same memory: clone3(2).</summary>
    Bear = 2,
}

/// <summary>One instruction of a <see cref="ChildProgram"/>: blittable, so that the loop that runs it could be C.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Instruction
{
    internal InstructionKind Kind;

    /// <summary>Bit i: argument i is the address of a 64-bit value that an earlier instruction stored.</summary>
    internal uint Indirect;

    /// <summary>System call number; for Require the address; for Bear where the new process begins.</summary>
    internal nint Number;

    /// <summary>The six arguments; for Require A is the mask, B the value and C the errno to report; for Bear A and B are clone_args and their size, and C is the argument of its first function.</summary>
    internal nint A,
        B,
        C,
        D,
        E,
        F;

    /// <summary>Where the result is stored, or null.</summary>
    internal nint* Result;

    /// <summary>The least result that is a success: 0 for most calls, 1 for the read that waits for the parent.</summary>
    internal nint Minimum;

    /// <summary>Two errnos that are as good as success, 0 for none; -1 tolerates every errno.</summary>
    internal int Tolerated,
        Tolerated2;

    /// <summary>How many instructions are skipped after a tolerated errno.</summary>
    internal int Skip;

    private int _pad;
}

/// <summary>struct clone_args, clone3(2), kernel 5.7.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CloneArgs
{
    internal ulong Flags,
        Pidfd,
        ChildTid,
        ParentTid,
        ExitSignal,
        Stack,
        StackSize,
        Tls,
        SetTid,
        SetTidSize,
        Cgroup;
}

/// <summary>A page that parent and child share: how far the child is, and when it was where.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SpawnProgress
{
    /// <summary>Index of the instruction under way plus one; 0 until the child has begun.</summary>
    internal long At;

    private long _pad;
}
