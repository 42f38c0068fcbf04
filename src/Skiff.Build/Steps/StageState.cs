using Skiff.Build.Cache;
using Skiff.Images;

namespace Skiff.Build.Steps;

/// <summary>A stage as far as it has come: its layers, how it is run, and the variables that its instructions see.</summary>
internal sealed class StageState
{
    /// <summary>Its layers, bottom first.</summary>
    internal List<BuiltLayer> Layers { get; init; } = [];

    /// <summary>How the image is run, without layers and history.</summary>
    internal ImageConfig Config { get; set; } = new();

    /// <summary>How it was made.</summary>
    internal List<HistoryEntry> History { get; init; } = [];

    /// <summary>ARGs in the order of their instructions; null for one that has no value.</summary>
    internal List<KeyValuePair<string, string?>> Args { get; init; } = [];

    /// <summary>The cache key of all that was done.</summary>
    internal string Key { get; set; } = "";

    /// <summary>A step of it has run in this build: those after it run, too.</summary>
    internal bool HasRun { get; set; }

    /// <summary>When its last step ran, which may have been in another build.</summary>
    internal DateTimeOffset? Created { get; set; }

    /// <summary>The id of the image that it began with; null for none.</summary>
    internal Digest? BaseImage { get; init; }

    /// <summary>A stage that begins where this one ends.</summary>
    internal StageState Fork() =>
        new()
        {
            Layers = [.. Layers],
            Config = Config,
            History = [.. History],
            Args = [.. Args],
            Key = Key,
            HasRun = HasRun,
            Created = Created,
            BaseImage = BaseImage,
        };

    /// <summary>The value of a variable as instructions see it: ENV wins over ARG.</summary>
    internal string? Variable(string name)
    {
        foreach (string entry in Config.Env)
        {
            if (entry.Length > name.Length && entry[name.Length] == '=' && entry.StartsWith(name, StringComparison.Ordinal))
            {
                return entry[(name.Length + 1)..];
            }
        }
        return ArgValue(name);
    }

    /// <summary>The value of an ARG.</summary>
    internal string? ArgValue(string name)
    {
        for (int i = Args.Count - 1; i >= 0; i--)
        {
            if (Args[i].Key == name)
            {
                return Args[i].Value;
            }
        }
        return null;
    }

    /// <summary>Declares an ARG; a later declaration takes the place of an earlier one.</summary>
    internal void SetArg(string name, string? value)
    {
        Args.RemoveAll(a => a.Key == name);
        Args.Add(new(name, value));
    }

    /// <summary>ARGs with a value that no ENV hides: what a command sees beside ENV.</summary>
    internal List<KeyValuePair<string, string>> VisibleArgs()
    {
        List<KeyValuePair<string, string>> visible = [];
        foreach ((string name, string? value) in Args)
        {
            if (value is not null && !Config.Env.Any(e => e.StartsWith(name + "=", StringComparison.Ordinal)))
            {
                visible.Add(new(name, value));
            }
        }
        return visible;
    }

    /// <summary>The shell of shell forms.</summary>
    internal IReadOnlyList<string> Shell => Config.Shell.Count > 0 ? Config.Shell : ["/bin/sh", "-c"];
}
