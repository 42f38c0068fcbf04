using System.Text;
using Skiff.Compose.Yaml;
using Skiff.Linux;

namespace Skiff.Compose.Running;

/// <summary>A secret or config in one service: a file on the host that is mounted as it is, or a text that the engine keeps as a secret and shows as a file in memory.</summary>
/// <remarks>As with docker compose the owner and mode of a file on the host are its own; where others are asked for, its content is kept by the engine too.</remarks>
public sealed record ProjectFile
{
    /// <summary>Where the container finds it.</summary>
    public required string Target { get; init; }

    /// <summary>The file on the host; empty for a text and for what exists outside of the project.</summary>
    public string Path { get; init; } = "";

    /// <summary>Its name in the store of secrets.</summary>
    public string StoreName { get; init; } = "";

    /// <summary>Its name in the file.</summary>
    public required string Source { get; init; }

    /// <summary>The text; null where the content is in a file, or exists outside of the project.</summary>
    public string? Text { get; init; }

    /// <summary>It exists outside of the project, in the store of secrets.</summary>
    public bool IsExternal { get; init; }

    /// <summary><c>uid=</c>, <c>gid=</c> and <c>mode=</c>, as far as they were given.</summary>
    public IReadOnlyList<string> Attributes { get; init; } = [];

    /// <summary>It has to be kept by the engine although it is a file: others in <c>/run/secrets</c> are, and that directory is the engine's or the mounts'.</summary>
    public bool IsTaken { get; init; }

    /// <summary>Mounted from the host.</summary>
    public bool IsBound => Path.Length > 0 && Attributes.Count == 0 && !IsTaken;

    private bool IsInDirectory => Target.StartsWith("/run/secrets/", StringComparison.Ordinal);

    /// <summary>The secrets and configs of a service.</summary>
    public static IReadOnlyList<ProjectFile> Of(Project project, ComposeService service)
    {
        List<ProjectFile> files = [.. All(project, service)];
        bool taken = files.Exists(static f => f is { IsBound: false, IsInDirectory: true });
        return taken ? [.. files.Select(static f => f.IsInDirectory ? f with { IsTaken = true } : f)] : files;
    }

    private static IEnumerable<ProjectFile> All(Project project, ComposeService service)
    {
        foreach (string kind in (string[])["secrets", "configs"])
        {
            foreach (Node use in service.Node.ItemsOf(kind))
            {
                string source = use.TextOf("source") ?? "";
                if (project.Root[kind]?[source] is not { Kind: NodeKind.Map } node)
                {
                    continue;
                }
                yield return One(project, kind, source, use, node);
            }
        }
    }

    /// <summary>What it holds.</summary>
    public byte[] Content()
    {
        if (Text is not null)
        {
            return Encoding.UTF8.GetBytes(Text);
        }
        return Files.TryReadAll(Path, out int errno) ?? throw new SkiffException($"cannot read {Path}: {Errno.Describe(errno)}");
    }

    private static ProjectFile One(Project project, string kind, string source, Node use, Node node)
    {
        bool config = kind == "configs";
        string target = use.TextOf("target") ?? (config ? "/" + source : "/run/secrets/" + source);
        string? variable = node.TextOf("environment");
        string? text = node.TextOf("content");
        if (variable is not null)
        {
            text =
                project.Variable(variable)
                ?? throw ComposeError.At(node.Place, $"{kind}.{source}: the environment variable {variable} is not set");
        }
        string name = node.TextOf("name") ?? source;
        List<string> attributes = [];
        foreach (string key in (string[])["uid", "gid", "mode"])
        {
            if (use.TextOf(key) is { Length: > 0 } value)
            {
                attributes.Add($"{key}={value}");
            }
        }
        bool external = node.Is("external");
        string path = node.TextOf("file") ?? "";
        if (!external && text is null && path.Length == 0)
        {
            throw ComposeError.At(node.Place, $"{kind}.{source} has neither file, environment{(config ? ", content" : "")} nor external");
        }
        return new ProjectFile
        {
            Source = source,
            Target =
                target.StartsWith('/') ? target
                : config ? "/" + target
                : "/run/secrets/" + target,
            Path = path,
            // A secret and a config may have one name.
            StoreName = external || !config ? name : name + ".config",
            Text = text,
            IsExternal = external,
            Attributes = attributes,
        };
    }
}
