namespace Skiff.Commands.Containers;

/// <summary>Why a command is attached no more.</summary>
internal enum AttachEnd
{
    /// <summary>The container has ended; the code is its.</summary>
    Exited,

    /// <summary>The detach keys were typed.</summary>
    Detached,

    /// <summary>A signal ended the command; the code is the signal.</summary>
    Signalled,

    /// <summary>Only input was attached, and it has ended.</summary>
    InputEnded,

    /// <summary>Nobody reads what is shown any more.</summary>
    OutputClosed,

    /// <summary>The monitor has died.</summary>
    Lost,
}

/// <summary>How an attachment ended.</summary>
/// <param name="End">Why.</param>
/// <param name="Code">Exit code or signal.</param>
/// <param name="Sentence">What to say; may be empty.</param>
internal readonly record struct AttachOutcome(AttachEnd End, int Code = 0, string Sentence = "");
