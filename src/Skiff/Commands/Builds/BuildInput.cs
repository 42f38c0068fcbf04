using System.Text;
using Skiff.Build.Context;
using Skiff.Build.Parsing;
using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Linux;

namespace Skiff.Commands.Builds;

/// <summary>Where a build reads from: a directory or an archive on standard input, and the Dockerfile in it, beside it, or on standard input.</summary>
internal sealed class BuildInput : IDisposable
{
    private TarContext? _archive;

    /// <summary>The directory; null for none.</summary>
    internal string? Context { get; private set; }

    /// <summary>The text of the Dockerfile.</summary>
    internal string Dockerfile { get; private set; } = "";

    /// <summary>Its name, for messages.</summary>
    internal string Name { get; private set; } = "Dockerfile";

    /// <summary>What of the directory is no part of the context.</summary>
    internal IgnorePatterns Ignored { get; private set; } = IgnorePatterns.None;

    /// <summary>Opens it.</summary>
    internal static BuildInput Open(Invocation invocation, SkiffEngine engine, CancellationToken cancel)
    {
        BuildInput input = new();
        string place = invocation.Arguments[0];
        string? file = invocation.Value("file");
        try
        {
            if (place == "-")
            {
                input.FromInput(engine, file, invocation.Output.Warn, cancel);
            }
            else
            {
                input.FromDirectory(place, file);
            }
            return input;
        }
        catch
        {
            input.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _archive?.Dispose();

    private void FromDirectory(string place, string? file)
    {
        if (place.Contains("://", StringComparison.Ordinal) || place.StartsWith("git@", StringComparison.Ordinal))
        {
            throw new SkiffException($"the context {place} is an address: clone or download it, and build from the directory");
        }
        string context = Path.GetFullPath(place);
        if (!Directory.Exists(context))
        {
            throw new SkiffException(
                File.Exists(context)
                    ? $"unable to prepare context: {place} is a file; give the directory, and the Dockerfile by -f {place}"
                    : $"unable to prepare context: path \"{place}\" not found"
            );
        }
        Context = context;
        if (file == "-")
        {
            Dockerfile = Text(ReadInput());
            Name = "-";
            Ignored = ContextFiles.Ignored(context, null);
            return;
        }
        string path = Find(context, file);
        Name = file ?? Path.GetFileName(path);
        Dockerfile = ContextFiles.ReadDockerfile(path, Name);
        Ignored = ContextFiles.Ignored(context, path);
    }

    /// <summary>docker looks from the caller's directory; a name in the context is understood, too.</summary>
    private static string Find(string context, string? file)
    {
        if (file is not null)
        {
            string path = Path.GetFullPath(file);
            return File.Exists(path) || !File.Exists(Path.Combine(context, file)) ? path : Path.Combine(context, file);
        }
        string usual = Path.Combine(context, "Dockerfile");
        string other = Path.Combine(context, "Containerfile");
        return File.Exists(usual) || !File.Exists(other) ? usual : other;
    }

    private void FromInput(SkiffEngine engine, string? file, Action<string> remark, CancellationToken cancel)
    {
        if (file == "-")
        {
            throw new SkiffException("both the context and the Dockerfile cannot come from standard input");
        }
        using FileStream input = new(new Microsoft.Win32.SafeHandles.SafeFileHandle(0, ownsHandle: false), FileAccess.Read, 0);
        byte[] head = new byte[512];
        int length = input.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        using Stream whole = new Prefixed(head.AsMemory(0, length), input);
        if (!TarContext.IsArchive(head.AsSpan(0, length)))
        {
            if (file is not null)
            {
                throw new SkiffException("-f names a file in an archive, and standard input has none");
            }
            Dockerfile = Text(ReadAll(whole));
            Name = "-";
            return;
        }
        _archive = TarContext.Unpack(engine, whole, remark, cancel);
        Context = _archive.Location;
        Name = file ?? "Dockerfile";
        using SafeFd root = Files.Open(Context, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
        // the archive is a stranger's: its links must not lead to the host's files
        int errno = Linux.FileTree.At.OpenIn(
            root.Value,
            CString.Encode("./" + Name),
            OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK,
            out int fd
        );
        if (errno != 0)
        {
            throw new SkiffException($"failed to read dockerfile: {Name}: {Errno.Describe(errno)} in the archive; name another with -f");
        }
        using SafeFd opened = new(fd);
        using FileStream stream = new($"/proc/self/fd/{fd}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
        Dockerfile = Text(ReadAll(stream));
        Ignored = ContextFiles.IgnoredIn(root, Name);
    }

    private static byte[] ReadInput()
    {
        using FileStream input = new(new Microsoft.Win32.SafeHandles.SafeFileHandle(0, ownsHandle: false), FileAccess.Read, 0);
        return ReadAll(input);
    }

    private static byte[] ReadAll(Stream stream)
    {
        MemoryStream memory = new();
        byte[] buffer = new byte[64 << 10];
        int count;
        while ((count = stream.Read(buffer)) > 0)
        {
            memory.Write(buffer, 0, count);
            if (memory.Length > Build.Parsing.Dockerfile.MaxBytes)
            {
                throw new SkiffException($"the Dockerfile has more than the {Build.Parsing.Dockerfile.MaxBytes} bytes that are accepted");
            }
        }
        return memory.ToArray();
    }

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    /// <summary>A stream of which the beginning was read already.</summary>
    private sealed class Prefixed(ReadOnlyMemory<byte> head, Stream rest) : Stream
    {
        private ReadOnlyMemory<byte> _head = head;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            if (_head.IsEmpty)
            {
                return rest.Read(buffer);
            }
            int count = Math.Min(buffer.Length, _head.Length);
            _head.Span[..count].CopyTo(buffer);
            _head = _head[count..];
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
