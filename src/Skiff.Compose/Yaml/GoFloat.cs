using System.Globalization;

namespace Skiff.Compose.Yaml;

/// <summary>Numbers with a fraction as Go prints them, because that is how docker compose shows them.</summary>
internal static class GoFloat
{
    /// <summary>The shortest text that gives the same number; an exponent from 1e21 on and below 1e-4, of at least two digits.</summary>
    public static string Format(double value)
    {
        if (double.IsNaN(value) || double.IsInfinity(value))
        {
            return double.IsNaN(value) ? "NaN"
                : value > 0 ? "+Inf"
                : "-Inf";
        }
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        double size = Math.Abs(value);
        if (size != 0 && (size < 1e-4 || size >= 1e21))
        {
            int e = text.IndexOf('E', StringComparison.Ordinal);
            if (e < 0)
            {
                return value.ToString("0.################e+00", CultureInfo.InvariantCulture);
            }
            string digits = text[(e + 2)..];
            return $"{text[..e]}e{text[e + 1]}{(digits.Length < 2 ? "0" : "")}{digits}";
        }
        return text.Contains('E', StringComparison.Ordinal) ? value.ToString("0.####################", CultureInfo.InvariantCulture) : text;
    }
}
