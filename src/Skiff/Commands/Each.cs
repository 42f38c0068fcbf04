using System.Runtime.ExceptionServices;
using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Linux;

namespace Skiff.Commands;

/// <summary>Verbs with several arguments: one that fails does not stop the others, and the exit code is 1.</summary>
internal static class Each
{
    private const int MostAtOnce = 50;
    private const int ThreadStack = 512 << 10;

    /// <summary>Runs the work for every argument; an error is printed at once.</summary>
    public static int Argument(Invocation invocation, Action<string> work)
    {
        int code = 0;
        foreach (string argument in invocation.Arguments)
        {
            try
            {
                work(argument);
            }
            catch (Exception e) when (e is SkiffException or LinuxException)
            {
                invocation.Output.ErrorLine($"skiff: {e.Message}");
                code = 1;
            }
        }
        return code;
    }

    /// <summary>As <see cref="Argument"/>, for work that mostly waits: all arguments at once, as docker stops and removes. What was done is printed in the order given.</summary>
    /// <param name="invocation">The command line.</param>
    /// <param name="engine">For a single argument; several have a thread and an engine each.</param>
    /// <param name="work">Does it; false when there is nothing to print.</param>
    public static int ArgumentAtOnce(Invocation invocation, SkiffEngine engine, Func<SkiffEngine, string, bool> work)
    {
        IReadOnlyList<string> arguments = invocation.Arguments;
        if (arguments.Count == 1)
        {
            return Argument(invocation, name => Print(invocation, name, work(engine, name)));
        }
        Outcome[] outcomes = [.. arguments.Select(static a => new Outcome(a))];
        int next = -1;
        for (int i = 0; i < Math.Min(arguments.Count, MostAtOnce); i++)
        {
            new Thread(Work, ThreadStack) { IsBackground = true }.Start();
        }
        int at = 0;
        return Argument(invocation, name => Print(invocation, name, outcomes[at++].Wait()));

        void Work()
        {
            SkiffEngine own = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
            for (int i; (i = Interlocked.Increment(ref next)) < outcomes.Length; )
            {
                outcomes[i].Run(own, work);
            }
        }
    }

    private static void Print(Invocation invocation, string name, bool done)
    {
        if (done)
        {
            invocation.Output.Line(name);
        }
    }

    /// <summary>What became of one argument.</summary>
    private sealed class Outcome(string argument)
    {
        private readonly object _gate = new();
        private bool _ended;
        private bool _done;
        private ExceptionDispatchInfo? _failure;

        public void Run(SkiffEngine engine, Func<SkiffEngine, string, bool> work)
        {
            try
            {
                _done = work(engine, argument);
            }
            catch (Exception e)
            {
                _failure = ExceptionDispatchInfo.Capture(e); // thrown again in Wait: a thread must not end the program
            }
            lock (_gate)
            {
                _ended = true;
                Monitor.Pulse(_gate);
            }
        }

        public bool Wait()
        {
            lock (_gate)
            {
                while (!_ended)
                {
                    _ = Monitor.Wait(_gate);
                }
            }
            _failure?.Throw();
            return _done;
        }
    }
}
