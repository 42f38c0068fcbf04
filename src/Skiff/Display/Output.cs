using System.Text;
using Skiff.Linux;

namespace Skiff.Display;

/// <summary>The only place that writes to standard output and standard error: raw write(2), whole strings at once, so that lines of concurrent programs do not mix.</summary>
/// <remarks>System.Console is not used: its first use starts a thread, installs signal handlers and writes escape sequences to a terminal.</remarks>
internal sealed class Output
{
    private readonly StringBuilder? _outMemory;
    private readonly StringBuilder? _errorMemory;

    /// <summary>Writes to file descriptors 1 and 2.</summary>
    public Output() { }

    /// <summary>Writes to memory, for tests.</summary>
    public Output(StringBuilder standardOutput, StringBuilder standardError)
    {
        _outMemory = standardOutput;
        _errorMemory = standardError;
    }

    /// <summary>Writes text to standard output as it is.</summary>
    public void Write(string text)
    {
        if (_outMemory is not null)
        {
            _outMemory.Append(text);
            return;
        }
        Write(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Writes a line to standard output.</summary>
    public void Line(string text) => Write(text + "\n");

    /// <summary>Writes bytes to standard output as they are. Throws <see cref="BrokenPipeException"/> when the reader has gone.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_outMemory is not null)
        {
            _outMemory.Append(Encoding.UTF8.GetString(bytes));
            return;
        }
        int errno = Files.TryWriteAll(1, bytes);
        if (errno == Errno.EPIPE)
        {
            throw new BrokenPipeException();
        }
        // A closed descriptor is what `>&-` asks for: nothing to write to, and not an error of the verb.
        if (errno != 0 && errno != Errno.EBADF)
        {
            throw new LinuxException("write", "standard output", errno);
        }
    }

    /// <summary>Writes text to standard error as it is; failures are ignored, as there is nowhere left to report them.</summary>
    public void Error(string text)
    {
        if (_errorMemory is not null)
        {
            _errorMemory.Append(text);
            return;
        }
        _ = Files.TryWriteAll(2, Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Writes a line to standard error.</summary>
    public void ErrorLine(string text) => Error(text + "\n");

    /// <summary>A warning on standard error.</summary>
    public void Warn(string text) => Error($"skiff: warning: {text}\n");
}

/// <summary>The reader of standard output has gone (EPIPE): the program ends quietly, with the code that a shell shows for SIGPIPE.</summary>
internal sealed class BrokenPipeException : Exception
{
    /// <summary>128 + SIGPIPE.</summary>
    public const int ExitCode = 141;
}
