using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>A process by descriptor, pidfd_open(2) (kernel 5.3): it cannot be confused with a later process of the same number.</summary>
public sealed unsafe class Pidfd : IDisposable
{
    private const int P_PIDFD = 3;
    private const int WEXITED = 4;

    /// <summary>Takes ownership of a pidfd, as clone3 gives it.</summary>
    public Pidfd(SafeFd fd) => Fd = fd;

    /// <summary>The descriptor; readable when the process has ended (poll(2)).</summary>
    public SafeFd Fd { get; }

    /// <summary>Opens a running or zombie process; null when there is none of that number.</summary>
    public static Pidfd? TryOpen(int pid)
    {
        nint fd = Libc.syscall(SyscallNumber.pidfd_open, pid, 0, 0, 0, 0, 0);
        return fd < 0 ? null : new Pidfd(new SafeFd((int)fd));
    }

    /// <summary>Sends a signal; returns 0 or the errno (ESRCH when the process has ended).</summary>
    public int Signal(int signal) =>
        Libc.syscall(SyscallNumber.pidfd_send_signal, Fd.Value, signal, 0, 0, 0, 0) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Waits for the end of a child, or of any process when the result is not needed.</summary>
    /// <returns>How it ended; null when it is not our child (then only its end was waited for).</returns>
    public ExitStatus? Wait()
    {
        byte* info = stackalloc byte[128];
        while (true)
        {
            if (Libc.syscall(SyscallNumber.waitid, P_PIDFD, Fd.Value, (nint)info, WEXITED, 0, 0) == 0)
            {
                // siginfo_t of SIGCHLD: si_signo, si_errno, si_code, pad, si_pid, si_uid, si_status.
                int code = *(int*)(info + 8);
                int status = *(int*)(info + 24);
                return new ExitStatus(code == 1 ? status : 0, code == 1 ? 0 : status);
            }
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.ECHILD)
            {
                WaitReadable(-1);
                return null;
            }
            if (errno != Errno.EINTR)
            {
                throw new LinuxException("waitid", "pidfd", errno);
            }
        }
    }

    /// <summary>How a process ended that is not our child: PIDFD_GET_INFO, kernel 6.15, once its parent has reaped it. Null when that does not happen in time, and on older kernels.</summary>
    /// <param name="milliseconds">For the parent.</param>
    public ExitStatus? StatusOfOther(int milliseconds)
    {
        const nuint PIDFD_GET_INFO = 0xC040FF0B; // _IOWR(0xFF, 11, struct pidfd_info of 64 bytes)
        const ulong PIDFD_INFO_EXIT = 8;
        long deadline = Environment.TickCount64 + milliseconds;
        ulong* info = stackalloc ulong[8]; // mask, cgroup id, eleven ids of 32 bits, the wait status
        bool reaped = false;
        while (true)
        {
            new Span<ulong>(info, 8).Clear();
            info[0] = PIDFD_INFO_EXIT;
            if (Libc.ioctl(Fd.Value, PIDFD_GET_INFO, (nint)info) != 0)
            {
                return null; // ENOTTY before 6.13, ESRCH before 6.15
            }
            if ((info[0] & PIDFD_INFO_EXIT) != 0)
            {
                int status = ((int*)info)[15];
                return new ExitStatus((status >> 8) & 0xFF, status & 0x7F);
            }
            int left = (int)(deadline - Environment.TickCount64);
            if (left <= 0 || reaped)
            {
                return null;
            }
            reaped = (Poll.Wait(Fd.Value, 0, left) & Poll.POLLHUP) != 0;
        }
    }

    /// <summary>Waits until the process has ended, at most <paramref name="milliseconds"/> (-1: for ever); false when the time ran out.</summary>
    public bool WaitReadable(int milliseconds)
    {
        PollFd entry = new(Fd.Value, 1);
        return Poll.Wait(new Span<PollFd>(ref entry), milliseconds) > 0;
    }

    /// <inheritdoc/>
    public void Dispose() => Fd.Dispose();
}

/// <summary>How a process ended.</summary>
/// <param name="Code">The exit code 0–255, when it exited.</param>
/// <param name="Signal">The signal that killed it, or 0.</param>
public readonly record struct ExitStatus(int Code, int Signal)
{
    /// <summary>As shells and docker count: the code, or 128 plus the signal.</summary>
    public int ShellCode => Signal == 0 ? Code : 128 + Signal;
}
