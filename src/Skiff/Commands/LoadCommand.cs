using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Images;
using Skiff.Images.Archives;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands;

/// <summary><c>skiff load</c>.</summary>
internal static class LoadCommand
{
    public static Command Define() =>
        new()
        {
            Name = "load",
            Summary = "Load images from a tar archive",
            Usage = "[OPTIONS]",
            Description = "The archive is one that docker, podman or skopeo saved, or an OCI layout, plain or compressed by gzip or zstd.",
            Flags =
            [
                Flag.Text("input", "Read this file instead of standard input", 'i', "file") with
                {
                    Completes = Completion.File,
                },
                Flag.Text("platform", "Which image of a multi-platform archive: os/architecture[/variant]"),
                Flag.Bool("quiet", "Print nothing but the names", 'q'),
            ],
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        string? file = invocation.Value("input");
        if (file is null or "-" && Tty.IsTerminal(0))
        {
            throw new SkiffException("no archive: give --input FILE, or redirect standard input");
        }
        Platform? platform = invocation.Value("platform") is { } text ? Platform.Parse(text) : null;
        using Interruption interruption = new();
        using Stream source = Archive.Open(file);
        ImageStore store = EngineAccess.Images(invocation.Globals);
        foreach (Image image in ImageLoader.Load(store, source, platform, interruption.Token, invocation.Output.Warn))
        {
            ImageEvents.Of(store).Image(image.Id.ToString(), "load", image.Names.Count > 0 ? image.Names[0].Familiar : "");
            invocation.Output.Write(
                image.Names.Count == 0
                    ? $"Loaded image ID: {image.Id}\n"
                    : string.Concat(image.Names.Select(static n => $"Loaded image: {n.Familiar}\n"))
            );
        }
        return 0;
    }
}

/// <summary>Opens archives that verbs read.</summary>
internal static class Archive
{
    /// <summary>A file, or standard input for null and <c>-</c>.</summary>
    public static Stream Open(string? path)
    {
        if (path is null or "-")
        {
            return StandardStreams.Input();
        }
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string reason =
                e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file"
                : Directory.Exists(path) ? "it is a directory"
                : "no permission, or it cannot be read";
            throw new SkiffException($"cannot open {path}: {reason}", 1, e);
        }
    }
}
