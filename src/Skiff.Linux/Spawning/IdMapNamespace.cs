namespace Skiff.Linux.Spawning;

/// <summary>A user namespace in which nobody is: it only carries id maps, as mount_setattr(2) takes them for MOUNT_ATTR_IDMAP.</summary>
public static class IdMapNamespace
{
    /// <summary>Makes one and opens it. The process that it needs to be born with ends before this returns.</summary>
    /// <param name="uidMap">The lines of uid_map, user_namespaces(7).</param>
    /// <param name="gidMap">The lines of gid_map.</param>
    /// <exception cref="LinuxException">The kernel refuses: ENOSPC at the limit of user namespaces, EINVAL for overlapping ranges.</exception>
    public static SafeFd Open(string uidMap, string gidMap)
    {
        ReportChannel channel = new();
        using ChildProgram program = new();
        program.Wait(channel.ChildValue);
        using SpawnedProcess process = Spawn.Start(program, channel, CloneFlags.CLONE_NEWUSER);
        try
        {
            Write(process.Pid, "uid_map", uidMap);
            Write(process.Pid, "gid_map", gidMap);
            return Files.Open($"/proc/{process.Pid}/ns/user", OpenFlags.O_RDONLY);
        }
        finally
        {
            _ = process.Pidfd.Signal(Signals.SIGKILL);
            _ = process.Pidfd.Wait();
        }
    }

    /// <summary>Writes a process's id map; it can be written once.</summary>
    public static void Write(int pid, string file, string map)
    {
        int errno = Files.TryWriteValue($"/proc/{pid}/{file}", map);
        if (errno != 0)
        {
            throw new LinuxException(
                "write",
                $"\"{map.Trim().Replace("\n", "; ", StringComparison.Ordinal)}\" to the {file} of a user namespace",
                errno
            );
        }
    }
}
