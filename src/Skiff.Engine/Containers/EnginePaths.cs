namespace Skiff.Engine.Containers;

/// <summary>Where the engine keeps its files: the store (survives a reboot) and the run directory (must not).</summary>
/// <param name="Root"><c>--root</c>, /var/lib/skiff by default.</param>
/// <param name="Runroot"><c>--runroot</c>, /run/skiff by default; on a tmpfs.</param>
public sealed record EnginePaths(string Root, string Runroot)
{
    /// <summary>One directory per container, named by its full id.</summary>
    public string Containers { get; } = Root + "/containers";

    /// <summary>One symbolic link per container name, whose target text is the full id.</summary>
    public string Names { get; } = Root + "/names";

    /// <summary>Named and anonymous volumes.</summary>
    public string Volumes { get; } = Root + "/volumes";

    /// <summary>Secrets, a file each.</summary>
    public string Secrets { get; } = Root + "/secrets";

    /// <summary>The secrets that a container was made with, by name: further names of the files, so that they stay when the secret is replaced or removed.</summary>
    public string SecretsOf(string id) => $"{Containers}/{id}/secrets";

    /// <summary>Where the content of a volume is.</summary>
    public string VolumeData(string name) => $"{Volumes}/{name}/_data";

    /// <summary>What happened, as JSON lines: the current file and the one before.</summary>
    public string Events { get; } = Root + "/events";

    /// <summary>One flock'ed file per foreground container: while its CLI lives, the lock is held.</summary>
    public string Sessions { get; } = Runroot + "/sessions";

    /// <summary>What the last listing has read: <see cref="ContainerListing"/>.</summary>
    public string Listing { get; } = Runroot + "/listing";

    /// <summary>An image layer of mount points below all others: what a container needs is there without a write into its own layer.</summary>
    public string Skeleton { get; } = Root + "/" + SkeletonName;

    /// <summary>Its name, relative to the store's root.</summary>
    public const string SkeletonName = "skeleton";

    /// <summary>The files of /etc that are made anew whenever the container starts; of a container that leaves nothing (run --rm), its config.json as well.</summary>
    public string Etc(string id) => $"{Runroot}/etc/{id}";

    /// <summary>Says that other containers were made with <c>--pid container:</c> this one: they see what enters it.</summary>
    public string SharedPids(string id) => $"{Runroot}/etc/{id}/pids-shared";

    /// <summary>The directory of one container.</summary>
    public string Container(string id) => $"{Containers}/{id}";

    /// <summary>The session file of one foreground container.</summary>
    public string Session(string id) => $"{Sessions}/{id}";

    /// <summary>What was asked: <see cref="ContainerRecord"/>.</summary>
    public string Record(string id) => $"{Containers}/{id}/record.json";

    /// <summary>What is: <see cref="ContainerState"/>.</summary>
    public string State(string id) => $"{Containers}/{id}/state.json";

    /// <summary>The OCI runtime spec, which makes the directory a bundle.</summary>
    public string Config(string id) => $"{Containers}/{id}/config.json";

    /// <summary>The profile of <c>--security-opt seccomp=FILE</c> as it was when the container was created.</summary>
    public string SeccompProfile(string id) => $"{Containers}/{id}/seccomp.json";

    /// <summary>The writable layer, overlayfs's upperdir.</summary>
    public string Upper(string id) => $"{Containers}/{id}/upper";

    /// <summary>overlayfs's workdir, on the same file system as the writable layer.</summary>
    public string Work(string id) => $"{Containers}/{id}/work";

    /// <summary>Locked by whoever removes the container, from before its state says so until the directory is gone.</summary>
    public string RemovalMark(string id) => $"{Containers}/{id}/removing";

    /// <summary>The newest log file; rotated ones have .1, .2, … appended.</summary>
    public string Log(string id) => $"{Containers}/{id}/log.json";
}
