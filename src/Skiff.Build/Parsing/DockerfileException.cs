using Skiff.Linux;

namespace Skiff.Build.Parsing;

/// <summary>A Dockerfile that cannot be followed, with the lines that are the reason.</summary>
public sealed class DockerfileException : SkiffException
{
    /// <summary>Names the reason and the place.</summary>
    public DockerfileException(string message, int firstLine, int lastLine = 0, Exception? inner = null)
        : base(message, 1, inner)
    {
        FirstLine = firstLine;
        LastLine = Math.Max(firstLine, lastLine);
    }

    /// <summary>The first of the lines, from 1; 0 where none is meant.</summary>
    public int FirstLine { get; }

    /// <summary>The last of them.</summary>
    public int LastLine { get; }

    internal static DockerfileException At(Instruction instruction, string message, Exception? inner = null) =>
        new(message, instruction.IsTriggered ? 0 : instruction.FirstLine, instruction.LastLine, inner);
}
