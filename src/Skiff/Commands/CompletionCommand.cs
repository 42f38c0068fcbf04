using Skiff.CommandLine;
using Skiff.Engine.Containers;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Commands;

/// <summary><c>skiff completion SHELL</c>: a small script that asks <c>skiff __complete</c> at every Tab, so that it never gets old.</summary>
internal static class CompletionCommand
{
    public static Command Define() =>
        new()
        {
            Name = "completion",
            WorksOutside = true,
            Summary = "Print the completion script for a shell",
            Usage = "bash|zsh|fish",
            Description =
                "bash: source <(skiff completion bash)\nzsh:  source <(skiff completion zsh)\nfish: skiff completion fish | source",
            MinArguments = 1,
            MaxArguments = 1,
            Completes = [Completion.Shell],
            Run = static invocation =>
            {
                invocation.Output.Write(
                    invocation.Arguments[0] switch
                    {
                        "bash" => CompletionScripts.Bash,
                        "zsh" => CompletionScripts.Zsh,
                        "fish" => CompletionScripts.Fish,
                        _ => throw invocation.Usage($"there is no completion for \"{invocation.Arguments[0]}\": bash, zsh or fish", 1),
                    }
                );
                return 0;
            },
        };

    /// <summary><c>__complete WORD…</c>: candidates, one a line with a tab before the description; last a line <c>:file</c>, <c>:dir</c> or <c>:none</c> for what the shell adds.</summary>
    public static Command DefineComplete() =>
        new()
        {
            Name = "__complete",
            WorksOutside = true,
            Summary = "Answer the completion scripts",
            RawArguments = true,
            Run = Complete,
        };

    private static int Complete(Invocation invocation)
    {
        CompletionAnswer answer = Completer.Complete(CommandTable.Root(), invocation.Arguments);
        string typed = invocation.Arguments.Count == 0 ? "" : invocation.Arguments[^1];
        foreach ((string word, string help) in answer.Candidates.Concat(Known(answer.Kind, invocation)))
        {
            if (word.StartsWith(typed, StringComparison.Ordinal))
            {
                invocation.Output.Line(help.Length == 0 ? word : $"{word}\t{help}");
            }
        }
        invocation.Output.Line(
            answer.Kind switch
            {
                Completion.File => ":file",
                Completion.Directory => ":dir",
                _ => ":none",
            }
        );
        return 0;
    }

    /// <summary>The command line being typed may name other stores.</summary>
    private static Globals GlobalsOf(Invocation invocation)
    {
        Globals globals = invocation.Globals;
        IReadOnlyList<string> words = invocation.Arguments;
        for (int i = 0; i < words.Count - 1; i++)
        {
            globals = words[i] switch
            {
                "--root" => globals with { Root = words[i + 1] },
                "--runroot" => globals with { Runroot = words[i + 1] },
                _ => globals,
            };
        }
        return globals;
    }

    private static IEnumerable<(string, string)> Known(Completion kind, Invocation invocation)
    {
        Globals globals = GlobalsOf(invocation);
        try
        {
            return kind switch
            {
                Completion.Image => [.. Images(globals)],
                Completion.Container or Completion.RunningContainer or Completion.StoppedContainer or Completion.PausedContainer =>
                [
                    .. Containers(globals, kind),
                ],
                Completion.Object =>
                [
                    .. Containers(globals, Completion.Container),
                    .. Images(globals),
                    .. EngineAccess.Volumes(globals).List().Select(static v => (v.Name, "volume")),
                    .. EngineAccess.Networks(globals).List().Select(static n => (n.Name, "network")),
                ],
                Completion.Network =>
                [
                    ("bridge", ""),
                    ("host", ""),
                    ("none", ""),
                    .. EngineAccess.Networks(globals).List().Select(static n => (n.Name, "")),
                ],
                Completion.Volume => [.. EngineAccess.Volumes(globals).List().Select(static v => (v.Name, ""))],
                Completion.Service => [.. Compose.ComposeAccess.ServicesFor(invocation.Arguments)],
                Completion.Secret => [.. EngineAccess.Secrets(globals).List().Select(static s => (s.Name, ""))],
                Completion.Verb =>
                [
                    .. CommandTable.Root().Subcommands.Where(static e => !e.Hidden).Select(static e => (e.Name, e.Make().Summary)),
                ],
                Completion.Signal => SignalNames(),
                Completion.Shell => [("bash", ""), ("zsh", ""), ("fish", "")],
                _ => [],
            };
        }
        // A Tab must not print errors into the line being typed.
        catch (Exception e) when (e is SkiffException or LinuxException or IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static IEnumerable<(string, string)> SignalNames()
    {
        for (int signal = 1; signal <= Signals.SIGSYS; signal++)
        {
            yield return (Signals.Name(signal), "");
        }
    }

    private static IEnumerable<(string, string)> Images(Globals globals) =>
        EngineAccess.Images(globals).List().SelectMany(static (Image i) => i.Names.Select(static n => (n.Familiar, "")));

    /// <summary>As the state was written last: a Tab changes nothing.</summary>
    private static IEnumerable<(string, string)> Containers(Globals globals, Completion kind)
    {
        ContainerStore store = EngineAccess.Containers(globals);
        foreach (string id in store.ListIds())
        {
            ContainerState? state = store.TryLoadState(id);
            bool fits = kind switch
            {
                Completion.RunningContainer => state is { IsUp: true },
                Completion.StoppedContainer => state is { IsUp: false },
                Completion.PausedContainer => state is { Status: ContainerStatus.Paused },
                _ => true,
            };
            if (fits && store.TryLoadSummary(id) is { } record)
            {
                yield return (record.Name, record.Image);
            }
        }
    }
}
