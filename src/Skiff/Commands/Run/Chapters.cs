using Skiff.Engine.Plan;

namespace Skiff.Commands.Run;

/// <summary>The chapters of the lesson: their titles, and the sentence that begins each.</summary>
internal static class Chapters
{
    internal static string Title(Block block) =>
        block switch
        {
            Block.ProcAndDev => "/proc and /dev",
            Block.CleanUp => "clean-up",
            _ => block.ToString().ToLowerInvariant(),
        };

    internal static string Intro(Block block) =>
        block switch
        {
            Block.Image => "An image is files and a few settings; a container is a process that sees those files and nothing else.",
            Block.Filesystem => "The process gets a tree of mounts of its own: read-only image layers below, a writable directory on top.",
            Block.Namespaces =>
                "A namespace is the kernel's way to show a process its own list of something: mounts, processes, interfaces, names.",
            Block.ProcAndDev => "Programs expect a few kernel file systems and devices; the dangerous parts of them are covered.",
            Block.Cgroup => "Namespaces decide what a process sees, cgroups what it may use.",
            Block.Network => "A new network namespace is empty: not even loopback is up.",
            Block.Identity => "Root in a container is root with most of its rights taken away, one mechanism after the other.",
            Block.Exec => "Everything is in place: the command takes over the process.",
            Block.CleanUp => "The kernel forgets most of a container by itself.",
            _ => "",
        };
}
