namespace Skiff.Linux.Actions;

/// <summary>One change that the engine makes to the host, as a value: a plan prints it, runs it, times it and takes it back from the same object.</summary>
public abstract record HostAction
{
    /// <summary>The system call or message in strace's manner, decoded: <c>mkdir("/sys/fs/cgroup/pids/skiff/ab12", 0755)</c>.</summary>
    public abstract string Text { get; }

    /// <summary>The manual page that explains it, such as <c>mkdir(2)</c> or <c>rtnetlink(7)</c>.</summary>
    public abstract string ManPage { get; }

    /// <summary>Does it; throws <see cref="LinuxException"/> when the kernel refuses.</summary>
    public abstract void Run();

    /// <summary>What takes it back when the container ends or a later step fails; null where the kernel cleans up by itself.</summary>
    public virtual HostAction? Undo => null;
}

/// <summary>mkdir(2); an existing directory is fine. Undone by rmdir(2) unless <paramref name="Keep"/>.</summary>
/// <param name="Path">Absolute path in the store or in cgroupfs.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Keep">True for a directory shared with other containers.</param>
public sealed record MakeDirectory(string Path, uint Mode = 0x1ED, bool Keep = false) : HostAction
{
    /// <inheritdoc/>
    public override string Text => $"mkdir(\"{Path}\", 0{Convert.ToString(Mode, 8)})";

    /// <inheritdoc/>
    public override string ManPage => "mkdir(2)";

    /// <inheritdoc/>
    public override HostAction? Undo => Keep ? null : new RemoveDirectory(Path);

    /// <inheritdoc/>
    public override void Run()
    {
        int errno = Files.TryMakeDirectory(Path, Mode);
        if (errno is not (0 or Errno.EEXIST))
        {
            throw new LinuxException("mkdir", Path, errno);
        }
    }
}

/// <summary>rmdir(2); a missing directory is fine.</summary>
/// <param name="Path">Absolute path.</param>
public sealed record RemoveDirectory(string Path) : HostAction
{
    /// <inheritdoc/>
    public override string Text => $"rmdir(\"{Path}\")";

    /// <inheritdoc/>
    public override string ManPage => "rmdir(2)";

    /// <inheritdoc/>
    public override void Run()
    {
        int errno = Files.TryRemove(Path, directory: true);
        if (errno is not (0 or Errno.ENOENT))
        {
            throw new LinuxException("rmdir", Path, errno);
        }
    }
}

/// <summary>Writes one value into a kernel file: a limit of a cgroup, a sysctl.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Value">The bytes of one write(2), as text.</param>
/// <param name="ManPage">The page that explains the file, such as <c>cgroups(7)</c>.</param>
/// <param name="Asked">The user's words for it, such as <c>--memory 64m</c>, for the error message; null for the engine's own.</param>
public sealed record WriteValue(string Path, string Value, string ManPage, string? Asked = null) : HostAction
{
    /// <inheritdoc/>
    public override string Text => $"write(\"{Path}\", \"{Value.ReplaceLineEndings("\\n")}\")";

    /// <inheritdoc/>
    public override string ManPage { get; } = ManPage;

    /// <inheritdoc/>
    public override void Run()
    {
        int errno = Files.TryWriteValue(Path, Value);
        if (errno != 0)
        {
            throw new LinuxException(Asked is null ? "write" : $"{Asked}: write", $"\"{Value}\" to {Path}", errno);
        }
    }
}
