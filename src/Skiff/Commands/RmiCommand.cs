using Skiff.CommandLine;
using Skiff.Images;
using Skiff.Images.Store;

namespace Skiff.Commands;

/// <summary><c>skiff rmi</c>, <c>skiff image rm</c>.</summary>
internal static class RmiCommand
{
    public static Command Define() =>
        new()
        {
            Name = "rmi",
            Summary = "Remove images",
            Usage = "[OPTIONS] IMAGE [IMAGE...]",
            Flags =
            [
                Flag.Bool("force", "Also if several repositories name it or a container uses it; a missing image is no error", 'f'),
                Flag.Bool("no-prune", "Accepted for docker's sake: there are no parent images here") with
                {
                    Hidden = true,
                },
            ],
            MinArguments = 1,
            Completes = [Completion.Image],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        ImageStore store = EngineAccess.Images(invocation.Globals);
        Func<Digest, string?> usedBy = EngineAccess.UsedBy(invocation.Globals);
        bool force = invocation.Is("force");
        return Each.Argument(
            invocation,
            name =>
            {
                if (force && store.Find(name) is null)
                {
                    invocation.Output.ErrorLine($"skiff: No such image: {name}");
                    return;
                }
                Dictionary<string, string> ids = ImageEvents.IdsOfNames(store.Find(name));
                RemovedImages removed = store.Remove(name, force, usedBy);
                ImageEvents.Removed(store, removed, ids);
                invocation.Output.Write(
                    string.Concat(
                        removed
                            .Untagged.Select(static n => $"Untagged: {n}\n")
                            .Concat(removed.Deleted.Select(static d => $"Deleted: {d}\n"))
                    )
                );
            }
        );
    }
}
