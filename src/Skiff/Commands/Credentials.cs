using Skiff.CommandLine;
using Skiff.Images;
using Skiff.Images.Registry;
using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Commands;

/// <summary>Where logins are, and registries as users write them.</summary>
internal static class Credentials
{
    /// <summary>The flag for the credentials file.</summary>
    public static Flag FileFlag() =>
        Flag.Text("authfile", "Credentials file (default: config.json of docker)", valueName: "file") with
        {
            Completes = Completion.File,
        };

    /// <summary>The file asked for by <c>--authfile</c> or by <c>--config</c>; null for the usual places.</summary>
    public static string? File(Invocation invocation) =>
        invocation.Value("authfile") is { Length: > 0 } file ? file
        : invocation.Globals.Config is { Length: > 0 } directory ? $"{directory}/config.json"
        : null;

    /// <summary>The file itself.</summary>
    public static AuthFile Open(Invocation invocation) =>
        AuthFile.Load(AuthFile.DefaultPath(File(invocation), Environment.GetEnvironmentVariable), Helper);

    /// <summary>Runs a credential helper of docker's config.json, such as docker-credential-pass: the action as argument, the request as input.</summary>
    public static (int ExitCode, byte[] Output) Helper(string program, string action, byte[] input) =>
        HelperProgram.TryRun(program, [action], input)
        ?? throw new SkiffException(
            $"the credential helper {program} that docker's config.json names is not in PATH: install it, or remove it from that file"
        );

    /// <summary>The domain of a registry given as host, address or docker's historic address of Docker Hub.</summary>
    public static string Domain(string server)
    {
        string text = server;
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        text = scheme < 0 ? text : text[(scheme + 3)..];
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        text = slash < 0 ? text : text[..slash];
        return text is "" or "index.docker.io" or "registry-1.docker.io" ? Reference.DefaultDomain : text;
    }
}
