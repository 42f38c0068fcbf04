using System.Text;
using Skiff.CommandLine;
using Skiff.Engine.Rootless;
using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Commands;

/// <summary><c>skiff unshare</c>: podman's verb.</summary>
internal static class UnshareCommand
{
    public static Command Define() =>
        new()
        {
            Name = "unshare",
            Summary = "Run a command in the user namespace of your containers",
            Usage = "[COMMAND] [ARG...]",
            Description =
                "There you are root, and files that containers have given to other users can be seen and removed. Without a command, your shell ($SHELL) is run.",
            StopAtFirstPositional = true,
            FailureExitCode = 125,
            Completes = [Completion.File],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        if (RootlessUser.Current is null)
        {
            throw new SkiffException("skiff unshare is for ordinary users: root's containers are in the host's user namespace", 125);
        }
        IReadOnlyList<string> words = invocation.Arguments;
        if (words.Count == 0)
        {
            words = [Environment.GetEnvironmentVariable("SHELL") is { Length: > 0 } shell ? shell : "/bin/sh"];
        }
        string program =
            HelperProgram.Find(words[0])
            ?? throw new SkiffException($"there is no program {words[0]}{(words[0].Contains('/') ? "" : " in PATH")}", 127);
        const int SIGPIPE = 13;
        CallList calls = new();
        calls.Add("", SyscallNumber.rt_sigaction, SIGPIPE, calls.Memory(new byte[32]), 0, 8);
        byte[] environment =
            Files.TryReadAll("/proc/self/environ", out int errno) ?? throw new LinuxException("read", "/proc/self/environ", errno);
        throw calls.Execute(program, Encoding.UTF8.GetBytes(string.Concat(words.Select(static word => word + '\0'))), environment);
    }
}
