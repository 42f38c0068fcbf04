using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Skiff.Linux.Spawning;

/// <summary>
/// System calls that a process makes before it executes a program, with nothing else in its memory: with one thread only it may change its user namespace (setns(2)), and it can wait for long at next to no cost.
/// It stays the same process, with its number, parent, terminal and descriptors; what makes the calls in between is a scrap of machine code in memory, as the trampoline of a container is.
/// </summary>
public sealed unsafe class CallList
{
    private const ulong DataBase = 0x10000000; // the same bytes once more, to be written by the calls
    private const int CodeStart = TrampolineImage.HeaderSize + TrampolineImage.SegmentSize;
    private const uint ListMark = 0x11223344;
    private const int EntryWords = 9;
    private const int AT_EMPTY_PATH = 0x1000;
    private readonly List<(long[] Words, string Sentence)> _entries = [];
    private readonly List<byte> _data = [];

    /// <summary>Adds a call.</summary>
    /// <param name="sentence">What is said on standard error when it fails, which ends the process with 125; empty where a failure does not matter.</param>
    /// <param name="number">Its number.</param>
    /// <param name="arguments">Its arguments; memory is named by <see cref="Memory"/>.</param>
    public void Add(string sentence, int number, params ReadOnlySpan<long> arguments)
    {
        long[] words = new long[EntryWords];
        words[0] = number;
        arguments.CopyTo(words.AsSpan(1));
        _entries.Add((words, sentence));
    }

    /// <summary>Puts bytes where the calls can read and write them; their address there.</summary>
    public long Memory(ReadOnlySpan<byte> bytes)
    {
        while (_data.Count % 8 != 0)
        {
            _data.Add(0);
        }
        long address = (long)DataBase + CodeStart + CodeRoom + _data.Count;
        _data.AddRange(bytes);
        return address;
    }

    /// <summary>Makes the calls and executes the program; returns only by an exception, when this process could not begin with it.</summary>
    /// <param name="path">The program.</param>
    /// <param name="arguments">Its arguments, its name first, each ended by a zero.</param>
    /// <param name="environment">Its environment, likewise.</param>
    /// <param name="inherited">Descriptors that the calls use, and that are open until they close them.</param>
    /// <exception cref="LinuxException">The kernel refuses the file in memory.</exception>
    public LinuxException Execute(string path, byte[] arguments, byte[] environment, params ReadOnlySpan<int> inherited)
    {
        const int F_SETFD = 2;
        using SafeFd image = Open(path, $"skiff: {path} cannot be executed in the user namespace\n");
        foreach (int descriptor in inherited)
        {
            _ = Libc.fcntl(descriptor, F_SETFD, 0);
        }
        fixed (byte* empty = "\0"u8)
        fixed (byte* a = arguments)
        fixed (byte* e = environment)
        fixed (nint* argv = ReadOnlySelf.Pointers(arguments, a))
        fixed (nint* envp = ReadOnlySelf.Pointers(environment, e))
        {
            _ = Libc.syscall(SyscallNumber.execveat, image.Value, (nint)empty, (nint)argv, (nint)envp, AT_EMPTY_PATH, 0);
        }
        return LinuxException.Last("execveat", path);
    }

    /// <summary>A program in memory that makes the calls and executes another with its own arguments and environment; for execveat(2). Close-on-exec.</summary>
    /// <param name="path">The other program.</param>
    /// <param name="sentence">What is said on standard error when that cannot be executed, which ends the process with 125.</param>
    /// <exception cref="LinuxException">The kernel refuses the file in memory.</exception>
    public SafeFd Open(string path, string sentence) => TrampolineImage.Open(Build(path, sentence, RuntimeInformation.ProcessArchitecture));

    /// <summary>The ELF file: header, machine code, the memory of the calls, and the list with its texts.</summary>
    internal byte[] Build(string path, string sentence, Architecture architecture)
    {
        bool arm = architecture == Architecture.Arm64;
        ReadOnlySpan<byte> code = arm ? MachineCode.CallsArm64 : MachineCode.CallsX64;
        long[] last = new long[EntryWords];
        last[0] = -1;
        last[1] = Memory(CString.Encode(path));
        List<(long[] Words, string Sentence)> all = [.. _entries, (last, sentence)];
        foreach ((long[] words, string said) in all)
        {
            byte[] text = Encoding.UTF8.GetBytes(said);
            words[7] = Memory(text);
            words[8] = text.Length;
        }
        long list = Memory([]);
        byte[] image = new byte[list - (long)DataBase + (all.Count * EntryWords * sizeof(long))];
        TrampolineImage.WriteHeader(image, arm, DataBase);
        Span<byte> room = image.AsSpan(CodeStart);
        code.CopyTo(room);
        Span<byte> mark = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(mark, ListMark);
        BinaryPrimitives.WriteUInt32LittleEndian(room[room.IndexOf(mark)..], (uint)list);
        CollectionsMarshal.AsSpan(_data).CopyTo(room[CodeRoom..]);
        Span<byte> place = image.AsSpan((int)(list - (long)DataBase));
        foreach ((long[] words, _) in all)
        {
            foreach (long word in words)
            {
                BinaryPrimitives.WriteInt64LittleEndian(place, word);
                place = place[sizeof(long)..];
            }
        }
        return image;
    }

    // enough for either machine's code, and a multiple of eight
    private const int CodeRoom = 136;
}
