namespace Skiff.Linux.Spawning;

/// <summary>Runs a short program of the host to its end: input from memory, output into memory, standard error as it is.</summary>
public static unsafe class HelperProgram
{
    private const int SIG_SETMASK = 2;
    private const int SIGPIPE = 13;

    /// <summary>Runs a program that is searched in PATH; null if there is none of that name.</summary>
    /// <param name="name">Its name, without a slash.</param>
    /// <param name="arguments">Its arguments, without the name.</param>
    /// <param name="input">Its standard input; few bytes, as nothing is read before all is written.</param>
    /// <returns>The exit code, or 128 and the signal, and its standard output.</returns>
    /// <exception cref="LinuxException">It could not be started.</exception>
    public static (int ExitCode, byte[] Output)? TryRun(string name, IReadOnlyList<string> arguments, ReadOnlySpan<byte> input)
    {
        if (Find(name) is not string path)
        {
            return null;
        }
        (SafeFd childIn, SafeFd parentOut) = Pipe();
        using SafeFd writing = parentOut;
        (SafeFd parentIn, SafeFd childOut) = Pipe();
        using SafeFd reading = parentIn;
        using ChildProgram program = new();
        using ReportChannel channel = new();
        SpawnedProcess process;
        using (childIn)
        using (childOut)
        {
            program.Call(SyscallNumber.dup3, childIn.Value, 0, 0);
            program.Call(SyscallNumber.dup3, childOut.Value, 1, 0);
            // the runtime ignores it, which would be inherited
            program.Call(SyscallNumber.rt_sigaction, SIGPIPE, program.Memory(32), 0, 8);
            program.Call(SyscallNumber.rt_sigprocmask, SIG_SETMASK, program.Memory(8), 0, 8);
            program.Call(
                SyscallNumber.execve,
                program.Text(path),
                program.TextArray([name, .. arguments]),
                program.TextArray(HostEnvironment())
            );
            process = Spawn.Start(program, channel);
        }
        using (process)
        {
            if (channel.AwaitReport() is ChildFailure failure)
            {
                _ = process.Pidfd.Wait();
                throw new LinuxException("execve", path, failure.Errno);
            }
            // EPIPE: it ended without reading; its exit code tells why.
            _ = Files.TryWriteAll(writing.Value, input);
            writing.Dispose();
            byte[] output = ReadToEnd(reading, name);
            return (process.Pidfd.Wait()?.ShellCode ?? 255, output);
        }
    }

    private static (SafeFd Read, SafeFd Write) Pipe()
    {
        int* fds = stackalloc int[2];
        return Libc.pipe2(fds, OpenFlags.O_CLOEXEC) == 0
            ? (new SafeFd(fds[0]), new SafeFd(fds[1]))
            : throw LinuxException.Last("pipe2", "");
    }

    private static byte[] ReadToEnd(SafeFd fd, string name)
    {
        List<byte> all = [];
        Span<byte> buffer = stackalloc byte[4096];
        int count;
        while ((count = Files.Read(fd, buffer, $"the output of {name}")) > 0)
        {
            all.AddRange(buffer[..count]);
        }
        return [.. all];
    }

    /// <summary>The file of a program, searched in PATH unless its name has a slash; null if there is none.</summary>
    public static string? Find(string name)
    {
        if (name.Contains('/'))
        {
            return File.Exists(name) ? name : null;
        }
        foreach (string directory in (Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin").Split(':'))
        {
            string path = $"{(directory.Length == 0 ? "." : directory)}/{name}";
            if (
                File.Exists(path)
                && (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute))
                    != UnixFileMode.None
            )
            {
                return path;
            }
        }
        return null;
    }

    private static string[] HostEnvironment()
    {
        List<string> entries = [];
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            entries.Add($"{entry.Key}={entry.Value}");
        }
        return [.. entries];
    }
}
