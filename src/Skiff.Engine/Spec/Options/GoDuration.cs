using System.Globalization;
using System.Text;

namespace Skiff.Engine.Spec;

/// <summary>Durations in the notation of Go's time package, which docker's flags and inspect use: <c>1m30s</c>, <c>1.5h</c>, <c>500ms</c>.</summary>
public static class GoDuration
{
    /// <summary>Reads a duration that is not negative; parts below 100 ns are cut off.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text == "0")
        {
            return true;
        }
        decimal nanoseconds = 0;
        int at = 0;
        while (at < text.Length)
        {
            int start = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
            {
                at++;
            }
            if (
                !decimal.TryParse(
                    text.AsSpan(start, at - start),
                    NumberStyles.AllowDecimalPoint,
                    CultureInfo.InvariantCulture,
                    out decimal number
                )
            )
            {
                return false;
            }
            start = at;
            while (at < text.Length && !char.IsAsciiDigit(text[at]) && text[at] != '.')
            {
                at++;
            }
            decimal unit = text.AsSpan(start, at - start) switch
            {
                "ns" => 1,
                "us" or "µs" or "μs" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                _ => 0,
            };
            if (unit == 0 || number > long.MaxValue / unit)
            {
                return false;
            }
            nanoseconds += number * unit;
        }
        if (text.Length == 0 || nanoseconds > long.MaxValue)
        {
            return false;
        }
        duration = TimeSpan.FromTicks((long)(nanoseconds / 100));
        return true;
    }

    /// <summary>Whole units from hours down: <c>1h30m</c>, <c>1s500ms</c>; <c>0s</c> for none. <see cref="TryParse"/> reads the same value back.</summary>
    public static string Format(TimeSpan duration)
    {
        StringBuilder text = new();
        long ticks = duration.Ticks;
        Part(TimeSpan.TicksPerHour, "h");
        Part(TimeSpan.TicksPerMinute, "m");
        Part(TimeSpan.TicksPerSecond, "s");
        Part(TimeSpan.TicksPerMillisecond, "ms");
        Part(TimeSpan.TicksPerMicrosecond, "us");
        if (ticks > 0)
        {
            text.Append(ticks * 100).Append("ns");
        }
        return text.Length == 0 ? "0s" : text.ToString();

        void Part(long size, string unit)
        {
            if (ticks >= size)
            {
                text.Append(ticks / size).Append(unit);
                ticks %= size;
            }
        }
    }
}
