using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Skiff.Linux.Spawning;

/// <summary>A process of ours that began before the runtime was there: it is in namespaces that take the kernel longest to make, for others to enter, and makes directories while the engine goes on.
/// <c>run</c> has one, on a host with two processors or more. See docs/decisions/021 and <c>head-start.c</c>.</summary>
public sealed unsafe partial class HeadStart : IDisposable
{
    /// <summary>What it makes. The mount namespace is not among them: that takes a tenth of the time, and must belong to the container's own process.</summary>
    public const CloneFlags Namespaces = CloneFlags.CLONE_NEWNET | CloneFlags.CLONE_NEWIPC | CloneFlags.CLONE_NEWUTS;

    private const nint FUTEX_WAIT = 0;
    private const nint FUTEX_WAKE = 1;
    private const int ExampleDescriptor = -32;
    private const int ExampleNews = -33;
    private static readonly int s_room = (16 << 10) - sizeof(Shared);
    private static bool s_taken;
    private readonly Shared* _shared;
    private readonly Pidfd? _process;

    private HeadStart(Shared* shared, Pidfd? process)
    {
        _shared = shared;
        _process = process;
    }

    /// <summary>The process, for whoever asks first and then answers for it; null where there is none or these are not the namespaces that are wanted.</summary>
    /// <param name="wanted">The namespaces that the container gets anew.</param>
    public static HeadStart? Take(CloneFlags wanted)
    {
        if (s_taken || RuntimeFeature.IsDynamicCodeCompiled)
        {
            return null;
        }
        s_taken = true;
        Shared* shared = skiff_head_start();
        if (shared == null || shared->Pid == 0)
        {
            return null;
        }
        HeadStart taken = new(shared, new Pidfd(new SafeFd(shared->Pidfd)));
        if ((wanted & Namespaces) == Namespaces)
        {
            return taken;
        }
        taken.Dispose();
        return null;
    }

    /// <summary>Ends it, if it is there and nobody has taken it.</summary>
    public static void Dismiss() => _ = Take(CloneFlags.None);

    /// <summary>One that only stands for what <see cref="Take"/> gives, in a plan that is explained; null where that would be nothing.</summary>
    /// <param name="wanted">The namespaces that the container gets anew.</param>
    public static HeadStart? Example(CloneFlags wanted) =>
        (wanted & Namespaces) == Namespaces
            ? new HeadStart((Shared*)NativeMemory.AllocZeroed((nuint)(sizeof(Shared) + s_room)), null)
            : null;

    /// <summary>The process, as a descriptor that setns(2) takes (pidfd, Linux 5.8).</summary>
    public int Descriptor => _process?.Fd.Value ?? ExampleDescriptor;

    /// <summary>A pipe with a byte when the namespaces are made, and one for each job that is done; its end when the process has ended, as it does when it cannot make them.</summary>
    public int News => _process is null ? ExampleNews : _shared->News;

    /// <summary>Address of the errno of the first call of a job that failed, 0 for none, once it is done.</summary>
    public nint JobFailure => (nint)(&_shared->Failed);

    /// <summary>Writes down a job: directories to be made, with mode 0755. One that is there is as good, a missing parent is made first. False when there is no room for so much.</summary>
    /// <param name="directories">Absolute paths.</param>
    public bool TryPrepare(IReadOnlyList<string> directories)
    {
        Span<byte> room = new(_shared + 1, s_room);
        foreach (string path in directories)
        {
            if (!Encoding.UTF8.TryGetBytes(path, room, out int length) || length == room.Length)
            {
                return false;
            }
            room[length] = 0;
            room = room[(length + 1)..];
        }
        _shared->Paths = directories.Count;
        return true;
    }

    /// <summary>Lets it do what is prepared, on another processor than this thread's.</summary>
    /// <param name="held">A lock of this process that it holds as well from then on: what the lock guards may change until both have ended. Null for none.</param>
    public void Give(SafeFd? held)
    {
        ProcessorMask.Separate(_shared->Pid);
        Go(held?.Value ?? -1, last: false);
    }

    /// <summary>Ends it, if it is there, and waits for that; what was given is done before, and who is in its namespaces keeps them.</summary>
    public void Dispose()
    {
        if (_process is null)
        {
            NativeMemory.Free(_shared);
        }
        else if (_shared->Pid > 0)
        {
            Await();
            ProcessorMask.Join(_shared->Pid);
            _shared->Paths = 0;
            Go(held: -1, last: true);
            _ = _process.Wait();
            _process.Dispose();
            _ = RawCall.Invoke(SyscallNumber.close, _shared->News);
            _shared->Pid = 0; // nobody looks for it at the end of this process
        }
    }

    /// <summary>Waits until what was given is done, unless somebody else has ended it.</summary>
    private void Await()
    {
        int done;
        while ((done = Volatile.Read(ref _shared->Done)) != _shared->Given && !_process!.WaitReadable(0))
        {
            TimeSpec patience = new() { Nanoseconds = 100_000_000 };
            _ = RawCall.Invoke(SyscallNumber.futex, (nint)(&_shared->Done), FUTEX_WAIT, done, (nint)(&patience));
        }
    }

    private void Go(int held, bool last)
    {
        _shared->Held = held;
        _shared->Last = last ? 1 : 0;
        Volatile.Write(ref _shared->Given, _shared->Given + 1);
        _ = RawCall.Invoke(SyscallNumber.futex, (nint)(&_shared->Given), FUTEX_WAKE, 1);
    }

    [LibraryImport("native")]
    [SuppressGCTransition]
    private static partial Shared* skiff_head_start();

    /// <summary>What both processes see: <c>head-start.c</c> has the same, followed by paths.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Shared
    {
        internal int Given,
            Done,
            Failed,
            Pid,
            Pidfd,
            News,
            Held,
            Last,
            Paths;
    }
}
