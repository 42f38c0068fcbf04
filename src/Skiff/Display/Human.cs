using System.Globalization;

namespace Skiff.Display;

/// <summary>Sizes, times and ids in docker's words (those of the go-units package).</summary>
internal static class Human
{
    /// <summary>Decimal, four significant digits: <c>7.81MB</c>, <c>1.023kB</c>, <c>0B</c>.</summary>
    public static string Size(double bytes) => Scale(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB"], 4);

    /// <summary>Decimal, three significant digits, as the image listing has it: <c>7.81MB</c>.</summary>
    public static string ShortSize(double bytes) => Scale(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB"], 3);

    /// <summary>Binary, four significant digits: <c>1.944GiB</c>.</summary>
    public static string BinarySize(double bytes) => Scale(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"], 4);

    /// <summary><c>3 hours</c>, <c>About a minute</c>, <c>2 weeks</c>.</summary>
    public static string Duration(TimeSpan time)
    {
        long seconds = (long)time.TotalSeconds;
        long minutes = (long)time.TotalMinutes;
        long hours = (long)(time.TotalHours + 0.5);
        return seconds switch
        {
            < 1 => "Less than a second",
            1 => "1 second",
            < 60 => $"{seconds} seconds",
            _ when minutes == 1 => "About a minute",
            _ when minutes < 60 => $"{minutes} minutes",
            _ when hours == 1 => "About an hour",
            _ when hours < 48 => $"{hours} hours",
            _ when hours < 24 * 7 * 2 => $"{hours / 24} days",
            _ when hours < 24 * 30 * 2 => $"{hours / 24 / 7} weeks",
            _ when hours < 24 * 365 * 2 => $"{hours / 24 / 30} months",
            _ => $"{(long)(time.TotalHours / 24 / 365)} years",
        };
    }

    /// <summary><c>3 hours ago</c>, or <c>N/A</c> for the zero time that images without a date have.</summary>
    public static string Ago(DateTimeOffset then, DateTimeOffset now) =>
        then.ToUnixTimeSeconds() <= 0 ? "N/A" : Duration(now - then) + " ago";

    /// <summary>The first 12 digits of an id, without its algorithm.</summary>
    public static string ShortId(string id)
    {
        int colon = id.IndexOf(':', StringComparison.Ordinal);
        string hex = colon < 0 ? id : id[(colon + 1)..];
        return hex.Length > 12 ? hex[..12] : hex;
    }

    /// <summary>At most <paramref name="length"/> characters, the last an ellipsis if something was cut.</summary>
    public static string Ellipsis(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";

    private static string Scale(double value, double step, string[] units, int digits)
    {
        int unit = 0;
        while (value >= step && unit < units.Length - 1)
        {
            value /= step;
            unit++;
        }
        // As Go's %.4g: significant digits without trailing zeros, and no exponent at these magnitudes.
        double rounded = double.Parse(value.ToString($"G{digits}", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return rounded.ToString(CultureInfo.InvariantCulture) + units[unit];
    }
}
