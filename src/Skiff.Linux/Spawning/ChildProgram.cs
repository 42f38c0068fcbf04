using System.Runtime.InteropServices;

namespace Skiff.Linux.Spawning;

/// <summary>
/// What a new process does between clone3(2) and execve(2): an array of system calls, built and checked here in ordinary C#, run there by
/// <see cref="Spawn"/>'s interpreter, which allocates nothing. Running managed code in a forked child is unsupported in .NET (dotnet/coreclr#23482).
/// </summary>
/// <remarks>All memory that the child touches belongs to this object and lives outside the garbage collector's heap until it is disposed.</remarks>
public sealed unsafe partial class ChildProgram : IDisposable
{
    /// <summary>Instructions for which <see cref="Reserve"/> asks the kernel: what one program leaves the next one gets, or the end of the process takes, which costs less than to give it back.</summary>
    public const int LargeRoom = 4096;

    private const int ArenaBlock = 32 << 10;
    private static nint s_spare;

    private readonly List<nint> _blocks = [];
    private readonly Dictionary<nint, string> _names = [];
    private Instruction* _code;
    private int _capacity;
    private byte* _free;
    private int _left;
    private int _count;

    /// <summary>Number of instructions so far: the index of the next one.</summary>
    public int Count => _count;

    /// <summary>Instructions for which there is room without moving those that are there.</summary>
    public int Capacity => _capacity;

    /// <summary>Makes room: a program that grows while it runs must not move. Pages that are not written cost nothing.</summary>
    public void Reserve(int instructions)
    {
        if (instructions == LargeRoom && _code == null && Interlocked.Exchange(ref s_spare, 0) is not 0 and nint spare)
        {
            _code = (Instruction*)spare;
            _capacity = LargeRoom;
        }
        if (instructions > _capacity)
        {
            _capacity = instructions;
            _code = (Instruction*)NativeMemory.Realloc(_code, (nuint)(_capacity * sizeof(Instruction)));
        }
    }

    /// <summary>Adds a system call.</summary>
    /// <returns>A place where its result is kept; use it as an argument of later calls.</returns>
    public Result Call(
        int number,
        Operand a = default,
        Operand b = default,
        Operand c = default,
        Operand d = default,
        Operand e = default,
        Operand f = default
    )
    {
        ref Instruction i = ref Next(InstructionKind.Call);
        i.Number = number;
        i.A = a.Value;
        i.B = b.Value;
        i.C = c.Value;
        i.D = d.Value;
        i.E = e.Value;
        i.F = f.Value;
        i.Indirect =
            (a.IsResult ? 1u : 0)
            | (b.IsResult ? 2u : 0)
            | (c.IsResult ? 4u : 0)
            | (d.IsResult ? 8u : 0)
            | (e.IsResult ? 16u : 0)
            | (f.IsResult ? 32u : 0);
        nint* result = (nint*)Allocate(sizeof(nint));
        i.Result = result;
        return new Result((nint)result);
    }

    /// <summary>What a call has returned, once it has run in this process or in one that shares its memory.</summary>
    public nint ValueOf(Result result) => Volatile.Read(ref *(nint*)result.Address);

    /// <summary>Stores the last call's result at <paramref name="address"/> of the program's memory: an argument that a structure carries.</summary>
    public void StoreInto(Result result, nint address)
    {
        _code[_count - 1].Result = (nint*)address;
        _ = result;
    }

    /// <summary>The last call may fail with this errno and the program goes on, skipping <paramref name="skip"/> instructions.</summary>
    public ChildProgram Tolerate(int errno, int skip = 0)
    {
        ref Instruction i = ref _code[_count - 1];
        if (i.Tolerated == 0)
        {
            i.Tolerated = errno;
        }
        else
        {
            i.Tolerated2 = errno;
        }
        i.Skip = skip;
        return this;
    }

    /// <summary>The last call may fail with any errno.</summary>
    public ChildProgram TolerateAll(int skip = 0) => Tolerate(-1, skip);

    /// <summary>A jump, to be aimed with <see cref="SkipToHere"/>: a call that always fails and is tolerated.</summary>
    public int Jump()
    {
        Call(SyscallNumber.close, -1);
        Tolerate(Errno.EBADF);
        return _count - 1;
    }

    /// <summary>Sets how many instructions a tolerated failure of instruction <paramref name="index"/> skips, once they are known: everything up to here.</summary>
    public void SkipToHere(int index) => _code[index].Skip = _count - index - 1;

    /// <summary>The last call must return at least this much.</summary>
    public ChildProgram AtLeast(nint minimum)
    {
        _code[_count - 1].Minimum = minimum;
        return this;
    }

    /// <summary>Fails with <paramref name="errno"/> unless the 64 bits at <paramref name="address"/>, masked, equal <paramref name="value"/>: is this really procfs, is this /dev/null 1:3?</summary>
    public void Require(nint address, nint mask, nint value, int errno)
    {
        ref Instruction i = ref Next(InstructionKind.Require);
        i.Number = address;
        i.A = mask;
        i.B = value;
        i.C = errno;
    }

    /// <summary>Makes a further process: see <see cref="Spawn.Embed"/>.</summary>
    internal Result Bear(nint entry, nint arguments, nint size, nint argument)
    {
        ref Instruction i = ref Next(InstructionKind.Bear);
        i.Number = entry;
        i.A = arguments;
        i.B = size;
        i.C = argument;
        nint* result = (nint*)Allocate(sizeof(nint));
        i.Result = result;
        return new Result((nint)result);
    }

    /// <summary>Waits for descriptors that the parent hands over (<see cref="ReportChannel.Hand"/>), close-on-exec; the end of the channel, when the parent has died, ends the program.</summary>
    /// <param name="socket">The channel.</param>
    /// <param name="most">How many it may be.</param>
    /// <returns>The places of so many; what is in those that are not filled is no descriptor.</returns>
    public Result[] Receive(Operand socket, int most)
    {
        const int MSG_CMSG_CLOEXEC = 0x40000000;
        const int ControlHeader = 16; // struct cmsghdr
        int size = (ControlHeader + (most * sizeof(int)) + 7) & ~7;
        nint* control = (nint*)Allocate(size);
        nint* vector = (nint*)Allocate(2 * sizeof(nint));
        vector[0] = (nint)Allocate(1);
        vector[1] = 1;
        nint* header = (nint*)Allocate(7 * sizeof(nint));
        header[2] = (nint)vector;
        header[3] = 1;
        header[4] = (nint)control;
        header[5] = size;
        Call(SyscallNumber.recvmsg, socket, (nint)header, MSG_CMSG_CLOEXEC);
        AtLeast(1);
        Result[] places = new Result[most];
        for (int i = 0; i < most; i++)
        {
            places[i] = Result.OfInt((nint)control + ControlHeader + (i * sizeof(int)));
        }
        return places;
    }

    /// <summary>Closes every descriptor from <paramref name="first"/> on but some.</summary>
    /// <param name="first">The lowest one.</param>
    /// <param name="kept">Those that stay, in any order; they are sorted. What is below the first one is of no account.</param>
    public void CloseOthers(int first, Span<int> kept)
    {
        kept.Sort();
        foreach (int descriptor in kept)
        {
            if (descriptor > first)
            {
                Call(SyscallNumber.close_range, first, descriptor - 1, 0);
            }
            first = Math.Max(first, descriptor + 1);
        }
        Call(SyscallNumber.close_range, first, unchecked((nint)uint.MaxValue), 0);
    }

    /// <summary>Reads one byte from <paramref name="fd"/>; the end of the file, when the parent has died, ends the program.</summary>
    public void Wait(Operand fd)
    {
        Call(SyscallNumber.read, fd, (nint)Allocate(8), 1);
        AtLeast(1);
    }

    /// <summary>Copies bytes into the program's memory.</summary>
    public nint Bytes(ReadOnlySpan<byte> bytes)
    {
        byte* p = Allocate(Math.Max(bytes.Length, 1));
        bytes.CopyTo(new Span<byte>(p, bytes.Length));
        return (nint)p;
    }

    /// <summary>Copies a string into the program's memory, as zero-terminated UTF-8.</summary>
    public nint Text(string text)
    {
        if (text.Contains('\0'))
        {
            throw new ArgumentException("the text contains a zero byte", nameof(text));
        }
        int length = System.Text.Encoding.UTF8.GetByteCount(text);
        byte* p = Allocate(length + 1);
        System.Text.Encoding.UTF8.GetBytes(text, new Span<byte>(p, length));
        p[length] = 0;
        return (nint)p;
    }

    /// <summary>A zero-terminated array of pointers to strings, as execve(2) takes it.</summary>
    public nint TextArray(params ReadOnlySpan<string> texts)
    {
        nint* p = (nint*)Allocate((texts.Length + 1) * sizeof(nint));
        for (int i = 0; i < texts.Length; i++)
        {
            p[i] = Text(texts[i]);
        }
        p[texts.Length] = 0;
        return (nint)p;
    }

    /// <summary>Zeroed memory, 16-byte aligned, for buffers and structures.</summary>
    public nint Memory(int bytes) => (nint)Allocate(bytes);

    /// <summary>Gives a result or a descriptor number a name for the disassembly: <c>rootfs</c> instead of <c>r12</c>.</summary>
    public Result Name(Result result, string name)
    {
        _names[result.Address] = name;
        return result;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (nint block in _blocks)
        {
            NativeMemory.Free((void*)block);
        }
        _blocks.Clear();
        if (_capacity < LargeRoom || Interlocked.CompareExchange(ref s_spare, (nint)_code, 0) != 0)
        {
            NativeMemory.Free(_code);
        }
        _code = null;
        _capacity = 0;
        _left = 0;
        _count = 0;
    }

    /// <summary>The instructions in unmanaged memory, as the interpreter reads them.</summary>
    internal Instruction* Code => _code;

    internal byte* Allocate(int bytes)
    {
        bytes = (bytes + 15) & ~15;
        if (bytes > _left)
        {
            int size = Math.Max(bytes, ArenaBlock);
            byte* block = (byte*)NativeMemory.AllocZeroed((nuint)size);
            _blocks.Add((nint)block);
            if (size > ArenaBlock)
            {
                return block;
            }
            _free = block;
            _left = size;
        }
        byte* p = _free;
        _free += bytes;
        _left -= bytes;
        return p;
    }

    private ref Instruction Next(InstructionKind kind)
    {
        if (_count == _capacity)
        {
            Reserve(Math.Max(_capacity * 2, 512)); // enough for a container without extras
        }
        ref Instruction i = ref _code[_count++];
        i = default;
        i.Kind = kind;
        return ref i;
    }
}
