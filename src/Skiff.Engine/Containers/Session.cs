using Skiff.Linux;

namespace Skiff.Engine.Containers;

/// <summary>The lock that a foreground command holds on runroot/sessions/&lt;id&gt;: the kernel releases it however the command ends, so a free lock means that it is gone.</summary>
public static class Session
{
    /// <summary>Makes the file and takes its lock; keep the result until the container is cleaned up, then call <see cref="Remove"/> and dispose of it.</summary>
    public static FileLock Begin(EnginePaths paths, string id)
    {
        string path = paths.Session(id);
        while (true)
        {
            FileLock session;
            try
            {
                session = FileLock.Acquire(path);
            }
            catch (LinuxException e) when (e.Errno == Errno.ENOENT)
            {
                MakeDirectories(paths.Sessions);
                continue;
            }
            if (Files.IsLinked(session.Fd))
            {
                SessionOwner.Write(session.Fd);
                return session;
            }
            session.Dispose(); // a reconciler found the file between its creation and our lock
        }
    }

    /// <summary>The lock of a session whose command is gone, or is going and has left it a moment later; null when it lives or the file is gone.</summary>
    public static FileLock? TryTakeDead(EnginePaths paths, string id)
    {
        SessionOwner owner = new(id);
        return FileLock.TryAcquireExisting(paths.Session(id), owner.Patience);
    }

    /// <summary>True while a command holds the session. Waits for nothing.</summary>
    public static bool IsHeld(EnginePaths paths, string id)
    {
        if (!Files.Exists(paths.Session(id)))
        {
            return false;
        }
        using FileLock? taken = FileLock.TryAcquireExisting(paths.Session(id));
        return taken is null && Files.Exists(paths.Session(id));
    }

    /// <summary>True when no session file exists.</summary>
    public static bool IsFree(EnginePaths paths, string id) => !Files.Exists(paths.Session(id));

    /// <summary>Adds a line to the file, whose first one names its <see cref="SessionOwner"/>. A container that leaves nothing (run --rm in the foreground) has its record there in the next line and its state in
    /// the one after that, in memory instead of on the disk: what ends with its command need not survive a reboot.</summary>
    public static void Append(FileLock session, ReadOnlySpan<byte> json)
    {
        byte[] line = new byte[json.Length + 1];
        json.CopyTo(line);
        line[^1] = (byte)'\n';
        Files.WriteAll(session.Fd, line, "session");
    }

    /// <summary>A whole line of the file after its owner's; null when it is not there (yet).</summary>
    internal static byte[]? Line(EnginePaths paths, string id, int number)
    {
        ReadOnlySpan<byte> rest = SessionOwner.Skip(Files.TryReadAll(paths.Session(id), out _));
        while (rest.IndexOf((byte)'\n') is int end and >= 0)
        {
            if (number-- == 0)
            {
                return rest[..end].ToArray();
            }
            rest = rest[(end + 1)..];
        }
        return null;
    }

    /// <summary>Removes the file; its lock must be held.</summary>
    public static void Remove(EnginePaths paths, string id) => _ = Files.TryRemove(paths.Session(id));

    private static void MakeDirectories(string path)
    {
        int errno = Files.TryMakeDirectory(path, 0x1C0);
        if (errno == Errno.ENOENT && Path.GetDirectoryName(path) is string parent)
        {
            MakeDirectories(parent);
            errno = Files.TryMakeDirectory(path, 0x1C0);
        }
        if (errno is not (0 or Errno.EEXIST))
        {
            throw new LinuxException("mkdir", path, errno);
        }
    }
}
