using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>A system call failed: which operation, on what, and the errno.</summary>
public sealed class LinuxException : Exception
{
    /// <summary>Describes a failed system call.</summary>
    /// <param name="operation">The call or action in the kernel's words, such as <c>openat2</c> or <c>mount proc</c>.</param>
    /// <param name="target">The path, device or other object it was applied to; may be empty.</param>
    /// <param name="errno">The positive error number, errno(3).</param>
    public LinuxException(string operation, string target, int errno)
        : base(target.Length == 0 ? $"{operation}: {Linux.Errno.Describe(errno)}" : $"{operation} {target}: {Linux.Errno.Describe(errno)}")
    {
        Operation = operation;
        Target = target;
        Errno = errno;
    }

    /// <summary>The call or action that failed.</summary>
    public string Operation { get; }

    /// <summary>What it was applied to.</summary>
    public string Target { get; }

    /// <summary>The positive error number.</summary>
    public int Errno { get; }

    /// <summary>The exception for the errno that the last SetLastError P/Invoke left.</summary>
    public static LinuxException Last(string operation, string target) => new(operation, target, Marshal.GetLastPInvokeError());
}
