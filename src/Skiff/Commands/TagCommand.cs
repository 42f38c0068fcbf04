using Skiff.CommandLine;
using Skiff.Images;

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
        _ = EngineAccess.Images(invocation.Globals).Tag(invocation.Arguments[0], Reference.Parse(invocation.Arguments[1]));
        return 0;
    }
}
