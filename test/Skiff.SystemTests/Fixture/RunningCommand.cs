using System.Diagnostics;
using System.Text;
using Xunit;

namespace Skiff.SystemTests.Fixture;

/// <summary>A program that is running: its outputs are collected, it can be signalled, and it never outlives its time limit.</summary>
internal sealed class RunningCommand : IDisposable
{
    private readonly Process _process;
    private readonly string _commandLine;
    private readonly Collector _output;
    private readonly Collector _error;

    private RunningCommand(Process process, string commandLine)
    {
        _process = process;
        _commandLine = commandLine;
        _output = new Collector(process.StandardOutput.BaseStream);
        _error = new Collector(process.StandardError.BaseStream);
    }

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What has arrived on standard output until now.</summary>
    public string OutputSoFar => Encoding.UTF8.GetString(_output.Bytes());

    /// <summary>What has arrived on standard error until now.</summary>
    public string ErrorSoFar => Encoding.UTF8.GetString(_error.Bytes());

    /// <summary>Starts a program with a clean environment (PATH, HOME, LANG and what is given). Standard input stays open.</summary>
    public static RunningCommand Start(
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? workingDirectory = null
    )
    {
        var info = new ProcessStartInfo(command[0])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? "/",
        };
        foreach (string argument in command.Skip(1))
        {
            info.ArgumentList.Add(argument);
        }
        info.Environment.Clear();
        info.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        info.Environment["HOME"] = "/root";
        info.Environment["LANG"] = "C.UTF-8";
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>(StringComparer.Ordinal))
        {
            info.Environment[name] = value;
        }
        return new RunningCommand(Process.Start(info)!, string.Join(' ', command));
    }

    /// <summary>Writes to standard input.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        _process.StandardInput.BaseStream.Write(bytes);
        _process.StandardInput.BaseStream.Flush();
    }

    /// <summary>Writes text to standard input.</summary>
    public void Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    /// <summary>Ends standard input.</summary>
    public void CloseInput() => _process.StandardInput.BaseStream.Close();

    public void Signal(int signal) => _ = Native.kill(_process.Id, signal);

    /// <summary>Waits until <paramref name="text"/> has appeared on standard output; fails the test after the time limit.</summary>
    public void WaitForOutput(string text, int seconds = 20)
    {
        Wait.Until(
            () => OutputSoFar.Contains(text, StringComparison.Ordinal) || _output.Ended,
            seconds,
            () => $"'{text}' did not appear\n{Describe()}"
        );
        if (!OutputSoFar.Contains(text, StringComparison.Ordinal))
        {
            Assert.Fail($"the program ended without saying '{text}'\n{Describe()}");
        }
    }

    /// <summary>Waits for the end; kills the program and fails the test after the time limit.</summary>
    public CommandResult WaitForExit(int seconds = 60)
    {
        if (!_process.WaitForExit(TimeSpan.FromSeconds(seconds)))
        {
            _process.Kill(entireProcessTree: true);
            Assert.Fail($"still running after {seconds} s\n{Describe()}");
        }
        // A grandchild may hold the pipe; the program itself is over, so that must not hang the test.
        _output.Join(5);
        _error.Join(5);
        return new CommandResult(_commandLine, _process.ExitCode, _output.Bytes(), _error.Bytes());
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit(5000);
        }
        _process.Dispose();
    }

    private string Describe() => $"$ {_commandLine}\n--- stdout\n{OutputSoFar}\n--- stderr\n{ErrorSoFar}";

    /// <summary>Reads a stream to its end on a thread of its own.</summary>
    private sealed class Collector
    {
        private readonly ByteLog _bytes = new();
        private readonly Thread _thread;
        private volatile bool _ended;

        public Collector(Stream stream)
        {
            _thread = new Thread(() => Read(stream)) { IsBackground = true };
            _thread.Start();
        }

        public bool Ended => _ended;

        public byte[] Bytes() => _bytes.ToArray();

        public void Join(int seconds) => _thread.Join(TimeSpan.FromSeconds(seconds));

        private void Read(Stream stream)
        {
            byte[] buffer = new byte[65536];
            try
            {
                int n;
                while ((n = stream.Read(buffer)) > 0)
                {
                    _bytes.Append(buffer.AsSpan(0, n));
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // The program was disposed of while it was still writing.
            }
            _ended = true;
        }
    }
}
