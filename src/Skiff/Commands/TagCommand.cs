using Skiff.CommandLine;
using Skiff.Images;
using Skiff.Images.Store;

namespace Skiff.Commands;

/// <summary><c>skiff tag</c>.</summary>
internal static class TagCommand
{
    public static Command Define() =>
        new()
        {
            Name = "tag",
            Summary = "Give an image a further name",
            Usage = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
            MinArguments = 2,
            MaxArguments = 2,
            Completes = [Completion.Image],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        Reference name = Reference.Parse(invocation.Arguments[1]);
        ImageStore store = EngineAccess.Images(invocation.Globals);
        Image image = store.Tag(invocation.Arguments[0], name);
        ImageEvents.Of(store).Image(image.Id.ToString(), "tag", name.Familiar);
        return 0;
    }
}
