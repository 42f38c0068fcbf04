using Skiff.Linux.Actions;

namespace Skiff.Linux.Cgroups;

/// <summary>Makes a cgroup: mkdir(2) in cgroupfs; an existing one is fine.</summary>
/// <param name="Path">Absolute path of the directory.</param>
/// <param name="Keep">True for a parent that containers share; the container's own is taken away by <see cref="RemoveCgroup"/>.</param>
public sealed record MakeCgroup(string Path, bool Keep = false) : HostAction
{
    private const uint Mode = 0x1ED; // 0755

    /// <inheritdoc/>
    public override string Text => $"mkdir(\"{Path}\", 0755)";

    /// <inheritdoc/>
    public override string ManPage => "cgroups(7)";

    /// <inheritdoc/>
    public override HostAction? Undo => Keep ? null : new RemoveCgroup(Path);

    /// <summary>Runs actions in their order. A parent that containers share is nearly always there, so it is made only where its child cannot be.</summary>
    public static void RunAll(IReadOnlyList<HostAction> actions)
    {
        for (int i = 0; i < actions.Count; i++)
        {
            if (
                actions[i] is MakeCgroup { Keep: true } parent
                && i + 1 < actions.Count
                && actions[i + 1] is MakeCgroup own
                && own.Path.StartsWith(parent.Path, StringComparison.Ordinal)
                && Files.TryMakeDirectory(own.Path, Mode) is 0 or Errno.EEXIST
            )
            {
                i++;
                continue;
            }
            actions[i].Run();
        }
    }

    /// <inheritdoc/>
    public override void Run()
    {
        int errno = Files.TryMakeDirectory(Path, Mode);
        if (errno is not (0 or Errno.EEXIST))
        {
            throw errno is Errno.EROFS or Errno.EACCES or Errno.EPERM
                ? new SkiffException(
                    $"cannot make the cgroup {Path}: {Errno.Describe(errno)}; run as root with a writable /sys/fs/cgroup",
                    125
                )
                : new LinuxException("mkdir", Path, errno);
        }
    }
}

/// <summary>Writes one limit that a user asked for; a refusal names the flag, the reason and the way out.</summary>
/// <param name="Path">The file of the cgroup.</param>
/// <param name="Value">The bytes of one write(2).</param>
/// <param name="Asked">The flag with its value: <c>--memory 67108864</c>.</param>
/// <param name="Alternative">Another file that takes the same value where <paramref name="Path"/> does not exist, such as <c>blkio.weight</c> for <c>blkio.bfq.weight</c>.</param>
public sealed record WriteLimit(string Path, string Value, string Asked, string? Alternative = null) : HostAction
{
    /// <inheritdoc/>
    public override string Text => $"write(\"{Path}\", \"{Value}\")";

    /// <inheritdoc/>
    public override string ManPage => "cgroups(7)";

    /// <inheritdoc/>
    public override void Run()
    {
        int errno = Files.TryWriteValue(Path, Value);
        if (errno == Errno.ENOENT && Alternative is not null)
        {
            errno = Files.TryWriteValue(Alternative, Value);
        }
        if (errno != 0)
        {
            throw new SkiffException($"{Asked}: {Reason(errno)}", 125);
        }
    }

    private string Reason(int errno)
    {
        string file = System.IO.Path.GetFileName(Path);
        return errno switch
        {
            Errno.ENOENT or Errno.EOPNOTSUPP =>
                $"this kernel has no {file}, so the limit cannot be set; leave the flag out or use a kernel with that feature",
            Errno.EBUSY => $"the kernel cannot lower {file} to \"{Value}\" because more than that is in use; choose a larger value",
            Errno.EINVAL or Errno.ERANGE =>
                $"the kernel does not accept \"{Value}\" for {file}; the value is out of range or larger than what the parent cgroup allows",
            Errno.ENODEV => $"there is no such device for {file} (\"{Value}\"); lsblk shows the numbers of whole disks",
            Errno.EACCES or Errno.EPERM or Errno.EROFS => $"no permission to write {Path}; run as root with a writable cgroup file system",
            _ => $"writing \"{Value}\" to {Path} failed: {Errno.Describe(errno)}",
        };
    }
}

/// <summary>Gives a new version 1 cpuset its parent's CPUs and memory nodes: while either list is empty the kernel lets no task in (ENOSPC; kernel: admin-guide/cgroup-v1/cpusets.rst).</summary>
/// <param name="Path">The cpuset cgroup.</param>
/// <param name="MountPoint">Of the hierarchy: its root is never empty.</param>
public sealed record FillCpuset(string Path, string MountPoint) : HostAction
{
    /// <inheritdoc/>
    public override string Text => $"copy(\"{System.IO.Path.GetDirectoryName(Path)}/cpuset.{{cpus,mems}}\", \"{Path}\")";

    /// <inheritdoc/>
    public override string ManPage => "cpuset(7)";

    /// <inheritdoc/>
    public override void Run()
    {
        // With clone_children the kernel has copied both lists on mkdir already, also for the children of this one.
        if (IsEmpty("/cpuset.cpus") || IsEmpty("/cpuset.mems"))
        {
            if (System.IO.Path.GetDirectoryName(Path) is { } parent && parent.Length > MountPoint.Length)
            {
                new FillCpuset(parent, MountPoint).Run();
            }
            Copy("/cpuset.cpus");
            Copy("/cpuset.mems");
            _ = Files.TryWriteValue(Path + "/cgroup.clone_children", "1");
        }
    }

    private bool IsEmpty(string file) => Files.TryReadAll(Path + file, out _) is null or [] or [(byte)'\n'];

    private void Copy(string file)
    {
        string value = Files.TryReadText(System.IO.Path.GetDirectoryName(Path) + file, out int errno) ?? "";
        errno = errno != 0 ? errno : Files.TryWriteValue(Path + file, value.TrimEnd('\n'));
        if (errno != 0)
        {
            throw new LinuxException("write", Path + file, errno);
        }
    }
}

/// <summary>Lets the children of a version 2 cgroup have controllers: <c>cgroup.subtree_control</c>.</summary>
/// <param name="Path">The parent cgroup.</param>
/// <param name="Controllers">Names such as <c>memory</c>.</param>
public sealed record EnableControllers(string Path, IReadOnlyList<string> Controllers) : HostAction
{
    private string Value => "+" + string.Join(" +", Controllers);

    /// <inheritdoc/>
    public override string Text => $"write(\"{Path}/cgroup.subtree_control\", \"{Value}\")";

    /// <inheritdoc/>
    public override string ManPage => "cgroups(7)";

    /// <inheritdoc/>
    public override void Run()
    {
        int errno = Files.TryWriteValue(Path + "/cgroup.subtree_control", Value);
        if (errno == 0)
        {
            return;
        }
        string controllers = string.Join(", ", Controllers);
        throw new SkiffException(
            errno switch
            {
                Errno.EBUSY =>
                    $"cannot enable {controllers} below the cgroup {Path}: processes live in it directly, and cgroup v2 allows limits only below a cgroup without any (cgroups(7), \"no internal processes\"); move them into a child cgroup, or give --cgroup-parent",
                Errno.ENOENT =>
                    $"cannot enable {controllers} below the cgroup {Path}: its own parent does not offer them; enable them in the cgroup.subtree_control above, or give --cgroup-parent",
                _ => $"cannot enable {controllers} below the cgroup {Path}: {Errno.Describe(errno)}",
            },
            125
        );
    }
}

/// <summary>Writes several rules to one file of the version 1 devices controller, one write(2) each.</summary>
/// <param name="Path"><c>devices.allow</c> or <c>devices.deny</c>.</param>
/// <param name="Rules">Lines such as <c>c 1:3 rwm</c>.</param>
public sealed record WriteDeviceRules(string Path, IReadOnlyList<string> Rules) : HostAction
{
    /// <inheritdoc/>
    public override string Text => $"write(\"{Path}\", \"{string.Join("\"), write(\"", Rules)}\")";

    /// <inheritdoc/>
    public override string ManPage => "cgroups(7)";

    /// <inheritdoc/>
    public override void Run()
    {
        using SafeFd fd = Files.Open(Path, OpenFlags.O_WRONLY);
        Span<byte> line = stackalloc byte[64];
        foreach (string rule in Rules)
        {
            int length = System.Text.Encoding.ASCII.GetBytes(rule, line);
            int errno = Files.TryWriteAll(fd.Value, line[..length]);
            if (errno != 0)
            {
                throw new SkiffException(
                    $"the device rule \"{rule}\" was refused by {Path}: {Errno.Describe(errno)}; the cgroup that Skiff itself runs in may not have that device",
                    125
                );
            }
        }
    }
}
