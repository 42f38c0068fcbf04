using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Skiff.Linux.FileTree;

namespace Skiff.Linux.Terminal;

/// <summary>Signals as bytes in a pipe, for a synchronous poll loop.</summary>
/// <remarks>
/// signalfd(2) needs the signals blocked in every thread; a process that has but one may block them for all that it will have (<see cref="OpenAlone"/>). Otherwise there is a handler. A managed one may interrupt a
/// thread in any state, which the runtime does not allow; its PosixSignalRegistration starts a thread and takes over the terminal. So the handler
/// is a dozen machine instructions of our own: write(pipe, &amp;signal, 1) and return. A child made with CLONE_CLEAR_SIGHAND, or that has
/// executed another program, does not have it any more.
/// </remarks>
public sealed unsafe class SignalPipe : IDisposable
{
    private const int PROT_READ = 1;
    private const int PROT_WRITE = 2;
    private const int PROT_EXEC = 4;
    private const int MAP_PRIVATE = 2;
    private const int MAP_ANONYMOUS = 0x20;
    private const ulong SA_RESTART = 0x10000000;
    private const nuint PageSize = 4096;

    private readonly SafeFd? _write;
    private readonly ulong _maskBefore;
    private readonly List<(int Signal, SignalAction Old)> _installed = [];

    private SignalPipe(SafeFd read, SafeFd write)
    {
        Fd = read;
        _write = write;
    }

    private SignalPipe(SafeFd signals, ulong maskBefore)
    {
        Fd = signals;
        _maskBefore = maskBefore;
    }

    /// <summary>Readable while signals wait; non-blocking.</summary>
    public SafeFd Fd { get; }

    /// <summary>Redirects the signals (not SIGKILL or SIGSTOP) into a new pipe.</summary>
    public static SignalPipe Open(params ReadOnlySpan<int> signals)
    {
        int* fds = stackalloc int[2];
        if (Libc.pipe2(fds, OpenFlags.O_CLOEXEC | OpenFlags.O_NONBLOCK) != 0)
        {
            throw LinuxException.Last("pipe2", "");
        }
        SignalPipe pipe = new(new SafeFd(fds[0]), new SafeFd(fds[1]));
        SignalAction action = new() { Handler = MapHandler(fds[1]), Flags = (int)SA_RESTART };
        foreach (int signal in signals)
        {
            SignalAction old;
            if (Libc.sigaction(signal, &action, &old) != 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                pipe.Dispose();
                throw new LinuxException("sigaction", Signals.Name(signal), errno);
            }
            pipe._installed.Add((signal, old));
        }
        return pipe;
    }

    /// <summary>The same for the first thread of a process that has no other, in two system calls instead of one for each signal; with other threads it is <see cref="Open"/>.
    /// Children must set their own mask, as all of <see cref="Spawning.Spawn"/> do. There is no <see cref="Wake"/>.</summary>
    public static SignalPipe OpenAlone(params ReadOnlySpan<int> signals)
    {
        const int SIG_BLOCK = 0;
        const int SFD_CLOEXEC_NONBLOCK = OpenFlags.O_CLOEXEC | OpenFlags.O_NONBLOCK;
        if (!HasOneThread())
        {
            return Open(signals);
        }
        ulong mask = 0;
        ulong before = 0;
        foreach (int signal in signals)
        {
            mask |= 1UL << (signal - 1);
        }
        _ = RawCall.Invoke(SyscallNumber.rt_sigprocmask, SIG_BLOCK, (nint)(&mask), (nint)(&before), sizeof(ulong));
        nint fd = RawCall.Invoke(SyscallNumber.signalfd4, -1, (nint)(&mask), sizeof(ulong), SFD_CLOEXEC_NONBLOCK);
        if (fd >= 0)
        {
            return new SignalPipe(new SafeFd((int)fd), before);
        }
        LinuxException refused = LinuxException.Last("signalfd", "");
        SetMask(before);
        throw refused;
    }

    /// <summary>The next signal that waits; false if none does.</summary>
    public bool TryRead(out int signal)
    {
        if (_write is null)
        {
            const int SizeOfInfo = 128; // struct signalfd_siginfo begins with the number
            int* info = stackalloc int[SizeOfInfo / sizeof(int)];
            bool some = Libc.read(Fd.Value, (byte*)info, SizeOfInfo) == SizeOfInfo;
            signal = some ? info[0] : 0;
            return some;
        }
        byte b = 0;
        bool read = Libc.read(Fd.Value, &b, 1) == 1;
        signal = b;
        return read;
    }

    /// <summary>Makes <see cref="TryRead"/> give the signal 0, so that a thread that waits finds out that it need not.</summary>
    public void Wake()
    {
        byte b = 0;
        _ = Libc.write(_write!.Value, &b, 1);
    }

    /// <summary>Gives the signals their old treatment back. The handler's page stays: another thread may be in it.</summary>
    public void Dispose()
    {
        foreach ((int signal, SignalAction old) in _installed)
        {
            SignalAction action = old;
            _ = Libc.sigaction(signal, &action, null);
        }
        _installed.Clear();
        if (_write is null)
        {
            SetMask(_maskBefore);
        }
        _write?.Dispose();
        Fd.Dispose();
    }

    private static void SetMask(ulong mask)
    {
        const int SIG_SETMASK = 2;
        _ = RawCall.Invoke(SyscallNumber.rt_sigprocmask, SIG_SETMASK, (nint)(&mask), 0, sizeof(ulong));
    }

    /// <summary>proc(5): the links of /proc/self/task are its directories, one for each thread, and two more.</summary>
    private static bool HasOneThread() => At.Stat(Files.AtCwd, "/proc/self/task\0"u8, out StatxBuffer stat) == 0 && stat.Links == 3;

    private static nint MapHandler(int fd)
    {
        nint page = Libc.mmap(0, PageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == -1)
        {
            throw LinuxException.Last("mmap", "");
        }
        Code(fd, RuntimeInformation.ProcessArchitecture).CopyTo(new Span<byte>((void*)page, 64));
        return Libc.mprotect(page, PageSize, PROT_READ | PROT_EXEC) == 0 ? page : throw LinuxException.Last("mprotect", "");
    }

    /// <summary>The handler: <c>void handler(int signal) { write(fd, &amp;signal, 1); }</c> by system call, so that errno is not touched.</summary>
    internal static byte[] Code(int fd, Architecture architecture)
    {
        if (architecture == Architecture.Arm64)
        {
            uint[] words =
            [
                0xF81F0FE0, // str x0, [sp, #-16]!
                0x52800000 | ((uint)fd << 5), // movz w0, #fd
                0x910003E1, // mov x1, sp
                0xD2800022, // mov x2, #1
                0xD2800808, // mov x8, #64 (write)
                0xD4000001, // svc #0
                0xF84107E0, // ldr x0, [sp], #16
                0xD65F03C0, // ret
            ];
            byte[] arm = new byte[words.Length * 4];
            for (int i = 0; i < words.Length; i++)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(arm.AsSpan(i * 4), words[i]);
            }
            return arm;
        }
        byte[] code =
        [
            0xF3,
            0x0F,
            0x1E,
            0xFA, // endbr64
            0x57, // push rdi
            0xB8,
            1,
            0,
            0,
            0, // mov eax, 1 (write)
            0xBF,
            0,
            0,
            0,
            0, // mov edi, fd
            0x48,
            0x89,
            0xE6, // mov rsi, rsp
            0xBA,
            1,
            0,
            0,
            0, // mov edx, 1
            0x0F,
            0x05, // syscall
            0x5F, // pop rdi
            0xC3, // ret
        ];
        BinaryPrimitives.WriteInt32LittleEndian(code.AsSpan(11), fd);
        return code;
    }
}

/// <summary>The C library's struct sigaction of 64-bit Linux; it fills in the restorer itself.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SignalAction
{
    internal nint Handler;
    internal fixed ulong Mask[16];
    internal int Flags;
    internal nint Restorer;
}
