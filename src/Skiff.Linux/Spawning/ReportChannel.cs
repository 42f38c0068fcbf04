using System.Runtime.InteropServices;

namespace Skiff.Linux.Spawning;

/// <summary>A socket pair between parent and child: the child reports a failure as (index, errno) and waits for single bytes; its end, when the target runs, is the sign of success.</summary>
public sealed unsafe class ReportChannel : IDisposable
{
    private readonly SafeFd _parent;
    private SafeFd? _child;

    /// <summary>Makes the pair.</summary>
    public ReportChannel()
    {
        int* fds = stackalloc int[2];
        if (Libc.syscall(SyscallNumber.socketpair, 1, 1 | 0x80000, 0, (nint)fds, 0, 0) != 0)
        {
            throw LinuxException.Last("socketpair", "");
        }
        _parent = new SafeFd(fds[0]);
        _child = new SafeFd(fds[1]);
        ChildValue = fds[1];
    }

    /// <summary>The child's descriptor number, for the program and the trampoline.</summary>
    public int ChildValue { get; }

    /// <summary>The parent's end.</summary>
    public SafeFd Parent => _parent;

    /// <summary>Lets a child that waits go on.</summary>
    public void Release()
    {
        Span<byte> one = [1];
        // MSG_NOSIGNAL; a child that has died is seen by its report or exit code, not here.
        fixed (byte* p = one)
        {
            _ = Libc.syscall(SyscallNumber.sendto, _parent.Value, (nint)p, 1, 0x4000, 0, 0);
        }
    }

    /// <summary>Lets a child go on that waits with <see cref="ChildProgram.Receive"/>, and hands it descriptors.</summary>
    /// <param name="descriptors">At most <see cref="DescriptorMessage.MaxDescriptors"/>.</param>
    public void Hand(ReadOnlySpan<int> descriptors) => _ = DescriptorMessage.TrySend(_parent, "!"u8, descriptors); // a child that has died is seen by its report

    /// <summary>Waits until the target runs (null) or the child reports a failure.</summary>
    public ChildFailure? AwaitReport()
    {
        Span<byte> buffer = stackalloc byte[8];
        int have = 0;
        fixed (byte* p = buffer)
        {
            while (have < 8)
            {
                nint n = Libc.read(_parent.Value, p + have, 8 - have);
                if (n == 0)
                {
                    return null;
                }
                if (n > 0)
                {
                    have += (int)n;
                }
                else if (Marshal.GetLastPInvokeError() is int errno && errno != Errno.EINTR)
                {
                    return errno == Errno.ECONNRESET ? null : throw new LinuxException("read", "report of the child", errno);
                }
            }
            return new ChildFailure(*(int*)p, *(int*)(p + 4));
        }
    }

    internal void CloseChildEnd()
    {
        _child?.Dispose();
        _child = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CloseChildEnd();
        _parent.Dispose();
    }
}

/// <summary>Why a child program did not reach its target.</summary>
/// <param name="Index">Index of the instruction that failed, or -1 when the trampoline could execute no candidate.</param>
/// <param name="Errno">The error number.</param>
public readonly record struct ChildFailure(int Index, int Errno);
