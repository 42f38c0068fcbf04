namespace Skiff.Engine.Launch;

/// <summary>Work that changes the thread it runs on: its namespace, its root, its user for files.</summary>
internal static class OwnThread
{
    /// <summary>Runs something on a thread of its own to its end; what it throws comes out here.</summary>
    internal static void Run(Action work)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                work();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }
}
