using System.Buffers.Binary;
using System.Text;
using Skiff.Linux.Terminal;

namespace Skiff.Engine.Monitoring;

/// <summary>
/// The protocol between a container's monitor and the commands that are attached to it. Each message of a SOCK_SEQPACKET socket is one frame: a byte that says what it is, then its content.
/// <code>
/// command → monitor   H  streams(1) rows(2) columns(2)   the first frame: which streams, and the size of the terminal (0: none)
///                     I  bytes                           for the container's input
///                     E                                  the command's input has ended
///                     W  rows(2) columns(2)              the terminal has a new size
/// monitor → command   O  bytes                           standard output, or the terminal
///                     X  bytes                           standard error
///                     S  count(8)                        so many bytes were not sent, because the command did not read
///                     Q  code(4) sentence                the container has ended, which is written down by now
/// </code>
/// Numbers are little-endian. Signals do not come this way: whoever is attached may send them to the container itself, and need not wait behind input that is not read.
/// A command detaches by closing its socket; a socket that ends without Q means that the monitor has died.
/// </summary>
public static class AttachFrame
{
    /// <summary>Which streams, first frame.</summary>
    public const byte Hello = (byte)'H';

    /// <summary>Input.</summary>
    public const byte Input = (byte)'I';

    /// <summary>End of the input.</summary>
    public const byte InputEnd = (byte)'E';

    /// <summary>Window size.</summary>
    public const byte Window = (byte)'W';

    /// <summary>Standard output.</summary>
    public const byte Output = (byte)'O';

    /// <summary>Standard error.</summary>
    public const byte Error = (byte)'X';

    /// <summary>Output that was left out.</summary>
    public const byte Skipped = (byte)'S';

    /// <summary>The end.</summary>
    public const byte Quit = (byte)'Q';

    /// <summary>The longest frame.</summary>
    public const int MaximumLength = 32 << 10;

    /// <summary>In <see cref="Hello"/>: the command sends input.</summary>
    public const byte WantsInput = 1;

    /// <summary>In <see cref="Hello"/>: it wants standard output.</summary>
    public const byte WantsOutput = 2;

    /// <summary>In <see cref="Hello"/>: it wants standard error.</summary>
    public const byte WantsError = 4;

    /// <summary>In <see cref="Hello"/>: it joins a terminal that runs, whose program should draw its screen again.</summary>
    public const byte WantsRedraw = 8;

    /// <summary>The first frame.</summary>
    public static byte[] MakeHello(byte streams, WindowSize? size)
    {
        byte[] frame = new byte[6];
        frame[0] = Hello;
        frame[1] = streams;
        Put(frame.AsSpan(2), size ?? default);
        return frame;
    }

    /// <summary>A new size.</summary>
    public static byte[] MakeWindow(WindowSize size)
    {
        byte[] frame = new byte[5];
        frame[0] = Window;
        Put(frame.AsSpan(1), size);
        return frame;
    }

    /// <summary>The size in four bytes; null for none.</summary>
    public static WindowSize? ReadSize(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 4)
        {
            return null;
        }
        WindowSize size = new(BinaryPrimitives.ReadUInt16LittleEndian(bytes), BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]));
        return size.Rows == 0 && size.Columns == 0 ? null : size;
    }

    /// <summary>How much was left out.</summary>
    public static byte[] MakeSkipped(long count)
    {
        byte[] frame = new byte[9];
        frame[0] = Skipped;
        BinaryPrimitives.WriteInt64LittleEndian(frame.AsSpan(1), count);
        return frame;
    }

    /// <summary>The end of the container.</summary>
    public static byte[] MakeQuit(int code, string sentence)
    {
        byte[] frame = new byte[5 + Encoding.UTF8.GetByteCount(sentence)];
        frame[0] = Quit;
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(1), code);
        Encoding.UTF8.GetBytes(sentence, frame.AsSpan(5));
        return frame;
    }

    private static void Put(Span<byte> target, WindowSize size)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(target, size.Rows);
        BinaryPrimitives.WriteUInt16LittleEndian(target[2..], size.Columns);
    }
}
