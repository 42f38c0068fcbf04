using Skiff.CommandLine;
using Skiff.Compose;
using Skiff.Compose.Yaml;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary>Builds a service's image, by <c>skiff build</c> in this process.</summary>
internal static class ServiceBuild
{
    /// <summary>Builds it and gives it its names.</summary>
    /// <param name="invocation">The command line.</param>
    /// <param name="project">The project.</param>
    /// <param name="service">A service with a build section.</param>
    /// <param name="further">Flags of <c>build</c> that come last.</param>
    public static void Run(Invocation invocation, Project project, ComposeService service, IReadOnlyList<string> further)
    {
        Node build = service.Node["build"]!;
        string? inline = build.TextOf("dockerfile_inline") is { Length: > 0 } text ? WriteTemporary(text) : null;
        try
        {
            List<string> words = ["build", "--tag", service.Image];
            words.AddRange(Flags(project, service, build, inline));
            words.AddRange(further);
            words.Add("--");
            words.Add(build.TextOf("context") ?? project.Directory);
            int code = ComposeAccess.Delegate(invocation, words);
            if (code != 0)
            {
                throw new SkiffException($"service {service.Name} could not be built", code);
            }
        }
        finally
        {
            if (inline is not null)
            {
                _ = Files.TryRemove(inline);
            }
        }
    }

    private static List<string> Flags(Project project, ComposeService service, Node build, string? inline)
    {
        List<string> words = [];
        string context = build.TextOf("context") ?? project.Directory;
        if (inline is not null)
        {
            Add("file", inline);
        }
        else if (build.TextOf("dockerfile") is { } file)
        {
            Add("file", file.StartsWith('/') || !context.StartsWith('/') ? file : $"{context}/{file}");
        }
        foreach ((string name, Node value) in build.EntriesOf("args"))
        {
            Add("build-arg", $"{name}={value.Text}");
        }
        foreach ((string name, Node value) in build.EntriesOf("labels"))
        {
            Add("label", $"{name}={value.Text}");
        }
        Add("label", $"com.docker.compose.project={project.Name}");
        Add("label", $"com.docker.compose.service={service.Name}");
        foreach ((string name, Node value) in build.EntriesOf("additional_contexts"))
        {
            string place = value.Text;
            place =
                place.StartsWith("service:", StringComparison.Ordinal) && project.Find(place[8..]) is { } other
                    ? "docker-image://" + other.Image
                    : place;
            Add("build-context", $"{name}={place}");
        }
        Each("tags", "tag");
        Each("extra_hosts", "add-host");
        Each("ssh", "ssh");
        One("target", "target");
        One("network", "network");
        One("shm_size", "shm-size");
        if (build.Is("no_cache"))
        {
            words.Add("--no-cache");
        }
        if (build.Is("pull"))
        {
            words.Add("--pull");
        }
        string platforms = string.Join(',', build.ItemsOf("platforms").Select(static p => p.Text));
        if (platforms.Length > 0 || service.Node.TextOf("platform") is { Length: > 0 })
        {
            Add("platform", service.Node.TextOf("platform") ?? platforms);
        }
        foreach ((string name, Node value) in build.EntriesOf("ulimits"))
        {
            Add("ulimit", $"{name}={value.TextOf("single") ?? $"{value.TextOf("soft")}:{value.TextOf("hard")}"}");
        }
        foreach (Node use in build.ItemsOf("secrets"))
        {
            string source = use.TextOf("source") ?? "";
            Node? secret = project.Root["secrets"]?[source];
            string id = use.TextOf("target") ?? source;
            Add(
                "secret",
                secret?.TextOf("environment") is { } variable ? $"id={id},env={variable}" : $"id={id},src={secret?.TextOf("file")}"
            );
        }
        return words;

        void Add(string flag, string value)
        {
            words.Add("--" + flag);
            words.Add(value);
        }

        void One(string key, string flag)
        {
            if (build.TextOf(key) is { Length: > 0 } value && value != "0")
            {
                Add(flag, value);
            }
        }

        void Each(string key, string flag)
        {
            foreach (Node item in build.ItemsOf(key))
            {
                Add(flag, item.Text);
            }
        }
    }

    private static string WriteTemporary(string text)
    {
        string path = $"{Path.GetTempPath().TrimEnd('/')}/skiff-dockerfile-{RandomBytes.Hex(8)}";
        Files.Replace(path, System.Text.Encoding.UTF8.GetBytes(text));
        return path;
    }
}
