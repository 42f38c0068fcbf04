using System.Text.Json;
using Skiff.Linux;

namespace Skiff.Images.Archives;

/// <summary>Dockerfile instructions that change an image's config: <c>--change</c> of import and commit.</summary>
public static class ConfigChanges
{
    /// <summary>Applies the instructions in order: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR.</summary>
    /// <exception cref="SkiffException">An instruction is unknown or malformed.</exception>
    public static ImageConfig Apply(ImageConfig config, IEnumerable<string> changes)
    {
        bool command = false;
        foreach (string change in changes)
        {
            string text = change.Trim();
            int space = text.AsSpan().IndexOfAny(' ', '\t');
            string argument = space < 0 ? "" : text[(space + 1)..].Trim();
            if (argument.Length == 0)
            {
                throw new SkiffException(
                    $"--change \"{Printable.Of(change)}\": an instruction and its value are due, such as CMD [\"/bin/sh\"]"
                );
            }
            string instruction = text[..space].ToUpperInvariant();
            IReadOnlyList<string> given = config.Cmd;
            config = One(config, instruction, argument, change);
            // an ENTRYPOINT drops the command that was meant for another one, not one that was given just now (Dockerfile reference)
            config = instruction == "ENTRYPOINT" && command ? config with { Cmd = given } : config;
            command |= instruction == "CMD";
        }
        return config;
    }

    private static ImageConfig One(ImageConfig config, string instruction, string argument, string change) =>
        instruction switch
        {
            "CMD" => config with { Cmd = Command(argument, change) },
            "ENTRYPOINT" => config with { Entrypoint = Command(argument, change), Cmd = [] },
            "ENV" => config with
            {
                Env = Pairs(argument, change)
                    .Aggregate(
                        config.Env,
                        (env, p) => [.. env.Where(e => !e.StartsWith(p.Key + "=", StringComparison.Ordinal)), $"{p.Key}={p.Value}"]
                    ),
            },
            "LABEL" => config with
            {
                Labels = Pairs(argument, change)
                    .Aggregate(
                        new Dictionary<string, string>(config.Labels),
                        (labels, p) =>
                        {
                            labels[p.Key] = p.Value;
                            return labels;
                        }
                    ),
            },
            "EXPOSE" => config with
            {
                ExposedPorts = [.. config.ExposedPorts.Union(Words(argument, change).Select(p => p.Contains('/') ? p : p + "/tcp"))],
            },
            "HEALTHCHECK" => config with { Healthcheck = HealthcheckChange.Parse(argument, Command, change) },
            "ONBUILD" => config with { OnBuild = [.. config.OnBuild, argument] },
            "STOPSIGNAL" => config with { StopSignal = argument },
            "USER" => config with { User = argument },
            "VOLUME" => config with
            {
                Volumes = [.. config.Volumes.Union(argument[0] == '[' ? Json(argument, change) : Words(argument, change))],
            },
            "WORKDIR" => config with { WorkingDir = argument[0] == '/' ? argument : $"{config.WorkingDir.TrimEnd('/')}/{argument}" },
            _ => throw new SkiffException(
                $"--change \"{Printable.Of(change)}\": {Printable.Of(instruction)} is not one of CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR"
            ),
        };

    /// <summary>A JSON list, or a line for the shell.</summary>
    private static List<string> Command(string argument, string change) =>
        argument[0] == '[' ? Json(argument, change) : ["/bin/sh", "-c", argument];

    private static List<string> Json(string argument, string change)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(argument);
            return [.. document.RootElement.EnumerateArray().Select(e => e.GetString() ?? throw new JsonException())];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new SkiffException($"--change \"{Printable.Of(change)}\": not a list of strings in JSON", 1, e);
        }
    }

    /// <summary><c>K=V K2="two words"</c>, or the old form <c>K the rest</c>.</summary>
    private static List<(string Key, string Value)> Pairs(string argument, string change)
    {
        List<string> words = Words(argument, change);
        if (words.Count > 1 && !words[0].Contains('='))
        {
            int space = argument.AsSpan().IndexOfAny(' ', '\t');
            return [(argument[..space], argument[(space + 1)..].Trim())];
        }
        return
        [
            .. words.Select(word =>
            {
                int equals = word.IndexOf('=');
                return equals > 0
                    ? (word[..equals], word[(equals + 1)..])
                    : throw new SkiffException($"--change \"{Printable.Of(change)}\": NAME=VALUE is due");
            }),
        ];
    }

    /// <summary>Words with quotes and backslashes as in a Dockerfile.</summary>
    private static List<string> Words(string text, string change)
    {
        List<string> words = [];
        System.Text.StringBuilder word = new();
        char quote = '\0';
        bool inWord = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '\\' && quote != '\'' && i + 1 < text.Length)
            {
                word.Append(text[++i]);
                inWord = true;
            }
            else if (quote != '\0' ? c == quote : c is '"' or '\'')
            {
                quote = quote == '\0' ? c : '\0';
                inWord = true;
            }
            else if (quote == '\0' && c is ' ' or '\t')
            {
                if (inWord)
                {
                    words.Add(word.ToString());
                }
                word.Clear();
                inWord = false;
            }
            else
            {
                word.Append(c);
                inWord = true;
            }
        }
        if (inWord)
        {
            words.Add(word.ToString());
        }
        return quote == '\0' ? words : throw new SkiffException($"--change \"{Printable.Of(change)}\": a quote is not closed");
    }
}
