using System.Text;
using Skiff.Linux.Terminal;

namespace Skiff.Display;

/// <summary>Questions to the user. The question goes to standard error where the answer may be redirected, the answer comes from standard input.</summary>
internal static class Prompt
{
    private const int CtrlC = 3;
    private const int CtrlD = 4;
    private const int Backspace = 8;
    private const int Delete = 127;

    /// <summary>Docker's confirmation: only an answer that begins with y is yes; the end of input is no.</summary>
    public static bool Confirm(Output output, string warning)
    {
        output.Write($"{warning}\nAre you sure you want to continue? [y/N] ");
        return ReadLine() is { } answer && answer.Trim().ToLowerInvariant() is "y" or "yes";
    }

    /// <summary>One line of standard input without its end; null at the end of input.</summary>
    public static string? ReadLine()
    {
        using Stream input = StandardStreams.Input();
        var bytes = new List<byte>();
        int b;
        // Byte by byte: what follows the line belongs to somebody else.
        while ((b = input.ReadByte()) >= 0 && b != '\n')
        {
            bytes.Add((byte)b);
        }
        return b < 0 && bytes.Count == 0 ? null : Encoding.UTF8.GetString([.. bytes]).TrimEnd('\r');
    }

    /// <summary>A line that is not shown while it is typed. Null at the end of input.</summary>
    public static string? ReadSecret(Output output, string question)
    {
        output.Error(question);
        using RawMode? raw = RawMode.TryEnter(0);
        if (raw is null)
        {
            return ReadLine();
        }
        using Stream input = StandardStreams.Input();
        var bytes = new List<byte>();
        while (true)
        {
            int b = input.ReadByte();
            switch (b)
            {
                case CtrlC:
                    raw.Dispose();
                    output.ErrorLine("");
                    throw new OperationCanceledException();
                case -1 or CtrlD when bytes.Count == 0:
                    return null;
                case -1 or CtrlD or '\r' or '\n':
                    raw.Dispose();
                    output.ErrorLine("");
                    return Encoding.UTF8.GetString([.. bytes]);
                case Backspace or Delete:
                    if (bytes.Count > 0)
                    {
                        bytes.RemoveAt(bytes.Count - 1);
                    }
                    break;
                default:
                    bytes.Add((byte)b);
                    break;
            }
        }
    }
}
