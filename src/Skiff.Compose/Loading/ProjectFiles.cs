using Skiff.Linux;

namespace Skiff.Compose.Loading;

/// <summary>Which files a project consists of, where its directory is, and its variables.</summary>
internal sealed class ProjectFiles
{
    private static readonly string[] s_names = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
    private readonly LoadRequest _request;
    private readonly Dictionary<string, string?> _fromFiles = [];

    private ProjectFiles(LoadRequest request)
    {
        _request = request;
    }

    /// <summary>The files, absolute; <c>-</c> for standard input.</summary>
    public IReadOnlyList<string> Files { get; private set; } = [];

    /// <summary>The project's directory.</summary>
    public string Directory { get; private set; } = "";

    /// <summary>The files of variables that were read.</summary>
    public List<string> EnvFiles { get; } = [];

    /// <summary>The variables that the files set.</summary>
    public IReadOnlyCollection<string> Names => _fromFiles.Keys;

    /// <summary>A variable: the caller's, then the files'.</summary>
    public string? Variable(string name) => _request.Variable(name) ?? _fromFiles.GetValueOrDefault(name);

    /// <summary>Finds files, directory and variables.</summary>
    public static ProjectFiles Find(LoadRequest request, ICollection<string> warnings)
    {
        ProjectFiles found = new(request);
        // A .env file of the working directory may say which files there are.
        string first = request.ProjectDirectory is { } given ? found.Absolute(given) : request.Directory;
        found.ReadEnvironment(first);
        found.Choose(warnings);
        string directory =
            request.ProjectDirectory is not null ? first
            : found.Files.Count > 0 && found.Files[0] != "-" ? System.IO.Path.GetDirectoryName(found.Files[0]) ?? "/"
            : request.Directory;
        found.Directory = directory;
        if (directory != first)
        {
            found.ReadEnvironment(directory);
        }
        return found;
    }

    /// <summary>Reads one file of variables over those known; the caller's environment counts more.</summary>
    public static void Read(string path, byte[] bytes, Func<string, string?> outer, Action<string, string?> put)
    {
        foreach ((string name, string? value) in DotEnv.Parse(System.Text.Encoding.UTF8.GetString(bytes), path, outer))
        {
            put(name, value);
        }
    }

    private void ReadEnvironment(string directory)
    {
        IReadOnlyList<string> asked =
            _request.EnvFiles.Count > 0 ? _request.EnvFiles
            : _request.Variable("COMPOSE_ENV_FILES") is { Length: > 0 } list ? list.Split(',')
            : [];
        if (asked.Count == 0 && _request.Variable("COMPOSE_DISABLE_ENV_FILE") is { Length: > 0 } and not ("0" or "false"))
        {
            return;
        }
        foreach (string path in asked.Count > 0 ? asked.Select(Absolute) : [$"{directory}/.env"])
        {
            if (EnvFiles.Contains(path))
            {
                continue;
            }
            byte[]? bytes = _request.ReadFile(path);
            if (bytes is null)
            {
                if (asked.Count > 0)
                {
                    throw new SkiffException($"couldn't find env file: {path}");
                }
                continue;
            }
            EnvFiles.Add(path);
            Read(path, bytes, Variable, (name, value) => _fromFiles[name] = value);
        }
    }

    private void Choose(ICollection<string> warnings)
    {
        if (_request.Files.Count > 0)
        {
            Files = [.. _request.Files.Select(f => f == "-" ? f : Absolute(f))];
            return;
        }
        if (Variable("COMPOSE_FILE") is { Length: > 0 } list)
        {
            string separator = Variable("COMPOSE_PATH_SEPARATOR") is { Length: > 0 } s ? s : ":";
            Files = [.. list.Split(separator, StringSplitOptions.RemoveEmptyEntries).Select(f => f == "-" ? f : Absolute(f))];
            return;
        }
        string? directory = _request.ProjectDirectory is { } given ? Absolute(given) : _request.Directory;
        for (; directory is not null; directory = System.IO.Path.GetDirectoryName(directory))
        {
            string[] here = [.. s_names.Select(name => Join(directory, name)).Where(p => _request.ReadFile(p) is not null)];
            if (here.Length == 0)
            {
                continue;
            }
            if (here.Length > 1)
            {
                warnings.Add($"several compose files here: {string.Join(", ", here)}; {here[0]} is used");
            }
            string[] overrides = [.. Overrides().Select(name => Join(directory, name)).Where(p => _request.ReadFile(p) is not null)];
            if (overrides.Length > 1)
            {
                warnings.Add($"several override files here: {string.Join(", ", overrides)}; {overrides[0]} is used");
            }
            Files = [here[0], .. overrides.Take(1)];
            return;
        }
        throw new SkiffException(
            $"no compose file: neither {_request.Directory} nor a directory above it has a compose.yaml, compose.yml, docker-compose.yml or docker-compose.yaml; -f names another file"
        );

        static IEnumerable<string> Overrides() =>
            ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];
    }

    private string Absolute(string path) =>
        Engine.Spec.OptionValue.CleanPath(
            path.StartsWith("~/", StringComparison.Ordinal) ? (_request.Variable("HOME") ?? "") + path[1..]
            : path.StartsWith('/') ? path
            : $"{_request.Directory}/{path}"
        );

    private static string Join(string directory, string name) => directory.EndsWith('/') ? directory + name : $"{directory}/{name}";
}
