namespace Skiff.Build;

/// <summary>Told what a build does. Calls come from several threads.</summary>
public interface IBuildProgress
{
    /// <summary>A step begins.</summary>
    /// <param name="step">Its number, from 1.</param>
    /// <param name="title">Such as <c>[build 2/5] RUN make</c>.</param>
    void Begin(int step, string title);

    /// <summary>A command of a step has written something.</summary>
    void Output(int step, ReadOnlySpan<byte> bytes);

    /// <summary>A remark about a step: why it is not taken from the cache, what it is doing.</summary>
    void Note(int step, string text);

    /// <summary>A step has ended.</summary>
    void End(int step, StepOutcome outcome);

    /// <summary>Something that the user should know and that stops nothing.</summary>
    void Warn(string text);
}

/// <summary>How a step ended.</summary>
public enum StepOutcome
{
    /// <summary>It ran.</summary>
    Done,

    /// <summary>It had been done before.</summary>
    Cached,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>It was ended before it was done.</summary>
    Canceled,
}
