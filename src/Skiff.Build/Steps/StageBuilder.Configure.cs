using Skiff.Build.Parsing;
using Skiff.Engine.Spec;
using Skiff.Images;
using Skiff.Images.Archives;
using Skiff.Linux;

namespace Skiff.Build.Steps;

/// <content>Instructions that change how the image is run, and no file.</content>
internal sealed partial class StageBuilder
{
    private bool _hasCommand;

    private void Configure(Instruction instruction)
    {
        if (instruction.Name != "HEALTHCHECK")
        {
            Allow(instruction);
        }
        ImageConfig config = _state.Config;
        string history;
        switch (instruction.Name)
        {
            case "ENV":
                (config, history) = Env(instruction);
                break;
            case "LABEL":
                (config, history) = Label(instruction);
                break;
            case "CMD":
                _hasCommand = true;
                config = config with { Cmd = Command(instruction) };
                history = "CMD " + JsonForm.History(config.Cmd);
                break;
            case "ENTRYPOINT":
                // a command that came with the base was meant for its entry point
                config = config with
                {
                    Entrypoint = Command(instruction),
                    Cmd = _hasCommand ? config.Cmd : [],
                };
                history = "ENTRYPOINT " + JsonForm.History(config.Entrypoint);
                break;
            case "EXPOSE":
                List<string> ports = Ports(instruction);
                config = config with { ExposedPorts = [.. config.ExposedPorts.Union(ports)] };
                history = $"EXPOSE [{string.Join(' ', ports)}]";
                break;
            case "VOLUME":
                List<string> volumes = [.. (instruction.Json ?? WordList.Plain(instruction.Arguments)).Select(Expand)];
                if (volumes.Exists(static v => v.Trim().Length == 0))
                {
                    throw DockerfileException.At(instruction, "VOLUME specified can not be an empty string");
                }
                config = config with { Volumes = [.. config.Volumes.Union(volumes)] };
                history = $"VOLUME [{string.Join(' ', volumes)}]";
                break;
            case "USER":
                string user = Expand(instruction.Arguments);
                config = config with { User = user };
                history = $"USER {user}";
                break;
            case "STOPSIGNAL":
                string signal = Expand(instruction.Arguments);
                if (!SignalName.TryParse(signal, out _))
                {
                    throw DockerfileException.At(
                        instruction,
                        $"STOPSIGNAL: \"{signal}\" is no signal: a name such as SIGTERM, or a number"
                    );
                }
                config = config with { StopSignal = signal };
                history = $"STOPSIGNAL {signal}";
                break;
            case "SHELL":
                IReadOnlyList<string> shell = instruction.Json is { Count: > 0 } words
                    ? words
                    : throw DockerfileException.At(
                        instruction,
                        "SHELL requires the arguments to be in JSON form: SHELL [\"/bin/bash\", \"-c\"]"
                    );
                config = config with { Shell = shell };
                history = $"SHELL [{string.Join(' ', shell)}]";
                break;
            case "HEALTHCHECK":
                config = config with { Healthcheck = HealthOf(instruction) };
                history = instruction.ToString();
                break;
            case "ONBUILD":
                string trigger = Trigger(instruction);
                _state.Config = config with { OnBuild = [.. config.OnBuild, trigger] };
                return; // not part of the history, as docker has it
            default:
                config = config with { Author = instruction.Arguments };
                history = $"MAINTAINER {instruction.Arguments}";
                break;
        }
        _state.Config = config;
        History(Short(history), empty: true, _state.Created);
    }

    /// <summary>An exec form as it is, a shell form for the shell.</summary>
    private List<string> Command(Instruction instruction) => [.. instruction.Json ?? [.. _state.Shell, instruction.Arguments]];

    private (ImageConfig Config, string History) Env(Instruction instruction)
    {
        // all values see the variables as they were before the instruction
        List<(string Name, string Value)> pairs =
        [
            .. WordList.Pairs(instruction, Escape).Select(p => (Name: Expand(p.Name), Value: Expand(p.Value))),
        ];
        List<string> env = [.. _state.Config.Env];
        foreach ((string name, string value) in pairs)
        {
            int place = env.FindIndex(e => e.StartsWith(name + "=", StringComparison.Ordinal));
            if (place >= 0)
            {
                env[place] = $"{name}={value}";
            }
            else
            {
                env.Add($"{name}={value}");
            }
        }
        return (_state.Config with { Env = env }, "ENV " + string.Join(' ', pairs.Select(static p => $"{p.Name}={p.Value}")));
    }

    private (ImageConfig Config, string History) Label(Instruction instruction)
    {
        Dictionary<string, string> labels = new(_state.Config.Labels);
        List<string> shown = [];
        foreach ((string name, string value) in WordList.Pairs(instruction, Escape))
        {
            string expanded = Expand(value);
            labels[Expand(name)] = expanded;
            shown.Add($"{Expand(name)}={expanded}");
        }
        return (_state.Config with { Labels = labels }, "LABEL " + string.Join(' ', shown));
    }

    private List<string> Ports(Instruction instruction)
    {
        List<string> ports = [];
        foreach (string word in new Expansion(Variable, Escape).Words(instruction.Arguments))
        {
            int slash = word.IndexOf('/');
            string protocol = slash < 0 ? "tcp" : word[(slash + 1)..].ToLowerInvariant();
            string[] ends = (slash < 0 ? word : word[..slash]).Split('-');
            if (
                ends.Length > 2
                || protocol is not ("tcp" or "udp" or "sctp")
                || !ushort.TryParse(ends[0], out ushort first)
                || !ushort.TryParse(ends[^1], out ushort last)
                || last < first
            )
            {
                throw DockerfileException.At(instruction, $"EXPOSE: \"{word}\" is no port: 80, 80/udp, or a range such as 8000-8010");
            }
            for (int port = first; port <= last; port++)
            {
                ports.Add($"{port}/{protocol}");
            }
        }
        return ports;
    }

    private Healthcheck HealthOf(Instruction instruction)
    {
        string text = string.Concat(instruction.Flags.Select(static f => $"--{f.Name}={f.Value} ")) + instruction.Arguments;
        try
        {
            return HealthcheckChange.Parse(
                text,
                (command, _) => [.. JsonForm.TryParse(command) ?? throw new SkiffException("no list")],
                text
            );
        }
        catch (SkiffException e)
        {
            throw DockerfileException.At(
                instruction,
                "HEALTHCHECK NONE, or HEALTHCHECK [--interval=30s] [--timeout=30s] [--start-period=0s] [--start-interval=5s] [--retries=3] CMD command",
                e
            );
        }
    }

    private static string Trigger(Instruction instruction)
    {
        string text = instruction.Arguments;
        string name = text[..(text.AsSpan().IndexOfAny(' ', '\t') is int end and >= 0 ? end : text.Length)].ToUpperInvariant();
        if (name is "ONBUILD" or "FROM" or "MAINTAINER")
        {
            throw DockerfileException.At(instruction, $"{name} isn't allowed as an ONBUILD trigger");
        }
        foreach (Heredoc heredoc in instruction.Heredocs)
        {
            text += $"\n{heredoc.Content}{heredoc.Name}";
        }
        _ = DockerfileParser.ParseTrigger(text);
        return text;
    }

    private void Arg(Instruction instruction)
    {
        Allow(instruction);
        List<string> shown = [];
        foreach ((string name, string? fallback) in ArgForm.Read(instruction, Escape))
        {
            string? value;
            if (_session.Request.BuildArgs.TryGetValue(name, out string? given))
            {
                value = given;
                lock (_session.Graph.Consumed)
                {
                    _session.Graph.Consumed.Add(name);
                }
            }
            else
            {
                value =
                    fallback is not null ? Expand(fallback)
                    : _session.Graph.GlobalArgs.TryGetValue(name, out string? global) ? global
                    : _session.Graph.Platform.Value(name);
            }
            _state.SetArg(name, value);
            shown.Add(value is null ? name : $"{name}={value}");
        }
        History("ARG " + string.Join(' ', shown), empty: true, _state.Created);
    }

    /// <summary>Refuses flags that an instruction does not have.</summary>
    private static void Allow(Instruction instruction, params ReadOnlySpan<string> known)
    {
        foreach (InstructionFlag flag in instruction.Flags)
        {
            if (!known.Contains(flag.Name))
            {
                throw DockerfileException.At(
                    instruction,
                    $"unknown flag: --{flag.Name}; {instruction.Name} knows {(known.IsEmpty ? "none" : "--" + string.Join(", --", known.ToArray()))}"
                );
            }
        }
    }
}
