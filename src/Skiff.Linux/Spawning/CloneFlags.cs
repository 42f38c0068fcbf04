namespace Skiff.Linux.Spawning;

/// <summary>Namespace flags of clone(2), unshare(2) and setns(2), and CLONE_VM.</summary>
[Flags]
public enum CloneFlags
{
    None = 0,
    CLONE_NEWTIME = 0x80,

    /// <summary>The child works in the parent's memory until it executes its target: no page table is copied and no page twice. See docs/decisions/010.</summary>
    CLONE_VM = 0x100,
    CLONE_NEWNS = 0x20000,
    CLONE_NEWCGROUP = 0x2000000,
    CLONE_NEWUTS = 0x4000000,
    CLONE_NEWIPC = 0x8000000,
    CLONE_NEWUSER = 0x10000000,
    CLONE_NEWPID = 0x20000000,
    CLONE_NEWNET = 0x40000000,
}
