using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>An owned file descriptor, closed when disposed. Always opened O_CLOEXEC.</summary>
public sealed class SafeFd : SafeHandle
{
    /// <summary>Takes ownership of <paramref name="fd"/>.</summary>
    public SafeFd(int fd)
        : base(-1, ownsHandle: true) => SetHandle(fd);

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    /// <summary>The number; valid while this object is not disposed and is kept alive by the caller.</summary>
    public int Value => IsClosed ? throw new ObjectDisposedException(nameof(SafeFd)) : (int)handle;

    /// <summary>Gives up ownership and returns the number.</summary>
    public int Release()
    {
        int fd = Value;
        SetHandleAsInvalid();
        return fd;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}
