using System.Globalization;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Commands;

/// <summary>Moments as docker's flags take them: a duration ago (<c>24h</c>), seconds since 1970 with a fraction, or a date with time and zone in whole or in part.</summary>
internal static class TimeArgument
{
    private static readonly string[] s_local =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF",
        "yyyy-MM-dd'T'HH:mm:ss",
        "yyyy-MM-dd'T'HH:mm",
        "yyyy-MM-dd'T'HH",
        "yyyy-MM-dd",
        "yyyy-MM-dd HH:mm:ss",
    ];

    /// <summary>The moment. Throws <see cref="SkiffException"/> naming <paramref name="what"/>, the flag or filter.</summary>
    public static DateTimeOffset Parse(string text, DateTimeOffset now, string what)
    {
        if (
            decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds)
            && seconds < 253_402_300_800
        )
        {
            return DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond));
        }
        if (GoDuration.TryParse(text, out TimeSpan ago))
        {
            return now - ago;
        }
        // Without a zone it is the user's local time, as docker reads it.
        if (
            DateTime.TryParseExact(
                text,
                s_local,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeLocal | DateTimeStyles.AdjustToUniversal,
                out DateTime local
            )
        )
        {
            return new DateTimeOffset(local, TimeSpan.Zero);
        }
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time
            : throw new SkiffException(
                $"{what}: \"{text}\" is no time: expected a duration such as 24h, a date such as 2026-01-31T12:00:00Z, or seconds since 1970"
            );
    }
}
