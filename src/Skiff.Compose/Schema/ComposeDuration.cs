using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Skiff.Engine.Spec;

namespace Skiff.Compose.Schema;

/// <summary>Durations as docker compose shows them, which is how Go prints one: <c>1h0m0s</c>, <c>1m30s</c>, <c>1.5s</c>, <c>200ms</c>.</summary>
internal static class ComposeDuration
{
    /// <summary>Reads any of Go's notations and gives the canonical one.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out string? canonical)
    {
        canonical = GoDuration.TryParse(text, out TimeSpan time) ? Format(time) : null;
        return canonical is not null;
    }

    private static string Format(TimeSpan time)
    {
        if (time < TimeSpan.FromSeconds(1))
        {
            return time == TimeSpan.Zero ? "0s"
                : time < TimeSpan.FromMilliseconds(1) ? Number(time.TotalMicroseconds) + "µs"
                : Number(time.TotalMilliseconds) + "ms";
        }
        StringBuilder text = new();
        int hours = (int)time.TotalHours;
        if (hours > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{hours}h");
        }
        if (hours > 0 || time.Minutes > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{time.Minutes}m");
        }
        double seconds = time.TotalSeconds - (hours * 3600.0) - (time.Minutes * 60.0);
        return text.Append(Number(seconds)).Append('s').ToString();
    }

    private static string Number(double value) => Math.Round(value, 9).ToString("0.#########", CultureInfo.InvariantCulture);
}
