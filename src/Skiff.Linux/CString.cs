using System.Text;

namespace Skiff.Linux;

/// <summary>Conversions between .NET strings and the zero-terminated byte strings of the kernel.</summary>
public static class CString
{
    /// <summary>UTF-8 bytes with a terminating zero. Throws for an embedded zero, which would silently cut a path.</summary>
    public static byte[] Encode(string text)
    {
        if (text.Contains('\0'))
        {
            throw new ArgumentException("the text contains a zero byte", nameof(text));
        }
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }

    /// <summary>As <see cref="Encode(string)"/>, into <paramref name="buffer"/> where it fits.</summary>
    public static ReadOnlySpan<byte> Encode(string text, Span<byte> buffer)
    {
        if (text.Length * 3 >= buffer.Length || text.Contains('\0'))
        {
            return Encode(text);
        }
        int length = Encoding.UTF8.GetBytes(text, buffer);
        buffer[length] = 0;
        return buffer[..(length + 1)];
    }

    /// <summary>The bytes with a terminating zero. Throws for an embedded zero.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Contains((byte)0))
        {
            throw new ArgumentException("the bytes contain a zero", nameof(bytes));
        }
        byte[] result = new byte[bytes.Length + 1];
        bytes.CopyTo(result);
        return result;
    }

    /// <summary>For messages: bytes up to the first zero as UTF-8, with U+FFFD for what is not UTF-8.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
