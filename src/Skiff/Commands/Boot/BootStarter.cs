using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Commands.Boot;

/// <summary>Starts many containers, a few at a time; what fails is reported and holds up nobody.</summary>
internal sealed class BootStarter(Invocation invocation)
{
    private const int AtOnce = 8;
    private readonly Lock _output = new();
    private int _failures;

    /// <summary>How many could not be started.</summary>
    public int Failures => _failures;

    /// <summary>Returns when every one runs or has failed.</summary>
    public void Start(IReadOnlyList<ContainerRecord> records)
    {
        int next = -1;
        Thread[] threads = new Thread[Math.Min(AtOnce, records.Count)];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Work);
            threads[i].Start();
        }
        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        void Work()
        {
            SkiffEngine engine = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
            for (int i = Interlocked.Increment(ref next); i < records.Count; i = Interlocked.Increment(ref next))
            {
                One(engine, records[i]);
            }
        }
    }

    private void One(SkiffEngine engine, ContainerRecord record)
    {
        try
        {
            StartCommand.Detached(engine, record, invocation.Output);
            lock (_output)
            {
                invocation.Output.Line(record.Name);
            }
        }
        catch (Exception e) when (e is SkiffException or LinuxException)
        {
            Interlocked.Increment(ref _failures);
            lock (_output)
            {
                invocation.Output.ErrorLine($"skiff: {record.Name}: {e.Message}");
            }
        }
    }
}
