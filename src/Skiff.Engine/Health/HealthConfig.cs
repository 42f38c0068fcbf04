using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using Skiff.Images;

namespace Skiff.Engine.Health;

/// <summary>The health check that a container has: the image's HEALTHCHECK with what the flags say over it, by docker's rules.</summary>
public static class HealthConfig
{
    private const int DefaultRetries = 3;
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_startInterval = TimeSpan.FromSeconds(5);

    /// <summary>The check with every default filled in; null when there is none, or it was switched off.</summary>
    public static HealthCheck? Of(RunOptions options, ImageConfig? image)
    {
        Healthcheck? inherited = image?.Healthcheck;
        IReadOnlyList<string> test = options.HealthCommand is { } command ? Test(command) : inherited?.Test ?? [];
        if (options.NoHealthcheck || test.Count == 0 || test[0] is not ("CMD" or "CMD-SHELL") || test.Count == 1)
        {
            return null;
        }
        return new HealthCheck(
            test[0] == "CMD-SHELL" ? Shell(test, image) : test,
            Choose(options.HealthInterval, inherited?.Interval, s_interval),
            Choose(options.HealthTimeout, inherited?.Timeout, s_timeout),
            Choose(options.HealthStartPeriod, inherited?.StartPeriod, TimeSpan.Zero),
            Choose(options.HealthStartInterval, inherited?.StartInterval, s_startInterval),
            options.HealthRetries is > 0 and int asked ? asked
                : inherited?.Retries is > 0 and long own ? (int)Math.Min(own, int.MaxValue)
                : DefaultRetries
        );
    }

    /// <summary>A shell command, or podman's JSON array of words, which begins with <c>CMD</c> or <c>CMD-SHELL</c>.</summary>
    private static IReadOnlyList<string> Test(string command) =>
        command.StartsWith("[\"CMD", StringComparison.Ordinal) && OptionGrammar.ParseEntrypoint(command) is { Count: > 1 } words
            ? [.. words.AsSpan()]
            : ["CMD-SHELL", command];

    /// <summary>The image's SHELL is kept with the command, as its words are not known later: <c>CMD-SHELL</c>, the command, then the shell.</summary>
    private static List<string> Shell(IReadOnlyList<string> test, ImageConfig? image) =>
        image?.Shell is { Count: > 0 } shell ? ["CMD-SHELL", test[1], .. shell] : ["CMD-SHELL", test[1]];

    /// <summary>The words to execute.</summary>
    public static IReadOnlyList<string> Command(HealthCheck check) =>
        check.Test[0] == "CMD" ? [.. check.Test.Skip(1)]
        : check.Test.Count > 2 ? [.. check.Test.Skip(2), check.Test[1]]
        : ["/bin/sh", "-c", check.Test[1]];

    /// <summary>A duration of 0 is docker's "not said".</summary>
    private static TimeSpan Choose(TimeSpan? asked, long? nanoseconds, TimeSpan otherwise) =>
        asked is { Ticks: > 0 } flag ? flag
        : nanoseconds is > 0 and long own ? TimeSpan.FromTicks(own / 100)
        : otherwise;
}
