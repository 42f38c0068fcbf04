using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>Something that the monitor waits for: a descriptor that becomes ready, a time that comes, or both. Its methods run in the loop's thread and must not block.</summary>
/// <remarks>The loop reads the three fields before every wait, so a source changes what it waits for by setting them. Whoever adds a source disposes of what it holds.</remarks>
internal abstract class MonitorSource
{
    /// <summary>No due time.</summary>
    internal const long Never = long.MaxValue;

    /// <summary>The descriptor to poll; negative for none.</summary>
    internal int Fd = -1;

    /// <summary>What is waited for: <see cref="Poll.POLLIN"/>, <see cref="Poll.POLLOUT"/>. POLLHUP and POLLERR are always reported.</summary>
    internal short Events = Poll.POLLIN;

    /// <summary>When <see cref="OnDue"/> is to be called, in milliseconds of <see cref="Environment.TickCount64"/>; it is called once and must set the next time itself.</summary>
    internal long Due = Never;

    /// <summary>The loop that serves it; null before it was added and after it was removed.</summary>
    internal MonitorLoop? Loop;

    /// <summary>The descriptor is ready.</summary>
    /// <param name="events">Of poll(2); may be POLLHUP or POLLERR alone.</param>
    internal virtual void OnReady(short events) { }

    /// <summary>The due time has come.</summary>
    internal virtual void OnDue() { }

    /// <summary>The container's first process has ended and the loop stops: the last chance to take what is left. Called once, in the order of addition.</summary>
    internal virtual void OnEnd() { }
}
