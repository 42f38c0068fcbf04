using Skiff.Linux.Actions;
using Skiff.Linux.Netlink;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

public sealed partial class LaunchPlanner
{
    private const string CgroupWhy = "A cgroup of its own lets the kernel count and limit what the container uses.";

    /// <summary>A container in the background, to be explained: those that are traced are in the foreground.</summary>
    private bool Watched => _early && _first is { Told: true, DiesWithParent: false };

    private void TellImage()
    {
        if (_in.Story is { } story)
        {
            Tell(
                HostMoment.Image,
                Block.Image,
                "An image is a list of layers and a config, found by name: nothing is copied or unpacked now.",
                story.Image
            );
        }
    }

    private void TellPreparation()
    {
        if (_in.Story is { } story)
        {
            Tell(
                HostMoment.Files,
                Block.Filesystem,
                "A container is a directory with its record, a writable layer, and the files of /etc that are its own.",
                story.Files
            );
            Tell(
                HostMoment.SharedNetwork,
                Block.Network,
                "The container gets an address. The first one of a network makes the network: forwarding, a bridge, and rules that let its containers out and published ports in.",
                story.SharedNetwork
            );
            if (_in.Lent is { } lent)
            {
                Tell(
                    HostMoment.Mounts,
                    Block.Filesystem,
                    "The host opens what the container may not reach by itself, as mount trees that are nowhere yet: the store is closed to all but root.",
                    lent.Calls
                );
            }
        }
    }

    private void TellCgroup(IReadOnlyList<HostAction> actions) => Tell(HostMoment.Cgroup, Block.Cgroup, CgroupWhy, actions);

    private void TellBirth(IReadOnlyList<(string Type, string Path, int Descriptor)> joinedBefore)
    {
        if (!_first.Told)
        {
            return;
        }
        if (Watched)
        {
            Tell(
                HostMoment.None,
                Block.Namespaces,
                "A container in the background is watched by a process of its own. That is made first, since only a parent learns how its child ends: it bears the container's first process, and waits until the command has launched the container.",
                [
                    new LauncherCall(
                        $"clone3({{flags={CloneText.Flags(CloneFlags.CLONE_VM, false)}, exit_signal=SIGCHLD}}, 88) = monitor",
                        "clone(2)"
                    ),
                ]
            );
        }
        if (_first.Ahead is not null)
        {
            Tell(
                HostMoment.None,
                Block.Namespaces,
                "The kernel takes longest for these namespaces. A process that begins before anything else makes them, and sets their loopback device up, on one processor while the engine gets ready on another.",
                [
                    new LauncherCall("clone(NULL, CLONE_PIDFD|SIGCHLD) = ahead", "clone(2)"),
                    new LauncherCall($"unshare({CloneText.Namespaces(HeadStart.Namespaces)}) in ahead", "unshare(2)"),
                    ContainerLink.LoopbackUp,
                ]
            );
        }
        Tell(
            HostMoment.Birthplace,
            Block.Cgroup,
            "Whoever is born in a cgroup need not be moved there, which the kernel makes everybody wait for: so this one is made first.",
            _first.Birthplace
        );
        string cgroup = _first.V2Directory is { } directory ? $", cgroup=\"{directory}\"" : "";
        string flags = CloneText.Flags(_plan.Namespaces, _first.V2Directory is not null);
        LauncherCall call = new($"clone3({{flags={flags}, exit_signal=SIGCHLD{cgroup}}}, 88) = pid", "clone(2)");
        if (joinedBefore.Count > 0)
        {
            List<LauncherCall> joins = [];
            foreach ((string _, string path, int _) in joinedBefore)
            {
                joins.Add(new LauncherCall($"setns(open(\"{path}\"), 0)", "setns(2)"));
            }
            Tell(
                HostMoment.None,
                Block.Namespaces,
                _userNamespace
                    ? "Namespaces of others cannot be joined from inside of a user namespace: the container is born in them."
                    : "Nobody can move to another pid namespace: the engine joins it for its children, so that the container's first process is born there.",
                joins
            );
        }
        Tell(
            HostMoment.Birth,
            Block.Namespaces,
            "One system call makes the container's first process; a descriptor names it for good.",
            [call]
        );
        if (_first.Processors is not null)
        {
            Tell(
                HostMoment.None,
                Block.Namespaces,
                "The kernel may have put the new process behind the engine, where it would wait for its turn: it is sent to another processor.",
                [new LauncherCall("sched_setaffinity(pid, 128, {all but the engine's own})", "sched_setaffinity(2)")]
            );
        }
        if (_first.LeavesCgroups || _first.AheadMakesCgroups)
        {
            Tell(HostMoment.EarlyCgroups, Block.Cgroup, CgroupWhy, _first.Cgroups);
        }
    }

    private void TellIdMaps()
    {
        if (_in.Story is not null)
        {
            Tell(
                HostMoment.IdMaps,
                Block.Identity,
                "The host says which of its users the container's users are.",
                [
                    new LauncherCall("write(\"/proc/PID/uid_map\", …)", "user_namespaces(7)"),
                    new LauncherCall("write(\"/proc/PID/gid_map\", …)", "user_namespaces(7)"),
                ]
            );
        }
    }

    private void TellNetwork()
    {
        if (_in.Story is { } story)
        {
            Tell(
                HostMoment.Network,
                Block.Network,
                _in.Rootless
                    ? "Meanwhile the network namespace gets a process that carries its connections as sockets of the user: pasta(1)."
                    : "Meanwhile the host lays the cable: a veth pair from its bridge into the new network namespace, and the published ports.",
                story.Network
            );
        }
    }

    private void TellEnd()
    {
        if (_in.Story is not { } story)
        {
            return;
        }
        if (Watched)
        {
            Tell(
                HostMoment.None,
                Block.Exec,
                "The command leaves the container to the process that waits, and ends. Only now that one becomes the monitor, or, where nothing is to be done for the container yet, a few pages of machine code that sleep until there is.",
                [
                    new LauncherCall(
                        "execveat(memfd, \"\", …, AT_EMPTY_PATH) in the monitor: ppoll([signals, first process, standard output, standard error])",
                        "ppoll(2)"
                    ),
                    new LauncherCall("execve(\"/proc/self/exe\", [\"skiff\", …, \"monitor\", ID, …]) in the monitor", "execve(2)"),
                ]
            );
        }
        Tell(
            HostMoment.Wait,
            Block.Exec,
            Watched
                ? "The monitor sleeps until there is something to do: output for the log, a command that asks, a health check, or the end of the first process, whose exit code is the container's."
                : "The engine sleeps until the first process ends; its exit code is the container's.",
            [new LauncherCall("waitid(P_PIDFD, pidfd, {…}, WEXITED, NULL)", "waitid(2)")]
        );
        Tell(
            HostMoment.CleanUp,
            Block.CleanUp,
            "With its last process the container's mounts and namespaces vanish by themselves; what is left is given back.",
            [.. _in.Cgroup.Remove, .. story.CleanUp]
        );
    }

    private void Tell(HostMoment moment, Block block, string why, IReadOnlyList<HostAction> actions)
    {
        if (actions.Count > 0)
        {
            _plan.Host(moment, block, why, actions);
        }
    }

    /// <summary>Descriptors that come from outside, by the names that the lesson uses.</summary>
    private void NameDescriptors()
    {
        if (_in.Story is null)
        {
            return;
        }
        _p.NameDescriptor(Channel, "channel");
        _p.NameDescriptor(HostEnd, "the host's end of the channel");
        _p.NameDescriptor(_in.Trampoline, "trampoline");
        if (_first.Ahead is { } ahead)
        {
            _p.NameDescriptor(ahead.Descriptor, "ahead");
            _p.NameDescriptor(ahead.News, "news of ahead");
        }
        _p.NameDescriptor(ExampleChannel, "the command's channel to the parent");
        if (_in.ConsoleSocket != -1)
        {
            _p.NameDescriptor(_in.ConsoleSocket, "console");
        }
        foreach ((string _, string path, int descriptor) in _in.Joined)
        {
            _p.NameDescriptor(descriptor, path);
        }
        for (int i = 0; i < _in.Secrets.Count; i++)
        {
            if (_in.Secrets[i].Descriptor is { } secret)
            {
                _p.NameDescriptor(secret, $"secret{i}");
            }
        }
        if (_in.Lent is { } lent)
        {
            for (int i = 0; i < lent.Trees.Count; i++)
            {
                if (lent.Trees[i] is { } tree)
                {
                    _p.NameDescriptor(tree.Descriptor, $"tree{i}");
                }
            }
            if (lent.Root is int root)
            {
                _p.NameDescriptor(root, "root");
            }
        }
        foreach ((string path, int descriptor) in _in.CgroupDescriptors)
        {
            _p.NameDescriptor(descriptor, path);
        }
    }
}
