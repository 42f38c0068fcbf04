using System.Text;
using Skiff.Build;
using Skiff.Build.Parsing;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Spec;
using Skiff.Images;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Commands.Builds;

/// <summary><c>skiff build</c>.</summary>
internal static class BuildCommand
{
    public static Command Define() =>
        new()
        {
            Name = "build",
            Summary = "Build an image from a Dockerfile",
            Usage = "[OPTIONS] PATH | -",
            Description =
                "The build runs in this process: there is no daemon and no builder to set up. PATH is the directory that COPY and ADD read from; "
                + "- reads a Dockerfile, or a tar archive with everything in it, from standard input. "
                + "Steps that were done before come from the cache; --progress plain says of each other why it runs.",
            Flags = BuildFlags.All(),
            MinArguments = 1,
            MaxArguments = 1,
            Completes = [Completion.Directory],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        BuildOutput target = BuildFlags.Output(invocation);
        using Interruption interruption = new();
        using BuildInput input = BuildInput.Open(invocation, engine, interruption.Token);
        PullRequest pull = PullRequest.From(invocation) with { Quiet = invocation.Is("quiet"), Progress = "auto" };
        PullPolicy policy = invocation.Is("pull") ? PullPolicy.Always : PullPolicy.Missing;
        IBuildProgress progress = BuildDisplays.Make(invocation);
        BuildRequest request = BuildFlags.Request(invocation) with
        {
            Engine = engine,
            Dockerfile = input.Dockerfile,
            DockerfileName = input.Name,
            Context = input.Context,
            Ignored = input.Ignored,
            Output = target,
            WriteArchive = ArchiveOutput.Write,
            FetchImage = (name, platform) =>
            {
                Image Fetch() => PullImage.Ensure(engine.Images, name, policy, pull with { Platform = platform }, invocation.Output);
                return progress is TerminalBuild terminal ? terminal.Paused(Fetch) : Fetch();
            },
            Progress = progress,
            Cancel = interruption.Token,
        };
        try
        {
            BuildResult result = ImageBuilder.Build(request);
            (request.Progress as IDisposable)?.Dispose();
            Report(invocation, result);
            return 0;
        }
        catch (SkiffException e) when (e is BuildStepException or DockerfileException)
        {
            (request.Progress as IDisposable)?.Dispose();
            invocation.Output.Error(BuildFailure.Text(e, input.Name, input.Dockerfile));
            throw new SkiffException($"failed to build: {e.Message}", 1, e);
        }
        finally
        {
            (request.Progress as IDisposable)?.Dispose();
        }
    }

    private static void Report(Invocation invocation, BuildResult result)
    {
        if (result.Image is not { } image)
        {
            return;
        }
        if (invocation.Is("quiet"))
        {
            invocation.Output.Line(image.Id.ToString());
        }
        if (invocation.Value("iidfile") is { } path)
        {
            WriteFile(path, Encoding.UTF8.GetBytes(image.Id.ToString()));
        }
        if (invocation.Value("metadata-file") is { } metadata)
        {
            WriteFile(metadata, BuildMetadata.Json(image));
        }
    }

    private static void WriteFile(string path, ReadOnlySpan<byte> bytes)
    {
        using SafeFd fd =
            Files.TryOpen(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC, out int errno, 0x1A4)
            ?? throw new SkiffException($"cannot write {path}: {Errno.Describe(errno)}");
        Files.WriteAll(fd, bytes, path);
    }
}
