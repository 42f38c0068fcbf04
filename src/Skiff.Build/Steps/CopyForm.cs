using Skiff.Build.Context;
using Skiff.Build.Parsing;

namespace Skiff.Build.Steps;

/// <summary>COPY or ADD, read and expanded.</summary>
internal sealed class CopyForm
{
    /// <summary>The sources that are paths or addresses.</summary>
    internal required IReadOnlyList<string> Sources { get; init; }

    /// <summary>The sources that stand in the Dockerfile.</summary>
    internal IReadOnlyList<Heredoc> Texts { get; init; } = [];

    /// <summary>Absolute path in the image.</summary>
    internal required string Destination { get; init; }

    /// <summary>The destination as written, variables expanded.</summary>
    internal required string DestinationText { get; init; }

    /// <summary>The destination is a directory, there or not.</summary>
    internal required bool IsDirectory { get; init; }

    /// <summary><c>--chown</c>; empty without.</summary>
    internal string Owner { get; init; } = "";

    /// <summary><c>--chmod</c>; null without.</summary>
    internal string? Mode { get; init; }

    /// <summary><c>--parents</c>.</summary>
    internal bool Parents { get; init; }

    /// <summary><c>--link</c>: the destination does not depend on what is below.</summary>
    internal bool Link { get; init; }

    /// <summary><c>--exclude</c>.</summary>
    internal IgnorePatterns Excluded { get; init; } = IgnorePatterns.None;

    /// <summary>The patterns of <c>--exclude</c> as written.</summary>
    internal IReadOnlyList<string> ExcludedTexts { get; init; } = [];

    /// <summary><c>--checksum</c> of ADD; empty without.</summary>
    internal string Checksum { get; init; } = "";

    /// <summary><c>--unpack</c> of ADD; null without.</summary>
    internal bool? Unpack { get; init; }

    /// <summary>All that the cache's key needs, without content.</summary>
    internal List<string> Text => [Destination, $"{IsDirectory}", Owner, Mode ?? "", $"{Parents} {Link} {Unpack}", .. ExcludedTexts];

    /// <summary>The line of the history: flags that matter to who reads it, then sources and destination.</summary>
    internal string History(string name)
    {
        List<string> words = [name];
        if (Owner.Length > 0)
        {
            words.Add("--chown=" + Owner);
        }
        if (Mode is not null)
        {
            words.Add("--chmod=" + Mode);
        }
        if (Link)
        {
            words.Add("--link");
        }
        return string.Join(' ', [.. words, .. Sources, .. Texts.Select(static t => "<<" + t.Name), DestinationText]);
    }

    /// <summary>Reads it.</summary>
    internal static CopyForm Parse(
        Instruction instruction,
        string workdir,
        Func<string, string> expand,
        Func<string, string> expandText,
        char escape
    )
    {
        IReadOnlyList<string> words = instruction.Json ?? WordList.Plain(instruction.Arguments);
        if (words.Count < 2)
        {
            throw DockerfileException.At(instruction, $"{instruction.Name} requires at least two arguments: a source and a destination");
        }
        List<string> sources = [];
        List<Heredoc> texts = [];
        foreach (string word in words.Take(words.Count - 1))
        {
            if (instruction.Heredocs.Count > texts.Count && HeredocMark.TryParse(word, escape) is not null)
            {
                Heredoc text = instruction.Heredocs[texts.Count];
                texts.Add(text.Expands ? text with { Content = expandText(text.Content) } : text);
                continue;
            }
            string expanded = expand(word);
            sources.Add(expanded.Length > 0 ? expanded : throw DockerfileException.At(instruction, $"the source {word} is empty"));
        }
        string destination = expand(words[^1]);
        if (destination.Length == 0)
        {
            throw DockerfileException.At(instruction, $"the destination {words[^1]} is empty");
        }
        bool isDirectory = destination is "." or ".." || destination.EndsWith('/') || destination.EndsWith("/.", StringComparison.Ordinal);
        if (sources.Count + texts.Count > 1 && !isDirectory)
        {
            throw DockerfileException.At(
                instruction,
                $"when using {instruction.Name} with more than one source file, the destination must be a directory and end with a /"
            );
        }
        List<string> excluded = [.. instruction.Flags.Where(static f => f.Name == "exclude").Select(f => expand(f.Value))];
        return new CopyForm
        {
            Sources = sources,
            Texts = texts,
            Destination = "/" + PathPattern.Clean(destination[0] == '/' ? destination : $"{workdir}/{destination}"),
            DestinationText = destination,
            IsDirectory = isDirectory,
            Owner = instruction.Flag("chown") is { } owner ? expand(owner) : "",
            Mode = instruction.Flag("chmod") is { } mode ? expand(mode) : null,
            Parents = Switch(instruction, "parents") ?? false,
            Link = Switch(instruction, "link") ?? false,
            Excluded = IgnorePatterns.Of(excluded),
            ExcludedTexts = excluded,
            Checksum = instruction.Flag("checksum") is { } sum ? expand(sum) : "",
            Unpack = Switch(instruction, "unpack"),
        };
    }

    private static bool? Switch(Instruction instruction, string name) =>
        instruction.Flag(name) switch
        {
            null => null,
            "" or "true" => true,
            "false" => false,
            var other => throw DockerfileException.At(instruction, $"--{name}={other}: true or false is due"),
        };
}
