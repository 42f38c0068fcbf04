using Skiff.Engine.Spec;

namespace Skiff.Engine.Plan;

/// <summary>Why a mount is made, in one sentence each.</summary>
internal static class MountReasons
{
    internal static string Why(MountSpec mount) =>
        mount.Destination switch
        {
            "/proc" => "/proc shows the container its own processes: it belongs to the pid namespace of whoever mounts it.",
            "/dev" => "/dev is a small file system in memory with only the devices that every program expects.",
            "/dev/pts" => "Pseudo-terminals of the container live in an instance of their own.",
            "/dev/shm" => "POSIX shared memory, with a limit, and gone with the container.",
            "/dev/mqueue" => "POSIX message queues belong to the container's ipc namespace.",
            "/sys" => "/sys shows the devices that the container's network namespace may see, read-only.",
            "/sys/fs/cgroup" => "The container may read its own limits, and not write them.",
            "/etc/resolv.conf" => "Name servers for the container, made from the host's or from --dns.",
            "/etc/hosts" => "Names that need no server: its own and those of --add-host.",
            "/etc/hostname" => "The file that says what uname(2) says.",
            _ when mount.Type == "tmpfs" => $"Memory on {mount.Destination}, as asked.",
            _ when mount.IsBind => $"{mount.Source} of the host appears on {mount.Destination}.",
            _ => $"A {mount.Type} file system on {mount.Destination}.",
        };
}
