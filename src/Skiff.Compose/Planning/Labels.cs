namespace Skiff.Compose.Planning;

/// <summary>The labels by which compose finds what is its own: docker compose's.</summary>
public static class Labels
{
    /// <summary>The project.</summary>
    public const string Project = "com.docker.compose.project";

    /// <summary>The service.</summary>
    public const string Service = "com.docker.compose.service";

    /// <summary>The number of the container in its service, from 1.</summary>
    public const string Number = "com.docker.compose.container-number";

    /// <summary><c>True</c> for the containers of <c>compose run</c>.</summary>
    public const string OneOff = "com.docker.compose.oneoff";

    /// <summary>The configuration the container was made with.</summary>
    public const string Hash = "com.docker.compose.config-hash";

    /// <summary>The image the container was made of.</summary>
    public const string Image = "com.docker.compose.image";

    /// <summary>What the service depends on: <c>name:condition:restart</c>, with commas.</summary>
    public const string DependsOn = "com.docker.compose.depends_on";

    /// <summary>The project's directory.</summary>
    public const string Directory = "com.docker.compose.project.working_dir";

    /// <summary>The compose files, with commas.</summary>
    public const string Files = "com.docker.compose.project.config_files";

    /// <summary>The files of variables, with commas.</summary>
    public const string EnvironmentFile = "com.docker.compose.project.environment_file";

    /// <summary>Which version made it.</summary>
    public const string Version = "com.docker.compose.version";

    /// <summary>The network's name in the file.</summary>
    public const string Network = "com.docker.compose.network";

    /// <summary>The volume's name in the file.</summary>
    public const string Volume = "com.docker.compose.volume";

    /// <summary>The secret's or config's name in the file.</summary>
    public const string Secret = "com.docker.compose.secret";
}
