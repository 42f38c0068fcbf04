using Skiff.Display;

namespace Skiff.Commands.Containers;

/// <summary>docker's lines of <c>cp</c> on standard error: how much while it copies, and one sentence at the end.</summary>
internal sealed class CopyProgress(Output output, bool shown, string header)
{
    private const int Interval = 200;

    private long _next = Environment.TickCount64 + Interval;
    private bool _begun;

    /// <summary>Shows a size, at most five times a second.</summary>
    public void Show(long bytes)
    {
        if (Environment.TickCount64 >= _next)
        {
            output.Error($"\r\e[K{header} - {Human.ShortSize(bytes)}");
            _next = Environment.TickCount64 + Interval;
            _begun = true;
        }
    }

    /// <summary>The sentence at the end; a tar has two blocks more than its entries.</summary>
    public void Done(long bytes, string target)
    {
        if (shown)
        {
            output.ErrorLine($"{(_begun ? "\r\e[K" : "")}Successfully copied {Human.ShortSize(bytes + 1024)} to {target}");
        }
    }
}
