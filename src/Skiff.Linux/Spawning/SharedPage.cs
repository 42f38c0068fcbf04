using System.Runtime.InteropServices;

namespace Skiff.Linux.Spawning;

/// <summary>Memory that parent and child share (MAP_SHARED), for progress and, when traced, a time per instruction.</summary>
internal sealed unsafe class SharedPage : IDisposable
{
    private readonly nint _length;
    private nint _address;

    internal SharedPage(int instructions, bool traced)
    {
        _length = 4096 + (traced ? ((nint)instructions * sizeof(TimeSpec)) : 0);
        _address = Libc.syscall(SyscallNumber.mmap, 0, _length, 3, 0x21, -1, 0);
        if (_address == -1)
        {
            throw LinuxException.Last("mmap", "shared page");
        }
        Progress = (SpawnProgress*)_address;
        Times = traced ? (TimeSpec*)(_address + 4096) : null;
    }

    /// <summary>How far the child is.</summary>
    internal SpawnProgress* Progress { get; }

    /// <summary>CLOCK_MONOTONIC before each instruction, or null.</summary>
    internal TimeSpec* Times { get; }

    public void Dispose()
    {
        if (_address != 0)
        {
            Libc.syscall(SyscallNumber.munmap, _address, _length, 0, 0, 0, 0);
            _address = 0;
        }
    }
}
