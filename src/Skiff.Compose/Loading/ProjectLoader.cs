using System.Text;
using Skiff.Compose.Schema;
using Skiff.Compose.Yaml;
using Skiff.Linux;

namespace Skiff.Compose.Loading;

/// <summary>From files to a project: read, replace variables, bring into the long form, extend, merge, include, fill in, check.</summary>
public static class ProjectLoader
{
    /// <summary>Loads a project.</summary>
    /// <exception cref="SkiffException">Something is wrong; the message says where.</exception>
    public static Project Load(LoadRequest request)
    {
        List<string> warnings = [];
        ProjectFiles files = ProjectFiles.Find(request, warnings);
        HashSet<string> unset = [];
        string name = Name(request, files);
        string? Variable(string variable) => variable == "COMPOSE_PROJECT_NAME" ? name : files.Variable(variable);
        FileLoader loader = new(request, Variable, files.Directory, variable => unset.Add(variable));
        Node root = loader.Load(files.Files);
        foreach (string variable in unset)
        {
            warnings.Add($"The \"{variable}\" variable is not set. Defaulting to a blank string.");
        }
        string[] profiles =
            request.Profiles.Count > 0
                ? [.. request.Profiles]
                : (files.Variable("COMPOSE_PROFILES") ?? "").Split(
                    ',',
                    StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries
                );
        root.Set("name", Node.Of(name));
        Project project = new(root)
        {
            Name = name,
            Directory = files.Directory,
            Files = files.Files,
            EnvFiles = files.EnvFiles,
            Variable = Variable,
            FileVariables = files.Names,
        };
        if (request.Interpolates)
        {
            new Defaults(project, request, warnings).Run(profiles);
            ModelCheck.Run(project, request.KeepsUnused);
        }
        project.Warnings = warnings;
        return project;
    }

    /// <summary>What a project is called, where no file can be read or is needed: as <see cref="Load"/> does it.</summary>
    public static string NameOf(LoadRequest request)
    {
        if (request.Name is { Length: > 0 } given)
        {
            return ProjectName.Check(given);
        }
        return request.Variable("COMPOSE_PROJECT_NAME") is { Length: > 0 } variable && request.Files.Count == 0
            ? ProjectName.Check(variable)
            : Name(request, ProjectFiles.Find(request, []));
    }

    private static string Name(LoadRequest request, ProjectFiles files)
    {
        if (request.Name is { Length: > 0 } given)
        {
            return ProjectName.Check(given);
        }
        if (files.Variable("COMPOSE_PROJECT_NAME") is { Length: > 0 } variable)
        {
            return ProjectName.Check(variable);
        }
        string? inFile = null;
        foreach (string file in files.Files)
        {
            byte[] bytes = file == "-" ? [] : request.ReadFile(file) ?? throw new SkiffException($"open {file}: no such file or directory");
            if (HasName(bytes))
            {
                foreach (Node document in YamlReader.Read(Encoding.UTF8.GetString(bytes), file))
                {
                    inFile = document.Kind == NodeKind.Map && document["name"] is { IsScalar: true } name ? Expand(name, files) : inFile;
                }
            }
        }
        if (inFile is { Length: > 0 })
        {
            return ProjectName.Check(inFile);
        }
        string directory = System.IO.Path.GetFileName(files.Directory);
        string normal = ProjectName.Normalize(directory);
        return normal.Length > 0
            ? normal
            : throw new SkiffException(
                $"project name must not be empty: the directory {files.Directory} has no letter or digit in its name; use -p, or name: in the file"
            );
    }

    private static bool HasName(byte[] bytes) => bytes.AsSpan().IndexOf("name"u8) >= 0;

    private static string Expand(Node name, ProjectFiles files)
    {
        try
        {
            return new Interpolation(files.Variable).Expand(name.Text);
        }
        catch (FormatException e)
        {
            throw ComposeError.At(name.Place, $"name: {e.Message}");
        }
    }
}
