using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>pipe(2) with close-on-exec.</summary>
public static unsafe class Pipe
{
    /// <summary>The two ends.</summary>
    public static (SafeFd Read, SafeFd Write) Open()
    {
        int* fds = stackalloc int[2];
        return RawCall.Invoke(SyscallNumber.pipe2, (nint)fds, 0x80000) == 0
            ? (new SafeFd(fds[0]), new SafeFd(fds[1]))
            : throw LinuxException.Last("pipe2", "");
    }
}
