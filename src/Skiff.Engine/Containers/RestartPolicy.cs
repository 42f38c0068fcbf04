using System.Globalization;
using Skiff.Linux;

namespace Skiff.Engine.Containers;

/// <summary>docker's restart policies.</summary>
public enum RestartMode
{
    /// <summary>Never.</summary>
    No,

    /// <summary>After an exit code other than 0.</summary>
    OnFailure,

    /// <summary>Whenever it ends, and after a reboot.</summary>
    Always,

    /// <summary>As always, but a container stopped by hand stays stopped over a reboot.</summary>
    UnlessStopped,
}

/// <summary><c>--restart</c>.</summary>
/// <param name="Mode">The policy.</param>
/// <param name="MaximumRetries">For on-failure: the number of restarts in a row; 0 is without limit.</param>
public readonly record struct RestartPolicy(RestartMode Mode, int MaximumRetries = 0)
{
    /// <summary>The default: never.</summary>
    public static RestartPolicy No => default;

    /// <summary>Reads <c>no</c>, <c>always</c>, <c>unless-stopped</c>, <c>on-failure</c> or <c>on-failure:N</c>.</summary>
    public static RestartPolicy Parse(string text)
    {
        string name = text;
        int retries = 0;
        int colon = text.IndexOf(':');
        if (colon >= 0)
        {
            name = text[..colon];
            if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out retries))
            {
                throw new SkiffException($"invalid restart policy \"{text}\": the maximum retry count must be a whole number, as in on-failure:3", 125);
            }
            if (name != "on-failure")
            {
                throw new SkiffException($"invalid restart policy \"{text}\": a maximum retry count works with on-failure only", 125);
            }
        }
        return name switch
        {
            "" or "no" => No,
            "always" => new(RestartMode.Always),
            "unless-stopped" => new(RestartMode.UnlessStopped),
            "on-failure" => new(RestartMode.OnFailure, retries),
            _ => throw new SkiffException($"unknown restart policy \"{text}\": use no, on-failure[:N], always or unless-stopped", 125),
        };
    }

    /// <summary>docker's name of the policy, without the count.</summary>
    public string Name =>
        Mode switch
        {
            RestartMode.OnFailure => "on-failure",
            RestartMode.Always => "always",
            RestartMode.UnlessStopped => "unless-stopped",
            _ => "no",
        };

    /// <inheritdoc/>
    public override string ToString() => MaximumRetries > 0 ? $"{Name}:{MaximumRetries}" : Name;
}
