using System.Globalization;
using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Compose.Planning;
using Skiff.Display;
using Skiff.Engine.Containers;
using Skiff.Format;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Compose;

/// <summary>Verbs of compose that are those of skiff with the container of a service: exec, attach, cp, stats, version.</summary>
internal static class ServiceDelegates
{
    /// <summary>Which container of a service is meant.</summary>
    internal static readonly Flag Index = Flag.Number("index", "Number of the container, where the service has several");

    public static Command DefineExec() =>
        new()
        {
            Name = "exec",
            Summary = "Run a command in a running container of a service",
            Usage = "[OPTIONS] SERVICE COMMAND [ARG...]",
            Flags =
            [
                Flag.Bool("detach", "Run the command in the background", 'd'),
                Flag.List("env", "Set an environment variable: NAME=value or NAME", 'e'),
                Index,
                Flag.Bool("interactive", "Keep stdin open", 'i') with
                {
                    Default = "true",
                    Hidden = true,
                },
                Flag.Bool("no-tty", "No pseudo-terminal; without a terminal there is none anyway", 'T'),
                Flag.Bool("privileged", "Give the command all rights"),
                Flag.Bool("tty", "A pseudo-terminal", 't') with
                {
                    Hidden = true,
                },
                Flag.Text("user", "User and group: name|uid[:group|gid]", 'u'),
                Flag.Text("workdir", "Working directory in the container", 'w'),
            ],
            StopAtFirstPositional = true,
            MinArguments = 2,
            Completes = [Completion.Service],
            Run = Exec,
        };

    public static Command DefineAttach() =>
        new()
        {
            Name = "attach",
            Summary = "Attach to the running container of a service",
            Usage = "[OPTIONS] SERVICE",
            Flags =
            [
                Flag.Text("detach-keys", "Key sequence that detaches the terminal"),
                Index,
                Flag.Bool("no-stdin", "Do not attach stdin"),
                Flag.Bool("sig-proxy", "Pass received signals on to the process") with
                {
                    Default = "true",
                },
            ],
            MinArguments = 1,
            MaxArguments = 1,
            Completes = [Completion.Service],
            Run = static invocation =>
                ComposeAccess.Delegate(
                    invocation,
                    [
                        "attach",
                        .. invocation.Value("detach-keys") is { } keys ? (string[])["--detach-keys", keys] : [],
                        $"--no-stdin={Text(invocation.Is("no-stdin"))}",
                        $"--sig-proxy={Text(invocation.Is("sig-proxy", true))}",
                        One(invocation, invocation.Arguments[0]).Record.Name,
                    ]
                ),
        };

    public static Command DefineCopy() =>
        new()
        {
            Name = "cp",
            Summary = "Copy files between a service's container and the host",
            Usage = "[OPTIONS] SERVICE:PATH PATH|- | PATH|- SERVICE:PATH",
            Flags =
            [
                Flag.Bool("all", "Copy to all containers of the service"),
                Flag.Bool("archive", "Keep owners", 'a'),
                Flag.Bool("follow-link", "Follow a link in the source", 'L'),
                Index,
            ],
            MinArguments = 2,
            MaxArguments = 2,
            Completes = [Completion.File, Completion.File],
            Run = Copy,
        };

    public static Command DefineStats() =>
        new()
        {
            Name = "stats",
            Summary = "Show what the containers of services use",
            Usage = "[OPTIONS] [SERVICE...]",
            Flags =
            [
                Flag.Bool("all", "Those that do not run too", 'a'),
                Listing.FormatFlag(),
                Flag.Bool("no-stream", "Show one sample and end"),
                Flag.Bool("no-trunc", "Do not shorten"),
            ],
            Completes = [Completion.Service],
            Run = static invocation =>
                OnContainers(
                    invocation,
                    ["stats", .. Given(invocation, "format", "no-stream", "no-trunc")],
                    c => invocation.Is("all") || c.State.IsUp
                ),
        };

    public static Command DefineVersion() =>
        new()
        {
            Name = "version",
            Summary = "Show the version",
            Flags =
            [
                Flag.Text("format", "Output format", 'f') with
                {
                    Default = "pretty",
                    Choices = ["pretty", "json"],
                },
                Flag.Bool("short", "The number only"),
            ],
            MaxArguments = 0,
            Run = static invocation =>
            {
                invocation.Output.Line(
                    invocation.Is("short") ? BuildInfo.Version
                    : invocation.Value("format") == "json" ? $"{{\"version\":\"{BuildInfo.Version}\"}}"
                    : $"Skiff Compose version {BuildInfo.Version}"
                );
                return 0;
            },
        };

    internal static ObservedContainer One(Invocation invocation, string service) =>
        ComposeAccess.Observe(invocation).Running(service, (int)invocation.Number("index"), invocation);

    private static string Text(bool value) => value ? "true" : "false";

    /// <summary>Flags as they were given.</summary>
    private static IEnumerable<string> Given(Invocation invocation, params string[] names)
    {
        foreach ((Flag flag, string value) in invocation.Given)
        {
            if (names.Contains(flag.Name))
            {
                yield return $"--{flag.Name}={value}";
            }
        }
    }

    private static int Exec(Invocation invocation)
    {
        ObservedContainer container = One(invocation, invocation.Arguments[0]);
        bool detached = invocation.Is("detach");
        bool terminal = !detached && !invocation.Is("no-tty") && Tty.IsTerminal(0) && Tty.IsTerminal(1);
        return ComposeAccess.Delegate(
            invocation,
            [
                "exec",
                .. detached ? (string[])["--detach"] : [$"--interactive={Text(invocation.Is("interactive", true))}"],
                .. terminal ? (string[])["--tty"] : [],
                .. Given(invocation, "env", "user", "workdir", "privileged"),
                container.Record.Name,
                .. invocation.Arguments.Skip(1),
            ]
        );
    }

    private static int Copy(Invocation invocation)
    {
        ObservedProject observed = ComposeAccess.Observe(invocation);
        string[] words = [.. invocation.Arguments];
        int side = Array.FindIndex(
            words,
            static w => w.Length > 0 && w[0] is not ('/' or '.') && w.IndexOf(':', StringComparison.Ordinal) > 0
        );
        if (side < 0)
        {
            throw new SkiffException("one of the two must be SERVICE:PATH");
        }
        int colon = words[side].IndexOf(':', StringComparison.Ordinal);
        string service = words[side][..colon];
        long index = invocation.Number("index");
        List<ObservedContainer> targets = [.. observed.Of([service], invocation).Where(c => index == 0 || c.Number == index)];
        if (targets.Count == 0)
        {
            throw new SkiffException($"no container found for service \"{service}\"");
        }
        int code = 0;
        string path = words[side][colon..];
        foreach (ObservedContainer container in side == 1 && (invocation.Is("all") || index == 0) ? targets : targets.Take(1))
        {
            words[side] = container.Record.Name + path;
            code = Math.Max(code, ComposeAccess.Delegate(invocation, ["cp", .. Given(invocation, "archive", "follow-link"), .. words]));
        }
        return code;
    }

    private static int OnContainers(Invocation invocation, IReadOnlyList<string> verb, Func<ObservedContainer, bool> fits)
    {
        ObservedProject observed = ComposeAccess.Observe(invocation);
        string[] names = [.. observed.Of(invocation.Arguments, invocation).Where(fits).Select(static c => c.Record.Name)];
        return names.Length == 0 ? 0 : ComposeAccess.Delegate(invocation, [.. verb, .. names]);
    }
}
