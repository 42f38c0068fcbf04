using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Monitoring;

/// <summary>The log driver <c>journald</c>: each line becomes an entry of the systemd journal, by its native protocol, with docker's fields.</summary>
/// <remarks>systemd.io/JOURNAL_NATIVE_PROTOCOL: one datagram per entry; a value that contains a line end is given with its length instead of <c>=</c>.</remarks>
public sealed class JournalLog : LogSink
{
    private const string Socket = "/run/systemd/journal/socket";
    private readonly ArrayBufferWriter<byte> _entry = new(1024);
    private readonly LineBuffer _out = new();
    private readonly LineBuffer _error = new();
    private readonly byte[] _fields;
    private readonly SafeFd _socket = DatagramSocket.Make();
    private readonly byte[] _address = DatagramSocket.Address(Socket);
    private bool _takes = true;

    /// <summary>Prepares the fields that all entries have.</summary>
    public JournalLog(ContainerRecord record)
    {
        string tag =
            record.LogOptions.TryGetValue("tag", out string? given) && given.Length > 0 ? LogOptions.Expand(given, record) : record.ShortId;
        ArrayBufferWriter<byte> fields = new(512);
        Field(fields, "CONTAINER_ID", record.ShortId);
        Field(fields, "CONTAINER_ID_FULL", record.Id);
        Field(fields, "CONTAINER_NAME", record.Name);
        Field(fields, "CONTAINER_TAG", tag);
        Field(fields, "IMAGE_NAME", record.Image);
        Field(fields, "SYSLOG_IDENTIFIER", tag);
        foreach (Spec.NameValue pair in LogOptions.Chosen(record))
        {
            Field(fields, Name(pair.Name), pair.Value);
        }
        _fields = fields.WrittenSpan.ToArray();
    }

    /// <inheritdoc/>
    public override void Add(bool isError, ReadOnlySpan<byte> bytes)
    {
        LineBuffer lines = isError ? _error : _out;
        while (lines.TryTake(ref bytes, out ReadOnlySpan<byte> line))
        {
            Send(line, isError);
        }
    }

    /// <inheritdoc/>
    public override void End()
    {
        if (!_out.Begun.IsEmpty)
        {
            Send(_out.Begun, false);
        }
        if (!_error.Begun.IsEmpty)
        {
            Send(_error.Begun, true);
        }
    }

    /// <summary>The container waits for a journal that is slow, but not line by line for one that hangs: what that does not take is lost.</summary>
    private void Send(ReadOnlySpan<byte> line, bool isError)
    {
        bool part = line[^1] != '\n';
        _entry.ResetWrittenCount();
        _entry.Write(_fields);
        _entry.Write(isError ? "PRIORITY=3\n"u8 : "PRIORITY=6\n"u8);
        _entry.Write(part ? "CONTAINER_PARTIAL_MESSAGE=true\n"u8 : ""u8);
        Field(_entry, "MESSAGE"u8, part ? line : line[..^1]);
        _takes = DatagramSocket.TrySend(_socket, _address, _entry.WrittenSpan, wait: _takes) != Errno.EAGAIN;
    }

    private static void Field(ArrayBufferWriter<byte> entry, string name, string value) =>
        Field(entry, Encoding.ASCII.GetBytes(name), Encoding.UTF8.GetBytes(value));

    private static void Field(ArrayBufferWriter<byte> entry, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        entry.Write(name);
        if (value.Contains((byte)'\n'))
        {
            entry.Write("\n"u8);
            BinaryPrimitives.WriteUInt64LittleEndian(entry.GetSpan(8), (ulong)value.Length);
            entry.Advance(8);
        }
        else
        {
            entry.Write("="u8);
        }
        entry.Write(value);
        entry.Write("\n"u8);
    }

    /// <summary>A field's name has capitals, digits and underscores, and does not begin with an underscore.</summary>
    private static string Name(string text)
    {
        Span<char> name = text.ToUpperInvariant().ToCharArray();
        foreach (ref char c in name)
        {
            c = char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) ? c : '_';
        }
        return name.TrimStart('_').ToString();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _socket.Dispose();
        base.Dispose(disposing);
    }
}
