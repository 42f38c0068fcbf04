using System.Diagnostics;
using Skiff.Engine.Plan;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Launch;

/// <summary>A container's first process, made before anything else is known of it: it makes its namespaces while the engine looks up the image and makes the spec. See docs/decisions/014.</summary>
public sealed class Newborn : IDisposable
{
    private readonly string _id;
    private readonly Conception _first;
    private readonly FileLock? _session;
    private SafeFd? _cgroup;
    private bool _taken;

    private Newborn(string id, Conception first, LaunchPlanner planner, CgroupLayout layout, FileLock? session)
    {
        _id = id;
        _first = first;
        _session = session;
        Planner = planner;
        Layout = layout;
    }

    /// <summary>The plan so far.</summary>
    internal LaunchPlanner Planner { get; }

    /// <summary>The cgroup hierarchies of the host.</summary>
    internal CgroupLayout Layout { get; }

    /// <summary>The namespaces that it is in, or will be in a moment.</summary>
    internal CloneFlags Namespaces { get; private init; }

    /// <summary>The process; it waits for the rest of its program.</summary>
    internal SpawnedProcess Process { get; private set; } = null!;

    /// <summary>With a terminal: the pair of sockets over which its master is sent.</summary>
    internal (SafeFd? Parent, SafeFd? Child) Console { get; private set; }

    /// <summary>Its end's descriptor, there; -1 without a terminal.</summary>
    internal int ConsoleValue { get; private init; } = -1;

    /// <summary>The process that began before; null for none. It is its owner's.</summary>
    internal HeadStart? Ahead => _first.Ahead;

    /// <summary>When the host's steps began and ended, CLOCK_MONOTONIC in nanoseconds.</summary>
    internal Dictionary<HostMoment, (long Begin, long End)> Times { get; } = [];

    /// <summary>Makes it; null where the flags are such that more must be known first.</summary>
    /// <param name="id">The container. Something that leads to it must be on the disk already: a session or a record.</param>
    /// <param name="options">What is asked.</param>
    /// <param name="wishes">How the starter wants to be connected.</param>
    /// <param name="session">The session's lock, which whoever makes something for the container holds as well; null for none.</param>
    /// <exception cref="SkiffException">It could not be made; nothing is left. Exit code 125.</exception>
    public static Newborn? TryBear(string id, RunOptions options, LaunchWishes wishes, FileLock? session = null)
    {
        Newborn? newborn = TryConceive(id, options, wishes, session);
        newborn?.Bear(wishes.Traced);
        return newborn;
    }

    /// <summary>Makes everything but the process; null where the flags are such that more must be known first.</summary>
    /// <exception cref="SkiffException">It could not be made; nothing is left. Exit code 125.</exception>
    internal static Newborn? TryConceive(string id, RunOptions options, LaunchWishes wishes, FileLock? session, int parentsChannel = -1)
    {
        if (Conception.NamespacesOf(options) is { } namespaces)
        {
            return Conceive(id, namespaces, NetworkLaunch.HasCable(options), wishes, session, parentsChannel);
        }
        HeadStart.Dismiss();
        return null;
    }

    /// <summary>Makes everything but the process.</summary>
    /// <exception cref="SkiffException">It could not be made; nothing is left. Exit code 125.</exception>
    private static Newborn Conceive(
        string id,
        CloneFlags namespaces,
        bool hasCable,
        LaunchWishes wishes,
        FileLock? session,
        int parentsChannel
    )
    {
        CgroupLayout layout = HostCgroups.Detect();
        (string parent, string name) = Place(id);
        IReadOnlyList<HostAction> birthplace = Cgroup.Birthplace(layout, parent, name);
        (SafeFd? Parent, SafeFd? Child) console = wishes.Terminal ? ContainerLaunch.SocketPair() : (null, null);
        (IReadOnlyList<HostAction> cgroups, IReadOnlyList<string> join) = CgroupProgram.Early(layout, parent, name);
        ReportChannel channel = new(); // all that can fail comes before anybody is given something to make
        HeadStart? ahead = HeadStart.Take(namespaces);
        bool aheadMakes = Conception.Prepare(ahead, cgroups);
        if (aheadMakes)
        {
            ahead!.Give(session?.Fd); // at once: it shares its processor with the process that is made next
        }
        Conception first = new()
        {
            Namespaces = namespaces,
            DiesWithParent = wishes.DiesWithParent,
            HasCable = hasCable,
            ParentsChannel = parentsChannel,
            Kept = wishes.Session is { } lease
                ?
                [
                    lease.Fd.Value,
                    wishes.Standard.In,
                    wishes.Standard.Out,
                    wishes.Standard.Error,
                    console.Child?.Value ?? -1,
                    ahead?.Descriptor ?? -1,
                    ahead?.News ?? -1,
                ]
                : null,
            Ahead = ahead,
            AheadMakesCgroups = aheadMakes,
            Processors = ProcessorMask.OfThisProcess(),
            Birthplace = birthplace,
            V2Directory = birthplace.Count == 0 ? null : ((MakeCgroup)birthplace[^1]).Path,
            Cgroups = cgroups,
            JoinFiles = join,
            Told = wishes.Traced,
        };
        Newborn conceived = new(id, first, LaunchPlanner.Conceive(first, channel), layout, session)
        {
            Namespaces = namespaces,
            Console = console,
            ConsoleValue = console.Child?.Value ?? -1,
        };
        conceived.Guarded(() =>
            conceived.Timed(
                HostMoment.Birthplace,
                () =>
                {
                    MakeCgroup.RunAll(birthplace);
                    conceived._cgroup = first.V2Directory is { } directory
                        ? Files.Open(directory, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY)
                        : null;
                }
            )
        );
        return conceived;
    }

    /// <summary>Lets another process be its parent, which is about to be started and shares our memory until then.</summary>
    /// <param name="parent">Its parent's program.</param>
    /// <param name="kept">What the parent, and the container's standard streams, need beside the descriptors of this object: all others are closed first of all. They may be of a container that another thread starts,
    /// whose end of a channel nobody else may keep open: each would wait for the other's.</param>
    internal Grandchild Embed(ChildProgram parent, params ReadOnlySpan<int> kept)
    {
        parent.CloseOthers(
            3,
            [
                .. kept,
                Plan.Channel!.Parent.Value,
                Plan.Channel.ChildValue,
                ConsoleValue,
                Console.Parent?.Value ?? -1,
                _cgroup?.Value ?? -1,
                Ahead?.Descriptor ?? -1,
                Ahead?.News ?? -1,
            ]
        );
        Grandchild child = Spawn.Embed(parent, Plan.Program, Plan.Channel!, Plan.Namespaces, _cgroup);
        // The two, and the command, see the end of one another only if nobody else keeps a copy of a side of the channel.
        parent.Call(SyscallNumber.close, Plan.Channel.Parent.Value);
        parent.Call(SyscallNumber.close, Plan.Channel.ChildValue);
        return child;
    }

    /// <summary>That process has been started. It has the other end of the console.</summary>
    /// <exception cref="SkiffException">It did not make it; nothing is left. Exit code 125.</exception>
    internal void Born(Grandchild child, SpawnedProcess parent) =>
        Guarded(() =>
        {
            Process = child.Born(parent);
            Separate();
            Accompany();
            Console.Parent?.Dispose();
            Console = (null, null);
        });

    private void Bear(bool traced) =>
        Guarded(() =>
        {
            Timed(
                HostMoment.Birth,
                () =>
                {
                    Process = Spawn.Start(Plan.Program, Plan.Channel!, Plan.Namespaces, _cgroup, traced);
                    Separate();
                }
            );
            Accompany();
        });

    /// <summary>While the child is at its namespaces it gets a processor of its own, and the cgroups that it will wait for.</summary>
    private void Accompany()
    {
        if (_first.Processors is not null)
        {
            ProcessorMask.Separate(Process.Pid);
        }
        if (_first.LeavesCgroups)
        {
            Timed(HostMoment.EarlyCgroups, () => MakeCgroup.RunAll(_first.Cgroups));
            Process.Channel.Release();
        }
    }

    private LaunchPlan Plan => Planner.Plan;

    /// <summary>What only the child needs from now on.</summary>
    private void Separate()
    {
        Console.Child?.Dispose();
        _cgroup?.Dispose();
    }

    private void Guarded(Action work) => ContainerLaunch.Guarded(this, work);

    /// <summary>It becomes a container: whoever calls this answers for it from now on.</summary>
    internal void Take() => _taken = true;

    /// <summary>Ends it, unless it has become a container.</summary>
    public void Dispose()
    {
        if (_taken)
        {
            return;
        }
        _taken = true;
        if (Process is not null)
        {
            _ = Process.Pidfd.Signal(Signals.SIGKILL);
            _ = Process.Pidfd.Wait();
        }
        Ahead?.Dispose(); // it may be at the cgroups still
        (string parent, string name) = Place(_id);
        try
        {
            Cgroup.At(Layout, parent, name).Remove();
        }
        catch (LinuxException)
        {
            // the next command finds it by the session
        }
        Console.Parent?.Dispose();
        Separate();
        Process?.Dispose();
        Plan.Dispose();
    }

    private void Timed(HostMoment moment, Action work)
    {
        long begin = Stopwatch.GetTimestamp();
        work();
        Times[moment] = (Nanoseconds(begin), Nanoseconds(Stopwatch.GetTimestamp()));
    }

    private static long Nanoseconds(long timestamp) => timestamp * (1_000_000_000 / Stopwatch.Frequency);

    private static (string Parent, string Name) Place(string id)
    {
        string path = SpecBuilder.CgroupsPath(null, id);
        return (Path.GetDirectoryName(path) ?? "/", Path.GetFileName(path));
    }
}
