using Skiff.Display;
using Skiff.Linux;
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
        catch (IOException e)
        {
            throw new LinuxException("write", "standard output", e.HResult);
        }
    }

    /// <summary>Writes beside the file and renames at the end: what fails leaves no half archive, and keeps the old one.</summary>
    private static void ToFile(string path, Action<Stream> write)
    {
        bool plain = !File.Exists(path) || File.ResolveLinkTarget(path, false) is null;
        string written = plain && !IsSpecial(path) ? $"{path}.{RandomBytes.Hex(4)}.part" : path;
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
        catch
        {
            if (written != path)
            {
                _ = Files.TryRemove(written);
            }
            throw;
        }
    }

    /// <summary>A device or a pipe is written to, never replaced.</summary>
    private static bool IsSpecial(string path) => File.Exists(path) && File.GetAttributes(path).HasFlag(FileAttributes.Device);

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
