using Skiff.Display;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using Skiff.Linux.Terminal;

namespace Skiff.Commands;

/// <summary>Where verbs write archives: a file, or standard output.</summary>
internal static class ArchiveOutput
{
    /// <summary>Writes an archive.</summary>
    /// <param name="file">The value of <c>--output</c>; null, empty and <c>-</c> are standard output, which must not be a terminal.</param>
    /// <param name="write">Writes all of it.</param>
    /// <exception cref="SkiffException">The file cannot be made, or standard output is a terminal.</exception>
    public static void Write(string? file, Action<Stream> write)
    {
        if (file is { Length: > 0 } && file != "-")
        {
            ToFile(Path.GetFullPath(file), write);
            return;
        }
        if (Tty.IsTerminal(1))
        {
            throw new SkiffException("the archive is not written to a terminal: give --output FILE, or redirect standard output");
        }
        try
        {
            using Stream target = StandardStreams.OutputStream();
            write(target);
            target.Flush();
        }
        catch (IOException e) when (e.HResult == Errno.EPIPE)
        {
            throw new BrokenPipeException();
        }
        catch (IOException e) when (IsErrno(e))
        {
            throw new LinuxException("write", "standard output", e.HResult);
        }
    }

    /// <summary>Writes beside the file and renames at the end: what fails leaves no half archive, and keeps the old one.</summary>
    private static void ToFile(string path, Action<Stream> write)
    {
        string written = IsReplaceable(path) ? $"{path}.{RandomBytes.Hex(4)}.part" : path;
        try
        {
            using (Stream target = Create(written))
            {
                write(target);
            }
            if (written != path)
            {
                Files.Rename(written, path);
            }
        }
        catch (Exception e)
        {
            if (written != path)
            {
                _ = Files.TryRemove(written);
            }
            if (e is IOException && IsErrno(e))
            {
                throw new LinuxException("write", path, e.HResult);
            }
            throw;
        }
    }

    /// <summary>Only what is not there and a plain file: a device (<c>/dev/null</c>), a pipe or what a link leads to is written to.</summary>
    private static bool IsReplaceable(string path) =>
        At.Stat(Files.AtCwd, CString.Encode(path), out StatxBuffer stat) != 0 || (stat.Mode & At.S_IFMT) == At.S_IFREG;

    /// <summary>The library's exceptions have the error number of write(2) there, and others one of Windows.</summary>
    private static bool IsErrno(Exception e) => e.HResult is > 0 and < 4096;

    private static FileStream Create(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 256 << 10);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SkiffException(
                $"cannot write {path}: {(e is DirectoryNotFoundException ? "there is no such directory" : "no permission, or it is a directory")}",
                1,
                e
            );
        }
    }
}
