using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace Skiff.SystemTests.Fixture;

/// <summary>A program on a terminal of its own, as a person would have it: the test reads the screen's bytes and types.</summary>
internal sealed unsafe class Pty : IDisposable
{
    private readonly int _master;
    private readonly int _pid;
    private readonly ByteLog _screen = new();
    private readonly Thread _reader;
    private readonly Thread _waiter;
    private volatile int _status = -1;
    private volatile bool _exited;

    private Pty(int master, int pid)
    {
        _master = master;
        _pid = pid;
        _reader = new Thread(Read) { IsBackground = true };
        _waiter = new Thread(WaitForChild) { IsBackground = true };
        _reader.Start();
        _waiter.Start();
    }

    public int Pid => _pid;

    /// <summary>Whether the program has switched the terminal to raw mode.</summary>
    public bool IsRaw
    {
        get
        {
            const uint ICANON = 2;
            uint* termios = stackalloc uint[16]; // the third flags of struct termios are the local ones; the master answers for the other side
            return Native.ioctl(_master, Native.TCGETS, termios) == 0 && (termios[3] & ICANON) == 0;
        }
    }

    /// <summary>Everything the terminal has shown until now.</summary>
    public string Screen => _screen.ToString();

    /// <summary>Starts a program as the leader of a session whose controlling terminal is a new pty.</summary>
    public static Pty Start(string[] command, int rows = 24, int columns = 80)
    {
        int master = Native.Check(Native.open("/dev/ptmx", Native.O_RDWR | Native.O_NOCTTY | Native.O_CLOEXEC), "open /dev/ptmx");
        int unlocked = 0;
        uint number = 0;
        Native.Check(Native.ioctl(master, Native.TIOCSPTLCK, &unlocked), "TIOCSPTLCK");
        Native.Check(Native.ioctl(master, Native.TIOCGPTN, &number), "TIOCGPTN");
        SetSize(master, rows, columns);
        return new Pty(master, Spawn(command, $"/dev/pts/{number}"));
    }

    public void Type(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* p = bytes)
        {
            Native.Check((int)Native.write(_master, p, bytes.Length), "write to the terminal");
        }
    }

    public void Resize(int rows, int columns) => SetSize(_master, rows, columns);

    public void Signal(int signal) => _ = Native.kill(_pid, signal);

    /// <summary>Waits until the terminal has shown a text.</summary>
    public void WaitFor(string text, int seconds = 20) =>
        Wait.Until(() => Screen.Contains(text, StringComparison.Ordinal), seconds, () => $"'{text}' is not on the terminal:\n{Screen}");

    /// <summary>Waits for the end; the exit code, or 128 + signal.</summary>
    public int WaitForExit(int seconds = 30)
    {
        if (!_waiter.Join(TimeSpan.FromSeconds(seconds)))
        {
            Assert.Fail($"still running after {seconds} s; the terminal shows:\n{Screen}");
        }
        _reader.Join(TimeSpan.FromSeconds(5));
        return (_status & 0x7f) == 0 ? (_status >> 8) & 0xff : 128 + (_status & 0x7f);
    }

    public void Dispose()
    {
        if (!_exited)
        {
            Signal(Native.SIGKILL);
            _waiter.Join(TimeSpan.FromSeconds(5));
        }
        _ = Native.close(_master);
    }

    private static void SetSize(int fd, int rows, int columns)
    {
        var size = new Native.WinSize { Rows = (ushort)rows, Columns = (ushort)columns };
        Native.Check(Native.ioctl(fd, Native.TIOCSWINSZ, &size), "TIOCSWINSZ");
    }

    private static int Spawn(string[] command, string terminal)
    {
        // posix_spawn makes the session first and opens the files then: the opened pty becomes the controlling terminal (posix_spawn(3)).
        byte* actions = stackalloc byte[256];
        byte* attributes = stackalloc byte[512];
        _ = Native.posix_spawn_file_actions_init(actions);
        _ = Native.posix_spawnattr_init(attributes);
        _ = Native.posix_spawnattr_setflags(attributes, Native.POSIX_SPAWN_SETSID);
        byte* path = Utf8(terminal);
        _ = Native.posix_spawn_file_actions_addopen(actions, 0, path, Native.O_RDWR, 0);
        _ = Native.posix_spawn_file_actions_adddup2(actions, 0, 1);
        _ = Native.posix_spawn_file_actions_adddup2(actions, 0, 2);
        string[] environment =
        [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=/root",
            "TERM=xterm",
            "LANG=C.UTF-8",
        ];
        byte** argv = Vector(command);
        byte** envp = Vector(environment);
        int pid;
        int error = Native.posix_spawnp(&pid, argv[0], actions, attributes, argv, envp);
        _ = Native.posix_spawn_file_actions_destroy(actions);
        _ = Native.posix_spawnattr_destroy(attributes);
        Free(argv, command.Length);
        Free(envp, environment.Length);
        NativeMemory.Free(path);
        return error == 0 ? pid : throw new InvalidOperationException($"posix_spawnp {command[0]}: errno {error}");
    }

    private static byte* Utf8(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        byte* p = (byte*)NativeMemory.AllocZeroed((nuint)length + 1);
        Encoding.UTF8.GetBytes(text, new Span<byte>(p, length));
        return p;
    }

    private static byte** Vector(string[] words)
    {
        byte** vector = (byte**)NativeMemory.AllocZeroed((nuint)words.Length + 1, (nuint)sizeof(byte*));
        for (int i = 0; i < words.Length; i++)
        {
            vector[i] = Utf8(words[i]);
        }
        return vector;
    }

    private static void Free(byte** vector, int count)
    {
        for (int i = 0; i < count; i++)
        {
            NativeMemory.Free(vector[i]);
        }
        NativeMemory.Free(vector);
    }

    private void Read()
    {
        byte* buffer = (byte*)NativeMemory.Alloc(4096);
        nint n;
        // The master reads EIO once the last holder of the slave has gone.
        while ((n = Native.read(_master, buffer, 4096)) > 0)
        {
            _screen.Append(new ReadOnlySpan<byte>(buffer, (int)n));
        }
        NativeMemory.Free(buffer);
    }

    private void WaitForChild()
    {
        int status;
        while (Native.waitpid(_pid, &status, 0) < 0 && Marshal.GetLastPInvokeError() == 4) { }
        _status = status;
        _exited = true;
    }
}
