using System.Globalization;
using Skiff.Linux;

namespace Skiff.Images.Archives;

/// <summary>The instruction HEALTHCHECK of a Dockerfile: <c>NONE</c>, or <c>[--interval=30s …] CMD command</c>.</summary>
internal static class HealthcheckChange
{
    /// <summary>Reads what follows the instruction.</summary>
    /// <param name="argument">The text.</param>
    /// <param name="command">Reads a command: a JSON list, or a line for the shell.</param>
    /// <param name="change">The whole instruction, for messages.</param>
    internal static Healthcheck Parse(string argument, Func<string, string, List<string>> command, string change)
    {
        Healthcheck check = new([], 0, 0, 0, 0, 0);
        string rest = argument;
        while (rest.StartsWith("--", StringComparison.Ordinal))
        {
            int end = rest.AsSpan().IndexOfAny(' ', '\t');
            string option = end < 0 ? rest : rest[..end];
            rest = end < 0 ? "" : rest[end..].TrimStart();
            int equals = option.IndexOf('=');
            string value = equals < 0 ? "" : option[(equals + 1)..];
            check = (equals < 0 ? option : option[..equals]) switch
            {
                "--interval" => check with { Interval = Nanoseconds(value, change) },
                "--timeout" => check with { Timeout = Nanoseconds(value, change) },
                "--start-period" => check with { StartPeriod = Nanoseconds(value, change) },
                "--start-interval" => check with { StartInterval = Nanoseconds(value, change) },
                "--retries" => check with
                {
                    Retries = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long retries)
                        ? retries
                        : throw Wrong(change),
                },
                _ => throw Wrong(change),
            };
        }
        if (rest.Equals("NONE", StringComparison.OrdinalIgnoreCase) && rest == argument)
        {
            return check with { Test = ["NONE"] };
        }
        string text = rest.StartsWith("CMD", StringComparison.OrdinalIgnoreCase) ? rest[3..].Trim() : "";
        return text.Length == 0
            ? throw Wrong(change)
            : check with
            {
                Test = text[0] == '[' ? ["CMD", .. command(text, change)] : ["CMD-SHELL", text],
            };
    }

    /// <summary>A duration as Go writes it: <c>1m30s</c>, <c>500ms</c>.</summary>
    private static long Nanoseconds(string text, string change)
    {
        decimal total = 0;
        int at = 0;
        while (at < text.Length)
        {
            int number = at;
            while (at < text.Length && text[at] is (>= '0' and <= '9') or '.')
            {
                at++;
            }
            int unit = at;
            while (at < text.Length && char.IsAsciiLetter(text[at]))
            {
                at++;
            }
            decimal factor = text[unit..at] switch
            {
                "h" => 3_600_000_000_000,
                "m" => 60_000_000_000,
                "s" => 1_000_000_000,
                "ms" => 1_000_000,
                "us" => 1_000,
                "ns" => 1,
                _ => throw Wrong(change),
            };
            total +=
                decimal.TryParse(text[number..unit], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal count)
                && count < 1_000_000
                    ? count * factor
                    : throw Wrong(change);
        }
        return text.Length == 0 ? throw Wrong(change) : (long)total;
    }

    private static SkiffException Wrong(string change) =>
        new(
            $"--change \"{Printable.Of(change)}\": HEALTHCHECK NONE, or HEALTHCHECK [--interval=30s] [--timeout=30s] [--start-period=0s] [--start-interval=5s] [--retries=3] CMD command"
        );
}
