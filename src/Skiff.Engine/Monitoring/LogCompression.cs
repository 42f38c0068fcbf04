using System.IO.Compression;
using Microsoft.Win32.SafeHandles;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Monitoring;

/// <summary>Rotated logs as gzip files, <c>--log-opt compress</c>.</summary>
/// <remarks>A compressed file has the time of change of the plain one, to the nanosecond: a reader that follows knows by it what it has read already.</remarks>
internal static class LogCompression
{
    /// <summary>What the name of a compressed file ends in, as docker's.</summary>
    internal const string Suffix = ".gz";

    private const uint Mode = 0x1A0; // 0640

    /// <summary>Makes <c>path.gz</c> of a file and removes the file. What cannot be done is left out: a plain file is as good a log.</summary>
    internal static void Replace(string path, LogDisk disk)
    {
        string growing = path + Suffix + ".tmp";
        try
        {
            using SafeFd from = Files.Open(path, OpenFlags.O_RDONLY);
            using (SafeFd to = Files.Open(growing, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC, Mode))
            {
                using (FileStream plain = Stream(from, FileAccess.Read))
                using (FileStream file = Stream(to, FileAccess.Write))
                using (GZipStream packed = new(file, CompressionLevel.Fastest))
                {
                    plain.CopyTo(packed);
                }
                if (At.Stat(from.Value, out StatxBuffer stat) == 0)
                {
                    _ = At.SetTimes(to.Value, Time(stat), Time(stat));
                }
            }
            disk.Rename(growing, path + Suffix);
            _ = disk.TryRemove(path);
        }
        catch (Exception e) when (e is LinuxException or IOException)
        {
            _ = disk.TryRemove(growing);
        }
    }

    /// <summary>The plain content of a compressed file, in memory; of a damaged one what can be read.</summary>
    internal static unsafe SafeFd Inflate(SafeFd packed)
    {
        const int MFD_CLOEXEC = 1;
        nint fd;
        fixed (byte* name = CString.Encode("log"))
        {
            fd = RawCall.Invoke(SyscallNumber.memfd_create, (nint)name, MFD_CLOEXEC);
        }
        SafeFd memory = fd >= 0 ? new SafeFd((int)fd) : throw LinuxException.Last("memfd_create", "log");
        try
        {
            using FileStream file = Stream(packed, FileAccess.Read);
            using GZipStream plain = new(file, CompressionMode.Decompress);
            using FileStream to = Stream(memory, FileAccess.Write);
            plain.CopyTo(to);
        }
        catch (InvalidDataException)
        {
            // the machine died while it was written
        }
        Files.Seek(memory, 0);
        return memory;
    }

    private static TimeSpec Time(in StatxBuffer stat) =>
        new() { Seconds = stat.ModifyTime.Seconds, Nanoseconds = stat.ModifyTime.Nanoseconds };

    private static FileStream Stream(SafeFd fd, FileAccess access) => new(new SafeFileHandle(fd.Value, ownsHandle: false), access);
}
