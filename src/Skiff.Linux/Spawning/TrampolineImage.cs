using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Skiff.Linux.Spawning;

/// <summary>
/// The program that a child executes instead of the engine's file: a sealed memfd of a few hundred bytes that only executes the real target.
/// While an untrusted binary, interpreter or <c>#!</c> line is resolved, /proc/self/exe is this scrap and never the engine (CVE-2019-5736).
/// </summary>
public static unsafe class TrampolineImage
{
    internal const int HeaderSize = 120;

    /// <summary>Of one more segment's header.</summary>
    internal const int SegmentSize = 56;
    private const uint CandidatesMark = 0x11223344;
    private const uint ReportMark = 0x55667788;
    private const int MFD_CLOEXEC = 1;
    private const int MFD_ALLOW_SEALING = 2;
    private const int MFD_EXEC = 0x10;
    private const int F_ADD_SEALS = 1033;
    private const int AllSeals = 0xf;

    /// <summary>The ELF file: a header, one loadable segment, the machine code with its two patched values.</summary>
    /// <param name="candidates">How many paths to try stand before the environment.</param>
    /// <param name="report">Descriptor on which a failure is reported.</param>
    /// <param name="init">True to stay as process 1 that reaps and forwards signals; two words then stand before the arguments.</param>
    /// <param name="architecture">x64 or arm64.</param>
    public static byte[] Build(int candidates, int report, bool init, Architecture architecture)
    {
        bool arm = architecture == Architecture.Arm64;
        ReadOnlySpan<byte> first =
            !init ? []
            : arm ? MachineCode.InitArm64
            : MachineCode.InitX64;
        ReadOnlySpan<byte> last = arm ? MachineCode.TrampolineArm64 : MachineCode.TrampolineX64;
        byte[] image = new byte[HeaderSize + first.Length + last.Length];
        WriteHeader(image, arm);
        first.CopyTo(image.AsSpan(HeaderSize));
        last.CopyTo(image.AsSpan(HeaderSize + first.Length));
        Patch(image, CandidatesMark, candidates);
        Patch(image, ReportMark, report);
        return image;
    }

    /// <summary>Writes the image to a sealed, executable memfd.</summary>
    /// <exception cref="LinuxException">memfd_create(2) failed.</exception>
    public static SafeFd Open(int candidates, int report, bool init) =>
        Open(Build(candidates, report, init, RuntimeInformation.ProcessArchitecture));

    /// <summary>Writes an ELF file to a sealed, executable memfd.</summary>
    internal static SafeFd Open(byte[] image)
    {
        fixed (byte* name = "skiff-exec\0"u8)
        {
            // MFD_EXEC (6.3) says that it is meant to be executed; older kernels refuse the unknown flag.
            nint fd = Libc.syscall(SyscallNumber.memfd_create, (nint)name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC, 0, 0, 0, 0);
            if (fd < 0 && Marshal.GetLastPInvokeError() == Errno.EINVAL)
            {
                fd = Libc.syscall(SyscallNumber.memfd_create, (nint)name, MFD_CLOEXEC | MFD_ALLOW_SEALING, 0, 0, 0, 0);
            }
            if (fd < 0)
            {
                return OpenFile(image, LinuxException.Last("memfd_create", "skiff-exec"));
            }
            SafeFd memory = new((int)fd);
            Files.WriteAll(memory, image, "memfd");
            if (Libc.fcntl(memory.Value, F_ADD_SEALS, AllSeals) != 0)
            {
                throw LinuxException.Last("fcntl F_ADD_SEALS", "memfd");
            }
            return memory;
        }
    }

    /// <summary>Hosts with vm.memfd_noexec=2 refuse executable memfds: there a file without a name in /run or /tmp serves.</summary>
    private static SafeFd OpenFile(byte[] image, LinuxException cause)
    {
        foreach (string directory in (ReadOnlySpan<string>)["/run", "/var/tmp", "/tmp"])
        {
            string path = $"{directory}/.skiff-exec-{RandomBytes.Hex(8)}";
            using (SafeFd? writer = Files.TryOpen(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, out _, 0x140))
            {
                if (writer is null)
                {
                    continue;
                }
                Files.WriteAll(writer, image, path);
            }
            SafeFd? reader = Files.TryOpen(path, OpenFlags.O_RDONLY, out _);
            _ = Files.TryRemove(path);
            if (reader is not null)
            {
                return reader;
            }
        }
        throw cause;
    }

    /// <summary>The ELF header and one loadable segment; with <paramref name="data"/> the same bytes a second time, at that address, where they can be written.</summary>
    internal static void WriteHeader(Span<byte> image, bool arm, ulong data = 0)
    {
        const ulong Base = 0x400000;
        int headers = data == 0 ? HeaderSize : HeaderSize + SegmentSize;
        ReadOnlySpan<byte> ident = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        ident.CopyTo(image);
        BinaryPrimitives.WriteUInt16LittleEndian(image[16..], 2); // ET_EXEC
        BinaryPrimitives.WriteUInt16LittleEndian(image[18..], arm ? (ushort)183 : (ushort)62);
        BinaryPrimitives.WriteUInt32LittleEndian(image[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(image[24..], Base + (ulong)headers);
        BinaryPrimitives.WriteUInt64LittleEndian(image[32..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(image[52..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(image[54..], SegmentSize);
        BinaryPrimitives.WriteUInt16LittleEndian(image[56..], data == 0 ? (ushort)1 : (ushort)2);
        const uint ReadAndExecute = 5;
        const uint ReadAndWrite = 6;
        WriteSegment(image[64..], ReadAndExecute, Base, (ulong)image.Length);
        if (data != 0)
        {
            WriteSegment(image[HeaderSize..], ReadAndWrite, data, (ulong)image.Length);
        }
    }

    private static void WriteSegment(Span<byte> segment, uint rights, ulong address, ulong length)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1); // PT_LOAD
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], rights);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], 0x10000); // arm64 kernels with 64 KiB pages
    }

    private static void Patch(Span<byte> image, uint mark, int value)
    {
        Span<byte> pattern = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(pattern, mark);
        for (int at = HeaderSize; ; )
        {
            int found = image[at..].IndexOf(pattern);
            if (found < 0)
            {
                return;
            }
            BinaryPrimitives.WriteInt32LittleEndian(image[(at + found)..], value);
            at += found + 4;
        }
    }
}
