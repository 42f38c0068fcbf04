using Skiff.CommandLine;

namespace Skiff.Commands.Compose;

/// <summary>The flags of <c>up</c> and <c>create</c>.</summary>
internal static class UpFlags
{
    public static IReadOnlyList<Flag> Create() =>
        [
            ComposeGroup.OwnDryRun,
            Flag.Bool("build", "Build images first"),
            Flag.Bool("force-recreate", "Make containers anew although nothing has changed"),
            Flag.Bool("no-build", "Build no image, even if it is missing"),
            Flag.Bool("no-recreate", "Leave containers as they are although something has changed"),
            Flag.Text("pull", "When to pull images") with
            {
                Choices = ["always", "missing", "never", "build"],
            },
            Flag.Bool("quiet-pull", "Show no progress of pulls"),
            Flag.Bool("remove-orphans", "Remove containers of services that the file has no more"),
            Flag.List("scale", "Number of containers of a service", valueName: "service=number"),
            Flag.Bool("yes", "Accepted for docker's scripts: nothing is asked", 'y') with
            {
                Hidden = true,
            },
        ];

    public static IReadOnlyList<Flag> Up() =>
        [
            .. Create(),
            Flag.Bool("abort-on-container-exit", "Stop all as soon as one container ends"),
            Flag.Bool("abort-on-container-failure", "Stop all as soon as one container ends with another code than 0"),
            Flag.Bool("always-recreate-deps", "Make what the services depend on anew"),
            Flag.List("attach", "Show the output of this service only", valueName: "service"),
            Flag.Bool("attach-dependencies", "Show the output of what the services depend on too"),
            Flag.Bool("detach", "Start the containers in the background", 'd'),
            Flag.Text(
                "exit-code-from",
                "End with the code of this service; all stop as soon as one container ends",
                valueName: "service"
            ) with
            {
                Completes = Completion.Service,
            },
            Flag.List("no-attach", "Do not show the output of this service", valueName: "service"),
            Flag.Bool("no-color", "No colours"),
            Flag.Bool("no-deps", "Do not start what the services depend on"),
            Flag.Bool("no-log-prefix", "No names before the lines"),
            Flag.Bool("no-start", "Only create the containers"),
            Flag.Bool("quiet-build", "Show no output of builds"),
            Flag.Bool("renew-anon-volumes", "Make new anonymous volumes instead of keeping those of the containers before", 'V'),
            Flag.Number("timeout", "Seconds to wait before SIGKILL", 't'),
            Flag.Bool("timestamps", "Show when each line was written"),
            Flag.Bool("wait", "Wait until the services run, or are healthy where they have a health check"),
            Flag.Number("wait-timeout", "Seconds to wait at most"),
        ];

    /// <summary>Refuses what contradicts itself.</summary>
    public static void Check(Invocation invocation)
    {
        foreach (
            (string one, string other) in (IEnumerable<(string, string)>)
                [
                    ("force-recreate", "no-recreate"),
                    ("build", "no-build"),
                    ("detach", "abort-on-container-exit"),
                    ("detach", "abort-on-container-failure"),
                    ("detach", "exit-code-from"),
                    ("abort-on-container-exit", "abort-on-container-failure"),
                    ("wait", "abort-on-container-exit"),
                    ("always-recreate-deps", "no-recreate"),
                ]
        )
        {
            if (Given(one) && Given(other))
            {
                throw invocation.Usage($"--{one} and --{other} exclude each other", 1);
            }
        }

        bool Given(string name) => invocation.Value(name) is { } value && value != "false";
    }
}
