using System.Runtime.InteropServices;

namespace Skiff.Linux.Spawning;

/// <summary>The page of machine code through which the interpreter makes its system calls: no stub of the runtime, no errno, no thread-local storage.</summary>
/// <remarks>There is one, and it stays: to make a page executable the kernel interrupts every processor on which this memory is in use, thus a child that works in it.</remarks>
internal sealed unsafe class SpawnCode
{
    private const int BirthOffset = 64;
    private const nint PageSize = 4096;
    private static SpawnCode? s_shared;
    private readonly nint _page;

    /// <summary>The page; of two threads that make it at once one makes it for nothing.</summary>
    internal static SpawnCode Shared => s_shared ??= new SpawnCode();

    private SpawnCode()
    {
        const int PROT_READ_WRITE = 3;
        const int PROT_READ_EXEC = 5;
        const int MAP_PRIVATE_ANONYMOUS = 0x22;
        _page = Libc.syscall(SyscallNumber.mmap, 0, PageSize, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
        if (_page == -1)
        {
            throw LinuxException.Last("mmap", "interpreter");
        }
        ReadOnlySpan<byte> code =
            RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? MachineCode.SpawnArm64 : MachineCode.SpawnX64;
        code.CopyTo(new Span<byte>((void*)_page, (int)PageSize));
        if (Libc.mprotect(_page, (nuint)PageSize, PROT_READ_EXEC) != 0)
        {
            throw LinuxException.Last("mprotect", "interpreter");
        }
    }

    /// <summary><c>call(number, a, b, c, d, e, f)</c>: a system call; -errno when it fails. Aligned so that bit 1, NativeAOT's mark of a fat pointer, is clear.</summary>
    internal delegate* <nint, nint, nint, nint, nint, nint, nint, nint> Call =>
        (delegate* <nint, nint, nint, nint, nint, nint, nint, nint>)_page;

    /// <summary><c>birth(args, size, entry, argument)</c>: clone3(2); the child calls <c>entry(argument)</c> and never returns.</summary>
    internal delegate* <nint, nint, nint, nint, nint> Birth => (delegate* <nint, nint, nint, nint, nint>)(_page + BirthOffset);
}
