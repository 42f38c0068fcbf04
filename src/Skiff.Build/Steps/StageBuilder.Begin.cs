using Skiff.Build.Cache;
using Skiff.Build.Parsing;
using Skiff.Images;
using Skiff.Images.Archives;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Build.Steps;

/// <content>FROM.</content>
internal sealed partial class StageBuilder
{
    private const string DefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static StageState Begin(BuildSession session, Stage stage)
    {
        if (stage.BaseStage is { } before)
        {
            return session.Built(before).Fork();
        }
        Platform platform = stage.Platform.Length > 0 ? Platform.Parse(stage.Platform) : session.Graph.Platform.Target;
        string name = stage.Base;
        if (session.Request.NamedContexts.TryGetValue(name, out string? replaced))
        {
            name = replaced.StartsWith("docker-image://", StringComparison.Ordinal)
                ? replaced["docker-image://".Length..]
                : throw DockerfileException.At(
                    stage.From,
                    $"the build context {name} is a directory: FROM needs an image (--build-context {name}=docker-image://NAME)"
                );
        }
        if (name == "scratch")
        {
            return new StageState { Config = Empty(platform), Key = new KeyBuilder("scratch").Key() };
        }
        int step = session.Begin($"[{stage.Label(session.Graph.Stages.Count == 1)}1/{Count(stage)}] FROM {name}");
        try
        {
            Image image = session.Request.FetchImage(name, platform.Equals(Platform.Host) && stage.Platform.Length == 0 ? null : platform);
            StageState state = Of(session, image);
            session.End(step, StepOutcome.Done);
            return state;
        }
        catch (Exception e)
        {
            session.End(step, e is OperationCanceledException ? StepOutcome.Canceled : StepOutcome.Failed);
            if (e is SkiffException)
            {
                throw new BuildStepException(e.Message, $"FROM {name}", stage.From, [], e);
            }
            throw;
        }
    }

    /// <summary>The state of an image, held from now on.</summary>
    internal static StageState Of(BuildSession session, Image image)
    {
        IReadOnlyList<ChainId> chains = ChainId.Of(image.Config.DiffIds);
        List<BuiltLayer> layers = [];
        session.Works.Session.Hold(image.Id.Hex);
        session.Works.Session.Hold(image.ManifestDigest.Hex);
        for (int i = 0; i < chains.Count; i++)
        {
            Descriptor blob = image.Manifest.Layers[i];
            session.Works.Session.Hold(chains[i].Hex);
            session.Works.Session.Hold(blob.Digest.Hex);
            blob = MediaTypes.Compression(blob.MediaType) is { } kind ? blob with { MediaType = ImageLoader.MediaTypeOf(kind) } : blob;
            layers.Add(
                new BuiltLayer(
                    session.Engine.Paths.Root,
                    image.Config.DiffIds[i],
                    blob,
                    chains[i].Digest,
                    i < image.LayerSizes.Count ? image.LayerSizes[i] : 0
                )
            );
        }
        return new StageState
        {
            Layers = layers,
            Config = image.Config with
            {
                DiffIds = [],
                History = [],
                Env = image.Config.Env.Any(static e => e.StartsWith("PATH=", StringComparison.Ordinal))
                    ? image.Config.Env
                    : [.. image.Config.Env, DefaultPath],
            },
            History = [.. image.Config.History],
            Key = new KeyBuilder("image").Add("layers", [.. image.Config.DiffIds.Select(static d => d.ToString())]).Key(),
            Created = image.Config.Created,
            BaseImage = image.Id,
        };
    }

    private static int Count(Stage stage) => 1 + stage.Instructions.Count(static i => i.Name is "RUN" or "COPY" or "ADD" or "WORKDIR");

    private static ImageConfig Empty(Platform platform) =>
        new()
        {
            Os = platform.Os,
            Architecture = platform.Architecture,
            Variant = platform.Variant,
            Env = [DefaultPath],
        };
}
