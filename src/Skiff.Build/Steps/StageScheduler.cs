using System.Runtime.ExceptionServices;

namespace Skiff.Build.Steps;

/// <summary>Builds stages that do not need each other at the same time, each on a thread of its own: a container of RUN dies with the thread that made it.</summary>
/// <param name="needed">The stages; each comes after those that it needs.</param>
/// <param name="build">Builds one whose needs are built.</param>
/// <param name="stop">Called when one has failed: the others are to end.</param>
internal sealed class StageScheduler(IReadOnlyList<Stage> needed, Action<Stage> build, Action stop)
{
    private readonly Lock _lock = new();
    private readonly HashSet<Stage> _done = [];
    private Exception? _failure;

    /// <summary>Builds all of them; throws what the first that failed has thrown.</summary>
    internal void Run()
    {
        if (needed.Count == 1)
        {
            build(needed[0]);
            return;
        }
        List<Stage> waiting = [.. needed];
        List<Thread> running = [];
        using SemaphoreSlim changed = new(0);
        while (true)
        {
            bool failed;
            lock (_lock)
            {
                failed = _failure is not null;
                if (!failed)
                {
                    Start(waiting, running, changed);
                }
            }
            if (failed || waiting.Count == 0)
            {
                break;
            }
            changed.Wait();
        }
        foreach (Thread thread in running)
        {
            thread.Join();
        }
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }
    }

    private void Start(List<Stage> waiting, List<Thread> running, SemaphoreSlim changed)
    {
        for (int i = 0; i < waiting.Count; i++)
        {
            Stage stage = waiting[i];
            if ((stage.BaseStage is null || _done.Contains(stage.BaseStage)) && _done.IsSupersetOf(stage.Uses))
            {
                waiting.RemoveAt(i--);
                Thread thread = new(() => One(stage, changed)) { Name = "stage" };
                running.Add(thread);
                thread.Start();
            }
        }
    }

    private void One(Stage stage, SemaphoreSlim changed)
    {
        Exception? failure = null;
        try
        {
            build(stage);
        }
        catch (Exception e)
        {
            failure = e;
        }
        lock (_lock)
        {
            _done.Add(stage);
            if (failure is not null && _failure is null)
            {
                _failure = failure;
                stop();
            }
        }
        _ = changed.Release();
    }
}
