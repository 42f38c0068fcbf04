using Skiff.Build.Cache;
using Skiff.Build.Parsing;
using Skiff.Build.Steps;
using Skiff.Engine;
using Skiff.Images;
using Skiff.Images.Archives;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Build;

/// <summary><c>build</c>: an image from a Dockerfile, in this process.</summary>
public static class ImageBuilder
{
    /// <summary>Builds it.</summary>
    /// <exception cref="DockerfileException">The Dockerfile cannot be followed.</exception>
    /// <exception cref="BuildStepException">A step failed; those before it are in the cache.</exception>
    public static BuildResult Build(BuildRequest request)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(request.Cancel);
        Lock fetching = new();
        Func<string, Platform?, Image> fetch = request.FetchImage;
        return Build(
            request with
            {
                Cancel = stop.Token,
                FetchImage = (name, platform) =>
                {
                    lock (fetching)
                    {
                        return fetch(name, platform); // one download is shown at a time
                    }
                },
            },
            stop.Cancel
        );
    }

    private static BuildResult Build(BuildRequest request, Action stop)
    {
        Engine.Launch.CopiedRoot.RefuseBuild(request.Engine);
        Dockerfile file = DockerfileParser.Parse(request.Dockerfile);
        foreach (string warning in file.Warnings)
        {
            request.Progress.Warn(warning);
        }
        if (file.Syntax.Length > 0 && !file.Syntax.Contains("docker/dockerfile", StringComparison.Ordinal))
        {
            request.Progress.Warn($"the frontend {file.Syntax} is not used: the Dockerfile is read as docker's own language");
        }
        StageGraph graph = StageGraph.Make(file, request, new PlatformArgs(Platform.Host, request.Platform ?? Platform.Host));
        Stage target = graph.Target(request.Target);
        using LayerWorks works = new(request.Engine.Images);
        StepCache cache = new(request.Engine.Images, works);
        works.Ready = () => cache.Flush(wait: false);
        BuildSession session = new(request, file, graph, works, cache);
        request.Engine.Reconciler.Sessions();
        try
        {
            new StageScheduler(StageGraph.Needed(target), stage => session.Add(stage, StageBuilder.Build(session, stage)), stop).Run();
        }
        finally
        {
            Keep(session);
        }
        WarnUnused(request, graph);
        StageState result = session.Built(target);
        return new BuildResult(Output(session, result), session.Steps, session.Cached);
    }

    /// <summary>What has run is kept, however the build ends.</summary>
    private static void Keep(BuildSession session)
    {
        try
        {
            session.Cache.Flush(wait: true);
        }
        catch (Exception e) when (e is SkiffException or LinuxException)
        {
            session.Progress.Warn($"not all of the build is in the cache: {e.Message}");
        }
    }

    private static void WarnUnused(BuildRequest request, StageGraph graph)
    {
        List<string> unused =
        [
            .. request.BuildArgs.Keys.Where(name =>
                !graph.Consumed.Contains(name)
                && !PlatformArgs.IsProxy(name)
                && graph.Platform.Value(name) is null
                && name != "SOURCE_DATE_EPOCH"
                && !name.StartsWith("BUILDKIT_", StringComparison.Ordinal)
            ),
        ];
        if (unused.Count > 0)
        {
            request.Progress.Warn($"one or more build-args [{string.Join(' ', unused)}] were not consumed");
        }
    }

    private static Image? Output(BuildSession session, StageState state)
    {
        BuildRequest request = session.Request;
        if (request.Output.Type == BuildOutputType.CacheOnly)
        {
            return null;
        }
        string what = request.Output.Type switch
        {
            BuildOutputType.Local => "client directory",
            BuildOutputType.Tar => "client tarball",
            BuildOutputType.Oci => "oci image format",
            BuildOutputType.Docker => "docker image format",
            _ => "image",
        };
        int step = session.Begin($"exporting to {what}");
        bool done = false;
        try
        {
            Image? image = Export(session, state, step);
            session.End(step, StepOutcome.Done);
            done = true;
            return image;
        }
        finally
        {
            if (!done)
            {
                session.End(step, request.Cancel.IsCancellationRequested ? StepOutcome.Canceled : StepOutcome.Failed);
            }
        }
    }

    private static Image? Export(BuildSession session, StageState state, int step)
    {
        BuildRequest request = session.Request;
        if (request.Output.Type == BuildOutputType.Local)
        {
            BuildExport.ToDirectory(session, state, request.Output.Destination);
            return null;
        }
        if (request.Output.Type == BuildOutputType.Tar)
        {
            request.WriteArchive!(request.Output.Destination, stream => BuildExport.ToTar(session, state, stream));
            return null;
        }
        Image image = Write(session, state);
        session.Progress.Note(step, $"image {image.Id}");
        foreach (Reference name in request.Names)
        {
            session.Progress.Note(step, $"naming to {name}");
        }
        if (request.Output.Type != BuildOutputType.Image)
        {
            List<string> names = request.Names.Count > 0 ? [.. request.Names.Select(static n => n.ToString())] : [image.Id.ToString()];
            request.WriteArchive!(
                request.Output.Destination,
                stream =>
                    ImageSaver.Save(
                        request.Engine.Images,
                        names,
                        stream,
                        ociOnly: request.Output.Type == BuildOutputType.Oci,
                        request.Cancel
                    )
            );
        }
        return image;
    }

    private static Image Write(BuildSession session, StageState state)
    {
        BuildRequest request = session.Request;
        session.Works.Settle(state.Layers, wait: true);
        Dictionary<string, string> labels = new(state.Config.Labels);
        foreach ((string name, string value) in request.Labels)
        {
            labels[name] = value;
        }
        ImageConfig config = state.Config with
        {
            Labels = labels,
            Created = request.SourceDate ?? state.Created ?? DateTimeOffset.UnixEpoch,
            DiffIds = [.. state.Layers.Select(static l => l.DiffId)],
            History = state.History,
        };
        byte[] bytes = ImageConfigWriter.Write(config);
        Descriptor id = new(MediaTypes.OciConfig, Digest.Of(bytes), bytes.Length);
        IngestSession ingest = session.Works.Session;
        ingest.WriteBlob(id.Digest, bytes);
        (Descriptor descriptor, ImageManifest manifest) = ManifestWriter.Write(ingest, id, [.. state.Layers.Select(static l => l.Blob!)]);
        return ingest.Commit(descriptor, manifest, descriptor, request.Names);
    }
}
