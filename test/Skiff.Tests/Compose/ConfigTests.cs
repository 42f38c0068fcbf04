using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Skiff.Compose;
using Skiff.Compose.Loading;
using Skiff.Compose.Output;
using Xunit;

namespace Skiff.Tests.Compose;

/// <summary>The files of Cases: a project, and what docker compose 2.40 printed for it with <c>config</c>.</summary>
public sealed class ConfigTests
{
    public static TheoryData<string> Cases =>
        [
            .. Directory
                .GetFiles(Path.Combine(Path.GetDirectoryName(Here())!, "Cases"))
                .Select(static p => Path.GetFileNameWithoutExtension(p)!)
                .Order(),
        ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_project_means_what_it_means_to_docker_compose(string name)
    {
        string[] parts = File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "Cases", name + ".txt")).Split("\n=== ");
        Dictionary<string, string> head = parts[0]
            .Split('\n')
            .ToDictionary(static l => l.Split(' ')[0], static l => l[(l.IndexOf(' ') + 1)..]);
        ComposeFiles files = new("/projects/" + head["directory"]);
        string? yaml = null;
        string? json = null;
        foreach (string part in parts[1..])
        {
            int end = part.Contains('\n') ? part.IndexOf('\n') : part.Length;
            string text = end == part.Length ? "" : part[(end + 1)..] + "\n";
            switch (part[..end])
            {
                case "expected yaml":
                    yaml = text;
                    break;
                case "expected json":
                    json = text;
                    break;
                default:
                    files.File(part[..end], text);
                    if (head["args"] == "-f -")
                    {
                        files.File("-", text);
                    }
                    break;
            }
        }
        foreach (string variable in head["environment"].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            files.Variable(variable.Split('=')[0], variable.Split('=')[1]);
        }
        Project project = ProjectLoader.Load(With(files.Request, head["args"].Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        if (yaml is not null)
        {
            Assert.Equal(yaml.TrimEnd(), ModelYaml.Write(project.Root.Escaped()).TrimEnd());
        }
        if (json is not null)
        {
            string actual = ModelJson.Write(project.Root.Escaped());
            Assert.Equal(json.TrimEnd(), actual);
            Assert.NotNull(JsonNode.Parse(actual));
        }
    }

    /// <summary>What is printed is a project again, and prints the same.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void What_config_prints_reads_back_as_itself(string name)
    {
        string text = File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "Cases", name + ".txt"));
        int at = text.IndexOf("\n=== expected yaml\n", StringComparison.Ordinal);
        if (at < 0)
        {
            return;
        }
        string yaml = text[(at + 19)..].Split("\n=== expected json")[0].TrimEnd() + "\n";
        LoadRequest request = new ComposeFiles().File("compose.yaml", yaml).Request with { Profiles = ["*"], KeepsUnused = true };
        Assert.Equal(yaml, ModelYaml.Write(ProjectLoader.Load(request).Root.Escaped()));
    }

    private static LoadRequest With(LoadRequest request, string[] args)
    {
        for (int i = 0; i < args.Length; i += 2)
        {
            request = args[i] switch
            {
                "-f" => request with { Files = [.. request.Files, args[i + 1]] },
                "-p" => request with { Name = args[i + 1] },
                "--profile" => request with { Profiles = [.. request.Profiles, args[i + 1]] },
                "--env-file" => request with { EnvFiles = [.. request.EnvFiles, args[i + 1]] },
                _ => throw new ArgumentException(args[i]),
            };
        }
        return request;
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
