using System.Diagnostics;
using Skiff.Engine.Containers;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Containers;

/// <summary>A session that is held although its command is gone, or going: <see cref="SessionOwner"/>.</summary>
public sealed class SessionTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("skiff-session-").FullName;
    private readonly ContainerStore _store;
    private readonly CountingCleanup _cleanup = new();
    private readonly Reconciler _reconciler;
    private readonly string _id = ContainerStore.NewId();

    public SessionTests()
    {
        _store = new ContainerStore(new EnginePaths(_directory + "/root", _directory + "/run"));
        _reconciler = new Reconciler(_store, _cleanup);
        Directory.CreateDirectory(_store.Paths.Sessions);
    }

    private string File => _store.Paths.Session(_id);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void LIFE_07_What_a_dead_command_has_left_locked_is_waited_for()
    {
        using Process dead = Process.Start("true");
        dead.WaitForExit();
        AssertWaitedFor(dead.Id);
    }

    [Fact]
    public void LIFE_07_A_later_process_with_the_number_of_a_dead_command_is_not_taken_for_it()
    {
        using Process other = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true, UseShellExecute = false })!;
        AssertWaitedFor(other.Id); // its input ends with this test, whatever comes of it
    }

    /// <summary>Killed a moment ago means: not dead yet, dead, or between the two.</summary>
    [Fact]
    public void LIFE_07_The_session_of_a_command_that_lives_is_left_alone_and_of_one_that_was_killed_a_moment_ago_it_is_not()
    {
        for (int i = 1; i <= 20; i++)
        {
            using Process holder = Process.Start(
                new ProcessStartInfo("sh", ["-c", "exec 9<>$0; flock 9; echo $$ 9 >&9; echo; read line", File])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardInput = true,
                    UseShellExecute = false,
                }
            )!;
            _ = holder.StandardOutput.ReadLine();
            _reconciler.Sessions();
            Assert.Equal(i - 1, _cleanup.Given);
            holder.Kill();
            _reconciler.Sessions();
            Assert.Equal(i, _cleanup.Given);
            Assert.False(System.IO.File.Exists(File));
            holder.WaitForExit();
        }
    }

    [Fact]
    public void The_lines_of_a_container_follow_its_owner()
    {
        using (FileLock session = Session.Begin(_store.Paths, _id))
        {
            Assert.Null(Session.Line(_store.Paths, _id, 0));
            Session.Append(session, "{1}"u8);
            Session.Append(session, "{2}"u8);
            Assert.Equal("{1}"u8.ToArray(), Session.Line(_store.Paths, _id, 0));
            Assert.Equal("{2}"u8.ToArray(), Session.Line(_store.Paths, _id, 1));
            Assert.Null(Session.Line(_store.Paths, _id, 2));
            _reconciler.Sessions();
            Assert.Equal(0, _cleanup.Given);
        }
    }

    /// <summary>This process holds the lock, as a container does that inherited it and is dying, until somebody waits for it.</summary>
    private void AssertWaitedFor(int owner)
    {
        using FileLock session = FileLock.Acquire(File);
        Files.WriteAll(session.Fd, System.Text.Encoding.ASCII.GetBytes($"{owner} 9\n"), File);
        Thread reconciling = new(() => _reconciler.Sessions());
        reconciling.Start();
        Assert.True(SpinWait.SpinUntil(() => IsWaitedFor(session) || !reconciling.IsAlive, 10_000));
        Assert.Equal(0, _cleanup.Given);
        session.Dispose();
        reconciling.Join();
        Assert.Equal(1, _cleanup.Given);
        Assert.False(System.IO.File.Exists(File));
    }

    /// <summary>proc_locks(5): who waits for a lock stands below it, with an arrow.</summary>
    private static bool IsWaitedFor(FileLock session)
    {
        Assert.Equal(0, Skiff.Linux.FileTree.At.Stat(session.Fd.Value, out StatxBuffer stat));
        return System
            .IO.File.ReadLines("/proc/locks")
            .Any(l => l.Contains("-> FLOCK", StringComparison.Ordinal) && l.Contains($":{stat.Inode} ", StringComparison.Ordinal));
    }

    private sealed class CountingCleanup : IContainerCleanup
    {
        public int Given { get; private set; }

        public void KillAll(ContainerRecord record, ContainerState state) { }

        public void GiveBackUnrecorded(string id) => Given++;

        public bool HasProcesses(string id) => false;

        public void GiveBack(ContainerRecord record, ContainerState state) { }
    }
}
