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

    /// <summary>The wait before attempt <paramref name="failures"/> + 1: what the registry asks for within bounds, else exponential with up to a quarter of jitter.</summary>
    public TimeSpan Delay(int failures, string? retryAfter, DateTimeOffset now, double jitter)
    {
        if (ParseRetryAfter(retryAfter, now) is TimeSpan asked)
        {
            return asked < MaxRetryAfter ? asked : MaxRetryAfter;
        }
        double seconds = Math.Min(FirstDelay.TotalSeconds * Math.Pow(2, failures - 1), MaxDelay.TotalSeconds);
        return TimeSpan.FromSeconds(seconds * (1 + (jitter / 4)));
    }

    /// <summary>Reads <c>Retry-After</c>: seconds, or an HTTP date (RFC 9110, section 10.2.3); null for neither.</summary>
    public static TimeSpan? ParseRetryAfter(string? value, DateTimeOffset now)
    {
        if (value is null)
        {
            return null;
        }
        if (long.TryParse(value.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long seconds))
        {
            return TimeSpan.FromSeconds(Math.Min(seconds, 86_400));
        }
        if (!DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date))
        {
            return null;
        }
        return date > now ? date - now : TimeSpan.Zero;
    }
}
