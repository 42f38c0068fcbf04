using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Secrets;
using Skiff.Linux;

namespace Skiff.Commands.Secrets;

/// <summary><c>skiff secret exists</c> and <c>skiff secret rm</c>.</summary>
internal static class SecretSmallVerbs
{
    public static Command DefineExists() =>
        new()
        {
            Name = "exists",
            Summary = "Ask whether there is a secret",
            Usage = "SECRET",
            Description = "Prints nothing: the exit code is 0 if there is one and 1 if not.",
            MinArguments = 1,
            MaxArguments = 1,
            Completes = [Completion.Secret],
            Run = static invocation =>
            {
                SkiffEngine engine = SecretAccess.Open(invocation);
                return engine.Secrets.TryFindAny(invocation.Arguments[0]) is null ? 1 : 0;
            },
        };

    public static Command DefineRemove() =>
        new()
        {
            Name = "rm",
            Summary = "Remove secrets",
            Usage = "[OPTIONS] [SECRET...]",
            Description = "Containers that were made with a secret keep it.",
            Flags = [Flag.Bool("all", "Remove all secrets", 'a'), Flag.Bool("ignore", "It is no error if there is none", 'i')],
            Completes = [Completion.Secret],
            Run = Remove,
        };

    private static int Remove(Invocation invocation)
    {
        SkiffEngine engine = SecretAccess.Open(invocation);
        bool all = invocation.Is("all");
        if (all == invocation.Arguments.Count > 0)
        {
            throw invocation.Usage("'skiff secret rm' needs secrets, or --all", 1);
        }
        if (all)
        {
            foreach (Secret secret in engine.Secrets.List())
            {
                Remove(invocation, engine, secret);
            }
            return 0;
        }
        return Each.Argument(
            invocation,
            name =>
            {
                Secret? secret = engine.Secrets.TryFindAny(name);
                if (secret is not null)
                {
                    Remove(invocation, engine, secret);
                }
                else if (!invocation.Is("ignore"))
                {
                    throw engine.Secrets.Missing(name);
                }
            }
        );
    }

    private static void Remove(Invocation invocation, SkiffEngine engine, Secret secret)
    {
        engine.Secrets.Remove(secret);
        invocation.Output.Line(secret.Id);
    }
}
