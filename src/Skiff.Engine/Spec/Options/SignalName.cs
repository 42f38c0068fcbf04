using System.Globalization;

namespace Skiff.Engine.Spec;

/// <summary>Signals by name and number, signal(7): <c>TERM</c>, <c>SIGTERM</c>, <c>15</c>, <c>SIGRTMIN+3</c>.</summary>
public static class SignalName
{
    /// <summary>First real-time signal that programs may use: glibc keeps 32 and 33 for itself.</summary>
    private const int RtMin = 34;

    private const int RtMax = 64;

    // x86-64 and arm64 share these numbers (asm-generic/signal.h).
    private static readonly string[] s_names =
    [
        "",
        "HUP",
        "INT",
        "QUIT",
        "ILL",
        "TRAP",
        "ABRT",
        "BUS",
        "FPE",
        "KILL",
        "USR1",
        "SEGV",
        "USR2",
        "PIPE",
        "ALRM",
        "TERM",
        "STKFLT",
        "CHLD",
        "CONT",
        "STOP",
        "TSTP",
        "TTIN",
        "TTOU",
        "URG",
        "XCPU",
        "XFSZ",
        "VTALRM",
        "PROF",
        "WINCH",
        "IO",
        "PWR",
        "SYS",
    ];

    /// <summary>The number of a signal given by name (any case, with or without SIG) or number.</summary>
    public static bool TryParse(string text, out int signal)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out signal))
        {
            return signal is >= 1 and <= RtMax;
        }
        string name = text.ToUpperInvariant();
        name = name.StartsWith("SIG", StringComparison.Ordinal) ? name[3..] : name;
        name = name switch
        {
            "IOT" => "ABRT",
            "CLD" => "CHLD",
            "POLL" => "IO",
            "UNUSED" => "SYS",
            _ => name,
        };
        if (name.StartsWith("RTMIN", StringComparison.Ordinal) || name.StartsWith("RTMAX", StringComparison.Ordinal))
        {
            bool up = name[3] == 'I';
            int offset = 0;
            if (
                name.Length > 5
                && (
                    name[5] != (up ? '+' : '-')
                    || !int.TryParse(name.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out offset)
                )
            )
            {
                return false;
            }
            signal = up ? RtMin + offset : RtMax - offset;
            return signal is >= RtMin and <= RtMax;
        }
        signal = name.Length == 0 ? -1 : Array.IndexOf(s_names, name);
        return signal > 0;
    }

    /// <summary>The usual name with SIG: <c>SIGTERM</c>, <c>SIGRTMIN+3</c>; the number where there is none.</summary>
    public static string Format(int signal) =>
        signal > 0 && signal < s_names.Length ? "SIG" + s_names[signal]
        : signal == RtMin ? "SIGRTMIN"
        : signal is > RtMin and <= RtMax ? $"SIGRTMIN+{signal - RtMin}"
        : signal.ToString(CultureInfo.InvariantCulture);
}
