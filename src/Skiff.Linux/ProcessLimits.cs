namespace Skiff.Linux;

/// <summary>Resource limits of other processes, prlimit(2).</summary>
public static unsafe class ProcessLimits
{
    /// <summary>Raises a hard limit where it is lower, so that the process can set its own limits later, without the right to raise them (CAP_SYS_RESOURCE).</summary>
    /// <param name="pid">The process; 0 is the caller.</param>
    /// <param name="resource">RLIMIT_*.</param>
    /// <param name="hard">The least that it must be allowed.</param>
    /// <param name="name">The limit's name, for the message.</param>
    /// <exception cref="LinuxException">The caller may not.</exception>
    public static void AllowHard(int pid, int resource, ulong hard, string name)
    {
        ulong* limit = stackalloc ulong[2]; // struct rlimit64: soft, hard
        if (RawCall.Invoke(SyscallNumber.prlimit64, pid, resource, 0, (nint)limit) != 0)
        {
            throw LinuxException.Last("prlimit", name);
        }
        if (limit[1] < hard)
        {
            limit[1] = hard;
            if (RawCall.Invoke(SyscallNumber.prlimit64, pid, resource, (nint)limit, 0) != 0)
            {
                throw LinuxException.Last("prlimit", $"{name} to {hard}");
            }
        }
    }

    /// <summary>Raises the caller's own limit of open files to what it may have; false when it is that already.</summary>
    public static bool TryRaiseFiles()
    {
        const int RLIMIT_NOFILE = 7;
        ulong* limit = stackalloc ulong[2];
        if (RawCall.Invoke(SyscallNumber.prlimit64, 0, RLIMIT_NOFILE, 0, (nint)limit) != 0 || limit[0] >= limit[1])
        {
            return false;
        }
        limit[0] = limit[1];
        return RawCall.Invoke(SyscallNumber.prlimit64, 0, RLIMIT_NOFILE, (nint)limit, 0) == 0;
    }
}
