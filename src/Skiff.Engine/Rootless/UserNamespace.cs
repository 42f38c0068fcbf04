using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Rootless;

/// <summary>
/// The user namespace that all containers and commands of a user are in, as long as one of them lives: a process can only enter a container of its own user namespace. Nobody keeps it alive; a file names a
/// process that was in it. Where that one has ended, the namespace is searched by its number, and where nobody is in it any more, there is nothing left of it and a new one is made.
/// </summary>
/// <param name="runroot">The directory with that file.</param>
/// <param name="user">The user.</param>
internal sealed class UserNamespace(string runroot, RootlessUser user)
{
    private readonly string _file = runroot + "/userns";

    /// <summary>Opens it, or makes it.</summary>
    /// <param name="gate">When it was made: held until this process is in it, so that others find it. Null when others are in it.</param>
    internal SafeFd Open(out FileLock? gate)
    {
        gate = null;
        if (Recorded(out _) is { } living)
        {
            return living;
        }
        gate = FileLock.Acquire(_file + ".lock");
        if ((Recorded(out ulong number) ?? (number == 0 ? null : Search(number))) is { } found)
        {
            gate.Dispose();
            gate = null;
            return found;
        }
        SafeFd made = NewUserNamespace.Make(user);
        Record(Environment.ProcessId, made);
        return made;
    }

    /// <summary>The namespace of the process that the file names; null where that has ended, or has not entered it yet.</summary>
    private SafeFd? Recorded(out ulong number)
    {
        number = 0;
        string[] words = Files.TryReadText(_file, out _)?.Split(' ') ?? [];
        if (
            words.Length != 3
            || !int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            || !long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out long start)
            || !ulong.TryParse(words[2].TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out number)
        )
        {
            return null;
        }
        return ProcessStat.TryRead(pid, out ProcessStat stat) && stat.StartTicks == start ? OpenOf(pid, number) : null;
    }

    /// <summary>Looks whether any process is in the namespace of this number. The number may have been given to another namespace since: one of the same user's with the same ids serves as well.</summary>
    private SafeFd? Search(ulong number)
    {
        string link = $"user:[{number}]";
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (
                int.TryParse(directory.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
                && Files.TryReadLink($"/proc/{pid}/ns/user", out _) == link
                && UserIdMap.Outside(UserIdMap.Parse(Files.TryReadText($"/proc/{pid}/uid_map", out _) ?? ""), 0) == user.Uid
                && OpenOf(pid, number) is { } found
            )
            {
                Record(pid, found);
                return found;
            }
        }
        return null;
    }

    private static SafeFd? OpenOf(int pid, ulong number)
    {
        SafeFd? fd = Files.TryOpen($"/proc/{pid}/ns/user", OpenFlags.O_RDONLY, out _);
        if (fd is not null && NumberOf(fd) != number)
        {
            fd.Dispose();
            return null;
        }
        return fd;
    }

    private static ulong NumberOf(SafeFd fd) => At.Stat(fd.Value, out StatxBuffer stat) == 0 ? stat.Inode : 0;

    private void Record(int pid, SafeFd ns)
    {
        if (ProcessStat.TryRead(pid, out ProcessStat stat))
        {
            string line = string.Create(CultureInfo.InvariantCulture, $"{pid} {stat.StartTicks} {NumberOf(ns)}\n");
            Files.Replace(_file, System.Text.Encoding.UTF8.GetBytes(line));
        }
    }
}
