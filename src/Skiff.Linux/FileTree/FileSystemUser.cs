using System.Runtime.InteropServices;

namespace Skiff.Linux.FileTree;

/// <summary>The identity with which a single thread makes files, setfsuid(2).</summary>
public static unsafe class FileSystemUser
{
    /// <summary>Makes new files of this thread belong to others, with all rights kept: the kernel takes those about files away with the user and they are raised again.</summary>
    /// <remarks>The thread must end with its work: it is never what the rest of the process is again.</remarks>
    public static void Become(uint uid, uint gid)
    {
        uint* header = stackalloc uint[2];
        header[0] = 0x20080522; // _LINUX_CAPABILITY_VERSION_3, capset(2)
        uint* data = stackalloc uint[6];
        if (RawCall.Invoke(SyscallNumber.capget, (nint)header, (nint)data) != 0)
        {
            throw new LinuxException("capget", "", Marshal.GetLastPInvokeError());
        }
        _ = RawCall.Invoke(SyscallNumber.setfsgid, (nint)gid);
        _ = RawCall.Invoke(SyscallNumber.setfsuid, (nint)uid);
        if (RawCall.Invoke(SyscallNumber.capset, (nint)header, (nint)data) != 0)
        {
            throw new LinuxException("capset", "", Marshal.GetLastPInvokeError());
        }
    }
}
