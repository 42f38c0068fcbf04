using Skiff.Build.Parsing;
using Skiff.Linux;

namespace Skiff.Build;

/// <summary>A step that failed, with what is needed to see why.</summary>
public sealed class BuildStepException : SkiffException
{
    internal BuildStepException(string message, string title, Instruction instruction, byte[] output, Exception? inner = null)
        : base(message, 1, inner)
    {
        Title = title;
        Output = output;
        FirstLine = instruction.IsTriggered ? 0 : instruction.FirstLine;
        LastLine = instruction.LastLine;
    }

    /// <summary>The step.</summary>
    public string Title { get; }

    /// <summary>The last that its command wrote.</summary>
    public IReadOnlyList<byte> Output { get; }

    /// <summary>Its first line in the Dockerfile, from 1; 0 where it is not there.</summary>
    public int FirstLine { get; }

    /// <summary>Its last line.</summary>
    public int LastLine { get; }
}
