using Skiff.CommandLine;
using Skiff.Compose;
using Skiff.Compose.Loading;
using Skiff.Compose.Output;
using Skiff.Compose.Planning;
using Skiff.Compose.Yaml;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary><c>skiff compose config</c>.</summary>
internal static class ConfigCommand
{
    public static Command Define() =>
        new()
        {
            Name = "config",
            Summary = "Check the compose files and print what they mean",
            Usage = "[OPTIONS] [SERVICE...]",
            Flags =
            [
                Flag.Bool("environment", "Print the variables that values are replaced with"),
                Flag.Text("format", "Output format") with
                {
                    Default = "yaml",
                    Choices = ["yaml", "json"],
                },
                Flag.Text("hash", "Print the configuration hash of a service, or * for all"),
                Flag.Bool("images", "Print the names of the images"),
                Flag.Bool("networks", "Print the names of the networks"),
                Flag.Bool("no-env-resolution", "Leave env_file as it is"),
                Flag.Bool("no-interpolate", "Leave variables as they are"),
                Flag.Text("output", "Write to a file", 'o') with
                {
                    Completes = Completion.File,
                },
                Flag.Bool("profiles", "Print the profiles"),
                Flag.Bool("quiet", "Only check", 'q'),
                Flag.Bool("services", "Print the names of the services"),
                Flag.Bool("volumes", "Print the names of the volumes"),
            ],
            Completes = [Completion.Service],
            WorksOutside = true,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        LoadRequest request = ComposeAccess.Request(invocation) with
        {
            Interpolates = !invocation.Is("no-interpolate"),
            ResolvesEnvironment = !invocation.Is("no-env-resolution"),
            Named = invocation.Arguments,
        };
        Project project = ProjectLoader.Load(invocation.Is("profiles") ? request with { Profiles = ["*"] } : request);
        foreach (string warning in project.Warnings)
        {
            invocation.Output.Warn(warning);
        }
        Project chosen =
            invocation.Arguments.Count > 0 ? ProjectSelection.With(project, invocation.Arguments, dependencies: true) : project;
        string text = Text(invocation, chosen);
        if (invocation.Is("quiet"))
        {
            return 0;
        }
        if (invocation.Value("output") is { } path)
        {
            ArchiveOutput.Write(path, file => file.Write(System.Text.Encoding.UTF8.GetBytes(text)));
        }
        else
        {
            invocation.Output.Write(text);
        }
        return 0;
    }

    private static string Text(Invocation invocation, Project project)
    {
        if (invocation.Is("services"))
        {
            return Lines(ServiceOrder.Of(project.Services).Select(static s => s.Name));
        }
        if (invocation.Is("volumes") || invocation.Is("networks"))
        {
            string kind = invocation.Is("volumes") ? "volumes" : "networks";
            return Lines(project.Root.EntriesOf(kind).Select(static e => e.Key).Order(StringComparer.Ordinal));
        }
        if (invocation.Is("images"))
        {
            return Lines(project.Services.Select(static s => s.Image));
        }
        if (invocation.Is("profiles"))
        {
            return Lines(project.Services.SelectMany(static s => s.Profiles).Distinct().Order(StringComparer.Ordinal));
        }
        if (invocation.Is("environment"))
        {
            return Lines(ProjectEnvironment.All(project));
        }
        if (invocation.Value("hash") is { } wanted)
        {
            ComposeService[] services =
                wanted == "*"
                    ? [.. project.Services]
                    : [.. wanted.Split(',').Select(name => project.Find(name) ?? throw ProjectSelection.Missing(project, name))];
            return Lines(services.Select(static s => $"{s.Name} {ConfigHash.Of(s)}"));
        }
        // What is printed can be read again: its dollars are escaped.
        Node root = invocation.Is("no-interpolate") ? project.Root : project.Root.Escaped();
        return invocation.Value("format") == "json" ? ModelJson.Write(root) + "\n" : ModelYaml.Write(root);
    }

    private static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(static l => l + "\n"));
}
