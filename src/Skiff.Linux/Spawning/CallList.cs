using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Skiff.Linux.Spawning;

/// <summary>
/// System calls that this process makes with all of its threads but one gone, before it executes a program: only so may it change its user namespace, setns(2). It stays the same process,
/// with its number, parent, terminal and descriptors; what makes the calls in between is a scrap of machine code in memory, as the trampoline of a container is.
/// </summary>
public sealed unsafe class CallList
{
    private const ulong Base = 0x400000;
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

    /// <summary>Puts bytes where the calls can read them; their address there.</summary>
    public long Memory(ReadOnlySpan<byte> bytes)
    {
        while (_data.Count % 8 != 0)
        {
            _data.Add(0);
        }
        long address = (long)Base + TrampolineImage.HeaderSize + CodeRoom + _data.Count;
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
        using SafeFd image = TrampolineImage.Open(Build(path, RuntimeInformation.ProcessArchitecture));
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

    /// <summary>The ELF file: header, machine code, the memory of the calls, and the list with its texts.</summary>
    internal byte[] Build(string path, Architecture architecture)
    {
        bool arm = architecture == Architecture.Arm64;
        ReadOnlySpan<byte> code = arm ? MachineCode.CallsArm64 : MachineCode.CallsX64;
        long[] last = new long[EntryWords];
        last[0] = -1;
        last[1] = Memory(CString.Encode(path));
        List<(long[] Words, string Sentence)> all = [.. _entries, (last, $"skiff: {path} cannot be executed in the user namespace\n")];
        foreach ((long[] words, string sentence) in all)
        {
            byte[] text = Encoding.UTF8.GetBytes(sentence);
            words[7] = Memory(text);
            words[8] = text.Length;
        }
        long list = Memory([]);
        byte[] image = new byte[list - (long)Base + (all.Count * EntryWords * sizeof(long))];
        TrampolineImage.WriteHeader(image, arm);
        Span<byte> room = image.AsSpan(TrampolineImage.HeaderSize);
        code.CopyTo(room);
        Span<byte> mark = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(mark, ListMark);
        BinaryPrimitives.WriteUInt32LittleEndian(room[room.IndexOf(mark)..], (uint)list);
        CollectionsMarshal.AsSpan(_data).CopyTo(room[CodeRoom..]);
        Span<byte> place = image.AsSpan((int)(list - (long)Base));
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
