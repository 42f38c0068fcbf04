using Microsoft.Win32.SafeHandles;

namespace Skiff.Linux;

/// <summary>Memory that does not move and is given back at once, not when the collector comes by.</summary>
/// <remarks>
/// From 2 MiB on it asks for huge pages (madvise(2), MADV_HUGEPAGE): where a window of some MiB is read all over, looking up addresses of small pages costs more than the reads,
/// above all in a virtual machine, where every step of the lookup is one itself.
/// </remarks>
public sealed unsafe class LargeBuffer : SafeHandleZeroOrMinusOneIsInvalid
{
    private const int PROT_READ = 1;
    private const int PROT_WRITE = 2;
    private const int MAP_PRIVATE = 2;
    private const int MAP_ANONYMOUS = 0x20;
    private const int MADV_HUGEPAGE = 14;
    private const nuint HugePage = 2 << 20;

    private readonly nuint _mapped;

    /// <summary>Maps so many bytes; they are zero, and take memory when they are touched.</summary>
    /// <exception cref="LinuxException">There is no room in the address space or under a limit.</exception>
    public LargeBuffer(int length)
        : base(ownsHandle: true)
    {
        Length = length;
        bool huge = (nuint)length >= HugePage;
        _mapped = (nuint)length + (huge ? HugePage : 0);
        nint address = Libc.mmap(0, _mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (address == -1)
        {
            throw LinuxException.Last("mmap", $"{length >> 10} KiB");
        }
        SetHandle(address);
        Pointer = (byte*)address;
        if (huge)
        {
            Pointer = (byte*)(((nuint)address + HugePage - 1) & ~(HugePage - 1));
            _ = Libc.madvise((nint)Pointer, (nuint)length, MADV_HUGEPAGE); // only advice: a kernel without them says EINVAL
        }
    }

    /// <summary>The number of bytes.</summary>
    public int Length { get; }

    /// <summary>The first byte; valid until disposed.</summary>
    public byte* Pointer { get; }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.munmap(handle, _mapped) == 0;
}
