using Microsoft.Win32.SafeHandles;

namespace Skiff.Display;

/// <summary>Standard input and output as streams, for archives.</summary>
internal static class StandardStreams
{
    /// <summary>File descriptor 0; closing the stream leaves it open.</summary>
    public static Stream Input() => new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, 0);

    /// <summary>File descriptor 1, buffered; closing the stream leaves it open.</summary>
    public static Stream OutputStream() => new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, 64 << 10);
}
