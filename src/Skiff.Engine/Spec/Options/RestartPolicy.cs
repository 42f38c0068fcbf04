namespace Skiff.Engine.Spec;

/// <summary>The restart policy, docker's grammar <c>no|always|unless-stopped|on-failure[:max]</c>; the default is never.</summary>
/// <param name="Mode">When.</param>
/// <param name="MaximumRetries">For on-failure: how often in a row at most; 0 means without limit.</param>
public readonly record struct RestartPolicy(RestartMode Mode, int MaximumRetries = 0)
{
    /// <summary>docker's name of the policy, without the count.</summary>
    public string Name =>
        Mode switch
        {
            RestartMode.Always => "always",
            RestartMode.UnlessStopped => "unless-stopped",
            RestartMode.OnFailure => "on-failure",
            _ => "no",
        };

    /// <summary>The text that <see cref="OptionGrammar.ParseRestart"/> reads.</summary>
    public override string ToString() => MaximumRetries > 0 ? $"{Name}:{MaximumRetries}" : Name;
}
