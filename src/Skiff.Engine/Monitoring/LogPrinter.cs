using System.Text;
using System.Text.Json;

namespace Skiff.Engine.Monitoring;

/// <summary>Turns records of a log into what is shown, in large pieces.</summary>
/// <param name="write">Takes a piece; true for standard error.</param>
/// <param name="stamps">Each record begins with its time.</param>
/// <param name="details">Then come its labels and variables.</param>
public sealed class LogPrinter(Action<ReadOnlyMemory<byte>, bool> write, bool stamps, bool details)
{
    private byte[] _buffer = new byte[128 << 10];
    private int _length;
    private bool _isError;

    /// <summary>Shows one record, now or at the next <see cref="Flush"/>.</summary>
    public void Print(in LogRecord record)
    {
        byte[] attributes = details ? Details(record.Attributes) : [];
        int most = record.Escaped.Length + LogLine.StampLength + 2 + attributes.Length;
        if (record.IsError != _isError || most > _buffer.Length - _length)
        {
            Flush();
            _isError = record.IsError;
        }
        if (most > _buffer.Length)
        {
            _buffer = new byte[most];
        }
        if (stamps)
        {
            record.Stamp.CopyTo(_buffer.AsSpan(_length));
            _length += LogLine.StampLength;
            _buffer[_length++] = (byte)' ';
        }
        if (details)
        {
            attributes.CopyTo(_buffer.AsSpan(_length));
            _length += attributes.Length;
            _buffer[_length++] = (byte)' ';
        }
        _length += record.CopyText(_buffer.AsSpan(_length));
    }

    /// <summary>Shows what was kept.</summary>
    public void Flush()
    {
        if (_length > 0)
        {
            write(_buffer.AsMemory(0, _length), _isError);
            _length = 0;
        }
    }

    /// <summary>As docker shows them: <c>name=value,name=value</c> with everything unusual as %XX.</summary>
    private static byte[] Details(ReadOnlySpan<byte> attributes)
    {
        StringBuilder text = new();
        try
        {
            Utf8JsonReader reader = new(attributes);
            while (!attributes.IsEmpty && reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    text.Append(text.Length == 0 ? "" : ",").Append(Uri.EscapeDataString(reader.GetString()!)).Append('=');
                    reader.Read();
                    text.Append(Uri.EscapeDataString(reader.GetString() ?? ""));
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // a torn record shows what could be read of it
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
