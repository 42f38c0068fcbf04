using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Skiff.CommandLine;
using Skiff.Compose.Planning;
using Skiff.Engine;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary>Does the steps of a plan, each when those before it are done, those that do not depend on each other at once. After a failure nothing new is begun.</summary>
/// <param name="invocation">The command line.</param>
/// <param name="work">Does one step.</param>
/// <param name="done">Called after each step.</param>
internal sealed class StepRunner(Invocation invocation, Action<SkiffEngine, Step> work, Action<Step>? done = null)
{
    private const int MostAtOnce = 16;
    private const int ThreadStack = 1 << 20;
    private readonly object _gate = new();
    private readonly Stack<SkiffEngine> _engines = [];
    private ExceptionDispatchInfo? _failure;
    private bool[] _finished = [];
    private bool[] _begun = [];
    private int _running;

    /// <summary>Does the steps; the first failure is thrown when all that run have ended.</summary>
    public void Run(SkiffEngine engine, IReadOnlyList<Step> steps)
    {
        _finished = new bool[steps.Count];
        _begun = new bool[steps.Count];
        _engines.Push(engine);
        int most = Most(invocation);
        while (true)
        {
            Step? next;
            bool alone;
            lock (_gate)
            {
                while ((next = _failure is null && _running < most ? Ready(steps) : null) is null && _running > 0)
                {
                    _ = Monitor.Wait(_gate);
                }
                if (next is null)
                {
                    break;
                }
                _begun[next.Index] = true;
                // The last one that can be done now needs no thread of its own while nothing else runs.
                alone = _running == 0 && (_failure is not null || Ready(steps) is null);
                _running++;
            }
            if (alone)
            {
                Do(next);
            }
            else
            {
                Step begun = next;
                new Thread(() => Do(begun), ThreadStack) { IsBackground = true }.Start();
            }
        }
        _failure?.Throw();
    }

    private static int Most(Invocation invocation)
    {
        if (RuntimeFeature.IsDynamicCodeCompiled)
        {
            return 1; // docs/decisions/010: several starts at once are for the compiled program
        }
        long asked =
            invocation.Has("parallel") ? invocation.Number("parallel")
            : long.TryParse(Environment.GetEnvironmentVariable("COMPOSE_PARALLEL_LIMIT"), out long limit) ? limit
            : -1;
        return asked is > 0 and < MostAtOnce ? (int)asked : MostAtOnce;
    }

    private Step? Ready(IReadOnlyList<Step> steps)
    {
        foreach (Step step in steps)
        {
            if (!_begun[step.Index] && step.After.All(i => _finished[i]))
            {
                return step;
            }
        }
        return null;
    }

    private void Do(Step step)
    {
        SkiffEngine engine = Take();
        try
        {
            work(engine, step);
            done?.Invoke(step);
        }
        catch (SkiffException e) when (step.IsOptional)
        {
            invocation.Output.Warn($"optional dependency {step.Subject}: {e.Message}");
        }
        catch (Exception e)
        {
            lock (_gate)
            {
                _failure ??= ExceptionDispatchInfo.Capture(e); // thrown again in Run: a thread must not end the program
            }
        }
        lock (_gate)
        {
            _finished[step.Index] = true;
            _engines.Push(engine);
            _running--;
            Monitor.PulseAll(_gate);
        }
    }

    private SkiffEngine Take()
    {
        lock (_gate)
        {
            return _engines.TryPop(out SkiffEngine? engine)
                ? engine
                : SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        }
    }
}
