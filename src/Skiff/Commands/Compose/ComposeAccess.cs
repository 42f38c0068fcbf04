using Skiff.CommandLine;
using Skiff.Compose;
using Skiff.Compose.Loading;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary>What every verb of <c>compose</c> begins with.</summary>
internal static class ComposeAccess
{
    /// <summary>What the flags before the verb ask for.</summary>
    public static LoadRequest Request(Invocation invocation)
    {
        string directory = Path.GetFullPath(".");
        return new LoadRequest
        {
            Directory = directory,
            Variable = Environment.GetEnvironmentVariable,
            ReadFile = static path => path == "-" ? Files.TryReadAll("/dev/stdin", out _) : Files.TryReadAll(path, out _),
            Files = invocation.Values("file"),
            Name = invocation.Value("project-name"),
            ProjectDirectory = invocation.Value("project-directory"),
            EnvFiles = invocation.Values("env-file"),
            Profiles = invocation.Values("profile"),
            KeepsUnused = invocation.Is("all-resources"),
        };
    }

    /// <summary>The project, its warnings shown.</summary>
    /// <param name="invocation">The command line.</param>
    /// <param name="named">Services that it names.</param>
    public static Project Load(Invocation invocation, IReadOnlyList<string>? named = null)
    {
        Project project = ProjectLoader.Load(Request(invocation) with { Named = named ?? [] });
        foreach (string warning in project.Warnings)
        {
            invocation.Output.Warn(warning);
        }
        return project;
    }
}
