using Skiff.Engine.Containers;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Events;

/// <summary>The journal of what happened, kept across processes: every command appends its own lines, no lock is taken, nobody has to listen.</summary>
/// <remarks>
/// A line is one write(2) with O_APPEND, so lines of several writers do not mix. At <see cref="MaximumBytes"/> the file becomes the older one, which replaces the one before.
/// An event that cannot be written (full disk) is lost; nothing fails for it.
/// </remarks>
/// <param name="directory">Where its files are: <see cref="EnginePaths.Events"/>.</param>
public sealed class EventLog(string directory)
{
    /// <summary>Two files of this size are kept: some 20,000 events.</summary>
    public const long MaximumBytes = 4 << 20;

    private const int SEEK_CUR = 1;
    private const long ReopenAfterMilliseconds = 1000; // a monitor lives for months, and the file moves away under it
    private SafeFd? _fd;
    private long _opened;
    private List<byte[]>? _held;

    /// <summary>The file that is written to.</summary>
    internal static string Current(string directory) => directory + "/events.jsonl";

    /// <summary>The one before.</summary>
    internal static string Older(string directory) => directory + "/events.jsonl.1";

    /// <summary>A container's event, with its labels, image and name as docker has them.</summary>
    /// <param name="record">The container.</param>
    /// <param name="action">Such as <c>start</c>.</param>
    /// <param name="more">What else belongs to the action, such as <c>exitCode</c>.</param>
    public void Container(ContainerRecord record, string action, params ReadOnlySpan<(string Name, string Value)> more)
    {
        (string, string)[] attributes = new (string, string)[more.Length + 2];
        attributes[0] = ("image", record.Image);
        attributes[1] = ("name", record.Name);
        more.CopyTo(attributes.AsSpan(2));
        Append(EventType.Container, action, record.Id, record.Labels, attributes);
    }

    /// <summary>The start of a command of <c>exec</c>, with who tells its end.</summary>
    internal void ExecStart(ContainerRecord record, string action, string execId, string keeper) =>
        Append(
            EventType.Container,
            action,
            record.Id,
            record.Labels,
            [("image", record.Image), ("name", record.Name), ("execID", execId)],
            keeper
        );

    /// <summary>An image's event.</summary>
    /// <param name="id"><c>sha256:…</c>, or the name for pull and push.</param>
    /// <param name="action">pull, push, tag, untag, delete, load, save, import, prune.</param>
    /// <param name="name">The name without which nobody knows it; empty if it has none.</param>
    public void Image(string id, string action, string name)
    {
        ReadOnlySpan<(string, string)> attributes = [("name", name)];
        Append(EventType.Image, action, id, null, name.Length > 0 ? attributes : []);
    }

    /// <summary>Any event: volumes, networks, prune.</summary>
    /// <param name="type">One of <see cref="EventType"/>.</param>
    /// <param name="action">docker's word.</param>
    /// <param name="id">Of the object, or its name where it has no id.</param>
    /// <param name="attributes">Such as <c>driver</c>, <c>container</c>, <c>destination</c>.</param>
    public void Write(string type, string action, string id, params ReadOnlySpan<(string Name, string Value)> attributes) =>
        Append(type, action, id, null, attributes);

    /// <summary>Events from now on wait for <see cref="Release"/>: while a container is on its way to its command, nothing is done that can be done after.</summary>
    public void Hold() => _held ??= [];

    /// <summary>Writes the events that wait.</summary>
    public void Release()
    {
        if (_held is not { } held)
        {
            return;
        }
        _held = null;
        if (held.Count > 0)
        {
            Write(held.Count == 1 ? held[0] : [.. held.SelectMany(line => line)]);
        }
    }

    private void Append(
        string type,
        string action,
        string id,
        IReadOnlyDictionary<string, string>? labels,
        ReadOnlySpan<(string Name, string Value)> attributes,
        string keeper = ""
    )
    {
        byte[] line = EngineEvent.ToLine(type, action, id, TimeProvider.System.GetUtcNow(), labels, attributes, keeper);
        if (_held is not null)
        {
            _held.Add(line);
            return;
        }
        Write(line);
    }

    private void Write(byte[] line)
    {
        if (Open() is not { } fd || Files.TryWriteAll(fd.Value, line) != 0)
        {
            return;
        }
        if (RawCall.Invoke(SyscallNumber.lseek, fd.Value, 0, SEEK_CUR) > MaximumBytes)
        {
            Rotate();
        }
    }

    private SafeFd? Open()
    {
        long now = Environment.TickCount64;
        if (_fd is not null && now - _opened < ReopenAfterMilliseconds)
        {
            return _fd;
        }
        _fd?.Dispose();
        _opened = now;
        _fd = Files.TryOpen(Current(directory), OpenFlags.O_WRONLY | OpenFlags.O_APPEND | OpenFlags.O_CREAT, out int errno, 0x180);
        if (_fd is null && errno == Errno.ENOENT && Files.TryMakeDirectory(directory, 0x1C0) is 0 or Errno.EEXIST)
        {
            _fd = Files.TryOpen(Current(directory), OpenFlags.O_WRONLY | OpenFlags.O_APPEND | OpenFlags.O_CREAT, out _, 0x180);
        }
        return _fd;
    }

    /// <summary>One writer of those that find the file full moves it; the others write on, into the moved file, where a reader still looks.</summary>
    private void Rotate()
    {
        try
        {
            using FileLock? turn = FileLock.TryAcquire(directory + "/lock");
            using SafeFd? current = turn is null ? null : Files.TryOpen(Current(directory), OpenFlags.O_RDONLY, out _);
            if (current is not null && At.Stat(current.Value, out StatxBuffer stat) == 0 && stat.Size > MaximumBytes)
            {
                Files.Rename(Current(directory), Older(directory));
            }
        }
        catch (LinuxException)
        {
            // the next event tries again
        }
        _opened = 0;
    }
}
