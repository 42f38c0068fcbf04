using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Images.Archives;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands;

/// <summary><c>skiff save</c>.</summary>
internal static class SaveCommand
{
    public static Command Define() =>
        new()
        {
            Name = "save",
            Summary = "Save images to a tar archive",
            Usage = "[OPTIONS] IMAGE [IMAGE...]",
            Description = "The archive can be loaded by docker, podman and skopeo; layers keep their digests.",
            Flags =
            [
                Flag.Text("format", "Kind of archive") with
                {
                    Default = "docker-archive",
                    Choices = ["docker-archive", "oci-archive"],
                },
                Flag.Text("output", "Write to this file instead of standard output", 'o', "file") with
                {
                    Completes = Completion.File,
                },
            ],
            MinArguments = 1,
            Completes = [Completion.Image],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        string format = invocation.Value("format") ?? "docker-archive";
        if (format is not ("docker-archive" or "oci-archive"))
        {
            throw invocation.Usage($"invalid value \"{format}\" for flag --format: docker-archive or oci-archive expected");
        }
        ImageStore store = EngineAccess.Images(invocation.Globals);
        bool oci = format == "oci-archive";
        using Interruption interruption = new();
        if (invocation.Value("output") is { Length: > 0 } file && file != "-")
        {
            ToFile(store, invocation.Arguments, Path.GetFullPath(file), oci, interruption.Token);
            Saved(store, invocation.Arguments);
            return 0;
        }
        if (Tty.IsTerminal(1))
        {
            throw new SkiffException("the archive is not written to a terminal: give --output FILE, or redirect standard output");
        }
        try
        {
            using Stream target = StandardStreams.OutputStream();
            ImageSaver.Save(store, invocation.Arguments, target, oci, interruption.Token);
            target.Flush();
            Saved(store, invocation.Arguments);
        }
        catch (IOException e) when (e.HResult == Errno.EPIPE)
        {
            throw new BrokenPipeException();
        }
        return 0;
    }

    private static void Saved(ImageStore store, IReadOnlyList<string> images)
    {
        foreach (string name in images)
        {
            ImageEvents.Of(store).Image(store.Get(name).Id.ToString(), "save", name);
        }
    }

    /// <summary>Writes beside the file and renames at the end: a save that fails leaves no half archive, and keeps the old one.</summary>
    private static void ToFile(ImageStore store, IReadOnlyList<string> images, string path, bool oci, CancellationToken cancellation)
    {
        bool plain = !File.Exists(path) || File.ResolveLinkTarget(path, false) is null;
        string written = plain && !IsSpecial(path) ? $"{path}.{RandomBytes.Hex(4)}.part" : path;
        try
        {
            using (Stream target = Create(written))
            {
                ImageSaver.Save(store, images, target, oci, cancellation);
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
