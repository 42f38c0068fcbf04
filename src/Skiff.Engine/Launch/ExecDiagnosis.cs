using System.Runtime.InteropServices;
using System.Text;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Launch;

/// <summary>Why a command could not be executed: the kernel says "no such file or directory" for five different faults, the file itself says which.</summary>
internal static class ExecDiagnosis
{
    private const int EM_X86_64 = 62;
    private const int EM_AARCH64 = 183;

    /// <summary>The sentence and docker's exit code: 127 when the command does not exist, 126 when it cannot be executed.</summary>
    /// <param name="pid">The process that waits after its failure; its root is looked at through /proc/PID/root.</param>
    /// <param name="command">The command as given.</param>
    /// <param name="candidates">The paths tried.</param>
    /// <param name="errno">What execve(2) said.</param>
    internal static SkiffException Explain(int pid, string command, string[] candidates, int errno)
    {
        if (command.Length == 0)
        {
            return new SkiffException("the command is empty: name a program of the container", 127);
        }
        using SafeFd? root = Files.TryOpen($"/proc/{pid}/root", OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out _);
        if (root is not null)
        {
            foreach (string candidate in candidates)
            {
                using SafeFd? file = LayeredFiles.OpenIn(root.Value, candidate, OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK, out int reason);
                if (file is not null)
                {
                    return Look(root, file, candidate, errno);
                }
                if (reason is Errno.EACCES or Errno.ELOOP or Errno.ENOTDIR)
                {
                    return new SkiffException($"cannot execute {candidate}: {Errno.Describe(reason)}", 126);
                }
            }
        }
        if (errno == Errno.EACCES)
        {
            return new SkiffException($"cannot execute {command}: permission denied for the user of the container", 126);
        }
        return command.Contains('/')
            ? new SkiffException($"there is no {command} in the container", 127)
            : new SkiffException($"there is no command {command} in the container's PATH ({Directories(candidates)})", 127);
    }

    private static string Directories(string[] candidates)
    {
        StringBuilder text = new();
        foreach (string candidate in candidates)
        {
            text.Append(text.Length == 0 ? "" : ":").Append(Path.GetDirectoryName(candidate));
        }
        return text.ToString();
    }

    private static SkiffException Look(SafeFd root, SafeFd file, string path, int errno)
    {
        if (At.Stat(file.Value, out StatxBuffer stat) != 0)
        {
            return new SkiffException($"cannot execute {path}: {Errno.Describe(errno)}", 126);
        }
        switch (stat.Mode & 0xF000)
        {
            case 0x4000:
                return new SkiffException($"cannot execute {path}: it is a directory", 126);
            case not 0x8000:
                return new SkiffException($"cannot execute {path}: it is not a regular file", 126);
        }
        if ((stat.Mode & 0x49) == 0)
        {
            return new SkiffException(
                $"cannot execute {path}: it is not marked executable (mode 0{Convert.ToString(stat.Mode & 0xFFF, 8)}); chmod +x it in the image",
                126
            );
        }
        if (errno == Errno.EACCES)
        {
            return new SkiffException(
                $"cannot execute {path}: permission denied for the user of the container (mode 0{Convert.ToString(stat.Mode & 0xFFF, 8)}, owner {stat.Uid}:{stat.Gid}), or its mount is noexec",
                126
            );
        }
        byte[] head = new byte[4096];
        int length = Files.Read(file, head, path);
        return Content(root, head.AsSpan(0, length), path, errno);
    }

    private static SkiffException Content(SafeFd root, ReadOnlySpan<byte> head, string path, int errno)
    {
        if (head.StartsWith("#!"u8))
        {
            return Script(root, head, path, errno);
        }
        if (head.StartsWith("\u007fELF"u8) && head.Length >= 64)
        {
            return Elf(root, head, path, errno);
        }
        string what =
            head.IsEmpty ? "it is empty"
            : head.StartsWith("MZ"u8) ? "it is a Windows program"
            : "it is neither an ELF program nor a script with a #! line";
        return new SkiffException($"cannot execute {path}: {what}", 126);
    }

    private static SkiffException Script(SafeFd root, ReadOnlySpan<byte> head, string path, int errno)
    {
        int end = head.IndexOf((byte)'\n');
        ReadOnlySpan<byte> line = (end < 0 ? head : head[..end])[2..];
        bool carriageReturn = line.EndsWith("\r"u8);
        string interpreter = Encoding.UTF8.GetString(line).Trim();
        int space = interpreter.IndexOfAny([' ', '\t']);
        interpreter = space < 0 ? interpreter : interpreter[..space];
        if (carriageReturn)
        {
            return new SkiffException(
                $"cannot execute {path}: its first line ends in a carriage return (Windows line ends), so the kernel looks for \"{interpreter}\\r\"; convert the file with dos2unix",
                127
            );
        }
        if (interpreter.Length == 0)
        {
            return new SkiffException($"cannot execute {path}: its #! line names no interpreter", 126);
        }
        using SafeFd? file = LayeredFiles.OpenIn(root.Value, interpreter, OpenFlags.O_PATH, out _);
        return file is null
            ? new SkiffException($"cannot execute {path}: its interpreter {interpreter} does not exist in the container", 127)
            : new SkiffException($"cannot execute {path}: its interpreter {interpreter} cannot be executed: {Errno.Describe(errno)}", 126);
    }

    private static SkiffException Elf(SafeFd root, ReadOnlySpan<byte> head, string path, int errno)
    {
        int machine = head[18] | (head[19] << 8);
        int own = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? EM_AARCH64 : EM_X86_64;
        if (machine != own && errno == Errno.ENOEXEC)
        {
            return new SkiffException(
                $"cannot execute {path}: it is a program for {Machine(machine)}, this host is {Machine(own)}; pull the image with --platform, or install qemu-user-static",
                126
            );
        }
        if (Interpreter(head) is { } loader)
        {
            using SafeFd? file = LayeredFiles.OpenIn(root.Value, loader, OpenFlags.O_PATH, out _);
            if (file is null)
            {
                return new SkiffException(
                    $"cannot execute {path}: its loader {loader} does not exist in the container (built for another C library?)",
                    127
                );
            }
        }
        return new SkiffException($"cannot execute {path}: {Errno.Describe(errno)}", errno == Errno.ENOENT ? 127 : 126);
    }

    /// <summary>PT_INTERP of a 64-bit little-endian ELF file, elf(5).</summary>
    private static string? Interpreter(ReadOnlySpan<byte> head)
    {
        if (head[4] != 2 || head[5] != 1)
        {
            return null;
        }
        long table = BitConverter.ToInt64(head[32..]);
        int size = BitConverter.ToUInt16(head[54..]);
        int count = BitConverter.ToUInt16(head[56..]);
        for (int i = 0; i < count && table + ((i + 1) * size) <= head.Length && size >= 56; i++)
        {
            ReadOnlySpan<byte> segment = head[(int)(table + (i * size))..];
            if (BitConverter.ToInt32(segment) == 3)
            {
                long offset = BitConverter.ToInt64(segment[8..]);
                long length = BitConverter.ToInt64(segment[32..]);
                return offset > 0 && length is > 0 and < 4096 && offset + length <= head.Length
                    ? CString.Decode(head.Slice((int)offset, (int)length))
                    : null;
            }
        }
        return null;
    }

    private static string Machine(int machine) =>
        machine switch
        {
            3 => "32-bit x86",
            40 => "32-bit ARM",
            EM_X86_64 => "x86-64",
            EM_AARCH64 => "arm64",
            21 => "ppc64le",
            22 => "s390x",
            243 => "RISC-V",
            _ => $"machine type {machine}",
        };
}
