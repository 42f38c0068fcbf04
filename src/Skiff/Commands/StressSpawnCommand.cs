using System.Globalization;
using System.Runtime.CompilerServices;
using Skiff.CommandLine;
using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Commands;

/// <summary><c>skiff __stress-spawn N</c>: starts N processes while other threads keep the garbage collector busy. The guard of the rule that only the interpreter runs after clone3, and of what runtime-start.c does with
/// static fields and finalizers; it means something in the published binary only.</summary>
internal static class StressSpawnCommand
{
    public static Command Define() =>
        new()
        {
            Name = "__stress-spawn",
            WorksOutside = true,
            Summary = "Start many processes under load of the garbage collector",
            Usage = "COUNT",
            MinArguments = 1,
            MaxArguments = 1,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        int count = int.Parse(invocation.Arguments[0], CultureInfo.InvariantCulture);
        using CancellationTokenSource stop = new();
        Thread[] load = new Thread[2];
        for (int i = 0; i < load.Length; i++)
        {
            load[i] = new Thread(() => Allocate(stop.Token));
            load[i].Start();
        }
        int collections = GC.CollectionCount(0);
        for (int i = 0; i < count; i++)
        {
            if (StartOne(i % 2 == 0 ? CloneFlags.None : CloneFlags.CLONE_VM) is var code && code != 42)
            {
                throw new SkiffException($"process {i} ended with {code} instead of 42");
            }
        }
        CollectEverything();
        collections = GC.CollectionCount(0) - collections;
        stop.Cancel();
        Array.ForEach(load, static thread => thread.Join());
        invocation.Output.Line($"{count} processes, {collections} collections, {Volatile.Read(ref Finalized.Count)} finalized");
        return 0;
    }

    /// <summary>All generations, with everything moved that may move; until the thread of finalizers has had its turn.</summary>
    private static void CollectEverything()
    {
        long until = Environment.TickCount64 + 10_000;
        do
        {
            MakeGarbage();
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            Thread.Yield();
        } while (Volatile.Read(ref Finalized.Count) == 0 && Environment.TickCount64 < until);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void MakeGarbage() => GC.KeepAlive(new Finalized());

    private sealed class Finalized
    {
        internal static int Count;

        ~Finalized() => Interlocked.Increment(ref Count);
    }

    /// <summary>Every second child is a fork, the others work in our memory.</summary>
    private static int StartOne(CloneFlags flags)
    {
        using ChildProgram program = new();
        ReportChannel channel = new();
        for (int i = 0; i < 50; i++)
        {
            program.Call(SyscallNumber.getpid);
        }
        program.Call(SyscallNumber.exit_group, 42);
        using SpawnedProcess process = Spawn.Start(program, channel, flags);
        return process.Pidfd.Wait()?.ShellCode ?? -1;
    }

    private static void Allocate(CancellationToken stop)
    {
        object[] kept = new object[64];
        for (int i = 0; !stop.IsCancellationRequested; i++)
        {
            kept[i % kept.Length] = new byte[1000 + (i % 5000)];
            if (i % 2000 == 0)
            {
                GC.Collect(0);
            }
        }
        GC.KeepAlive(kept);
    }
}
