using System.Globalization;

namespace Skiff.Images.Registry;

/// <summary>How often and after which wait a request is tried again.</summary>
/// <param name="Attempts">Failures in a row, without a byte between, until the pull gives up.</param>
/// <param name="FirstDelay">Wait after the first failure; it doubles each time.</param>
/// <param name="MaxDelay">Longest wait of our own choosing.</param>
/// <param name="MaxRetryAfter">Longest wait that a registry may ask for.</param>
/// <param name="StallTimeout">How long a connection may be silent before it counts as dead.</param>
public sealed record RetryPolicy(int Attempts, TimeSpan FirstDelay, TimeSpan MaxDelay, TimeSpan MaxRetryAfter, TimeSpan StallTimeout)
{
    /// <summary>Six attempts, from half a second to half a minute; a registry may ask for two minutes; silence of thirty seconds is the end of a connection.</summary>
    public static RetryPolicy Default { get; } =
        new(6, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(30));

    // RFC 9110, section 5.6.7: the form of today, and two old ones that recipients must read.
    private static readonly string[] s_dates =
    [
        "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        "dddd, dd-MMM-yy HH:mm:ss 'GMT'",
        "ddd MMM d HH:mm:ss yyyy",
    ];

    /// <summary>The wait before attempt <paramref name="failures"/> + 1: exponential with up to a quarter of jitter, or longer where the registry asks for it, within bounds.</summary>
    /// <remarks>A registry that asks for less, "0" or a time that is past by our clock, gets no six requests at once for it.</remarks>
    public TimeSpan Delay(int failures, TimeSpan? asked, double jitter)
    {
        double seconds = Math.Min(FirstDelay.TotalSeconds * Math.ScaleB(1, failures - 1), MaxDelay.TotalSeconds);
        TimeSpan own = TimeSpan.FromSeconds(seconds * (1 + (jitter / 4)));
        return asked is not TimeSpan time || time < own ? own
            : time < MaxRetryAfter ? time
            : MaxRetryAfter;
    }

    /// <summary>Reads <c>Retry-After</c>: seconds, or an HTTP date (RFC 9110, section 10.2.3); null for neither.</summary>
    /// <param name="value">The header.</param>
    /// <param name="now">The registry's time, as its <c>Date</c> header says, so that a wrong clock here does no harm.</param>
    public static TimeSpan? ParseRetryAfter(string? value, DateTimeOffset now)
    {
        ReadOnlySpan<char> text = value.AsSpan().Trim();
        if (text.Length > 0 && !text.ContainsAnyExceptInRange('0', '9'))
        {
            return TimeSpan.FromSeconds(
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) ? seconds : int.MaxValue
            );
        }
        return ParseDate(value) is not DateTimeOffset date ? null
            : date > now ? date - now
            : TimeSpan.Zero;
    }

    /// <summary>Reads an HTTP date; null if it is none.</summary>
    public static DateTimeOffset? ParseDate(string? value) =>
        DateTimeOffset.TryParseExact(
            value,
            s_dates,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AllowWhiteSpaces | DateTimeStyles.AssumeUniversal,
            out DateTimeOffset date
        )
            ? date
            : null;
}
