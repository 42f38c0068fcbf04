using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Monitoring;

/// <summary>What the writer and the readers of a log do to its files. They share no lock, so that no reader can stop a container: tests take the place of this one to have each call of the one between any two of the other.</summary>
internal class LogDisk
{
    /// <summary>The disk itself.</summary>
    internal static LogDisk Real { get; } = new();

    internal virtual SafeFd? TryOpen(string path, int flags, out int errno, uint mode = 0) => Files.TryOpen(path, flags, out errno, mode);

    internal virtual void Rename(string from, string to) => Files.Rename(from, to);

    internal virtual int TryRemove(string path) => Files.TryRemove(path);

    internal virtual int TryRead(SafeFd file, Span<byte> buffer) => Files.TryRead(file, buffer, out _);

    internal virtual int TryWriteAll(SafeFd file, ReadOnlySpan<byte> bytes) => Files.TryWriteAll(file.Value, bytes);

    /// <summary>Sets the time of change.</summary>
    internal virtual void Stamp(SafeFd file, in TimeSpec time) => At.SetTimes(file.Value, time, time);

    /// <summary>Does something beside the container's output, which does not wait for it; what is returned waits for its end.</summary>
    internal virtual Action Beside(Action work)
    {
        Thread thread = new(() => work(), maxStackSize: 256 << 10);
        thread.Start();
        return thread.Join;
    }
}
