using System.Globalization;
using Skiff.CommandLine;
using Skiff.Engine.Rootless;
using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Commands.Containers;

/// <summary>Keeps the terminal of a command that <c>exec -it</c> was detached from: without a reader it would be hung up, and its output would stop it.</summary>
internal static class TerminalHolder
{
    public static Command Define() =>
        new()
        {
            Name = "hold-terminal",
            Summary = "Keep a terminal open until nobody uses it (started by the engine itself)",
            Usage = "FD",
            MinArguments = 1,
            MaxArguments = 1,
            Run = Run,
        };

    /// <summary>Starts it in a session of its own; it ends with the last process on the terminal.</summary>
    internal static void Start(SafeFd master)
    {
        const int CLOSE_RANGE_CLOEXEC = 4;
        const int F_SETFD = 2;
        using SafeFd nothing = Files.Open("/dev/null", OpenFlags.O_RDWR);
        using ChildProgram program = new();
        program.Call(SyscallNumber.setsid);
        program.Call(SyscallNumber.chdir, program.Text("/"));
        for (int fd = 0; fd <= 2; fd++)
        {
            program.Call(SyscallNumber.dup3, nothing.Value, fd, 0);
        }
        program.Call(SyscallNumber.close_range, 3, -1 & 0x7FFFFFFF, CLOSE_RANGE_CLOEXEC);
        program.Call(SyscallNumber.fcntl, master.Value, F_SETFD, 0);
        string[] arguments = ["skiff", "hold-terminal", master.Value.ToString(CultureInfo.InvariantCulture)];
        program.Call(
            SyscallNumber.execve,
            program.Text("/proc/self/exe"),
            program.TextArray(arguments),
            program.TextArray(RootlessUser.Inherited)
        );
        using SpawnedProcess holder = Spawn.Start(program, new ReportChannel());
        if (holder.Channel.AwaitReport() is { } failure)
        {
            throw new SkiffException(
                $"the terminal cannot be kept open without this command: {program.Describe(failure.Index)}: {Errno.Describe(failure.Errno)}",
                125
            );
        }
    }

    private static int Run(Invocation invocation)
    {
        using SafeFd master = new(int.Parse(invocation.Arguments[0], CultureInfo.InvariantCulture));
        Drain(master);
        return 0;
    }

    /// <summary>Reads what nobody wants to see, until nobody has the other side open any more (EIO).</summary>
    internal static void Drain(SafeFd master)
    {
        byte[] buffer = new byte[4096];
        int errno = 0;
        // It may be non-blocking: it is one open file with what the command had that has left.
        while (Files.TryRead(master, buffer, out errno) > 0 || errno == Errno.EAGAIN)
        {
            _ = Poll.Wait(master.Value, Poll.POLLIN, -1);
        }
    }
}
