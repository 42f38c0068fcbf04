namespace Skiff.Linux;

/// <summary>A system call by number, for callers outside this project that need one without a wrapper; the errno is left for Marshal.GetLastPInvokeError.</summary>
public static class RawCall
{
    /// <summary>syscall(2); -1 with the errno set on failure.</summary>
    public static nint Invoke(int number, nint a = 0, nint b = 0, nint c = 0, nint d = 0, nint e = 0, nint f = 0) =>
        Libc.syscall(number, a, b, c, d, e, f);
}
