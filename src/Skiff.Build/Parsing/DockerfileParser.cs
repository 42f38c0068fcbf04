using System.Text;

namespace Skiff.Build.Parsing;

/// <summary>Cuts the text of a Dockerfile into instructions: directives, comments, continued lines, flags, heredocs (docs.docker.com/reference/dockerfile).</summary>
public sealed class DockerfileParser
{
    private const int MaxInstructions = 10_000;

    private static readonly HashSet<string> s_instructions =
    [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ];

    private readonly string[] _lines;
    private readonly List<string> _warnings = [];
    private char _escape = '\\';
    private int _next;

    private DockerfileParser(string text)
    {
        _lines = text.Split('\n');
        for (int i = 0; i < _lines.Length; i++)
        {
            _lines[i] = _lines[i].TrimEnd('\r');
        }
    }

    /// <summary>Reads a Dockerfile.</summary>
    /// <exception cref="DockerfileException">It is malformed.</exception>
    public static Dockerfile Parse(string text)
    {
        DockerfileParser parser = new(text.Length > 0 && text[0] == '\uFEFF' ? text[1..] : text);
        (string syntax, string check) = parser.Directives();
        List<Instruction> instructions = [];
        while (parser.Next() is { } instruction)
        {
            instructions.Add(
                instructions.Count < MaxInstructions
                    ? instruction
                    : throw new DockerfileException($"more than {MaxInstructions} instructions", instruction.FirstLine)
            );
        }
        return instructions.Count == 0
            ? throw new DockerfileException("the Dockerfile has no instruction: it begins with FROM", 0)
            : new Dockerfile
            {
                Instructions = instructions,
                Lines = parser._lines,
                Escape = parser._escape,
                Syntax = syntax,
                Check = check,
                Warnings = parser._warnings,
            };
    }

    /// <summary>Reads one instruction of an image's ONBUILD list, or of <c>--change</c>.</summary>
    public static Instruction ParseTrigger(string text)
    {
        DockerfileParser parser = new(text);
        Instruction? instruction = parser.Next();
        return instruction is null || instruction.Name is "ONBUILD" or "FROM" or "MAINTAINER"
            ? throw new DockerfileException($"the base image's trigger \"{text}\" is no instruction that may be one", 0)
            : instruction with
            {
                IsTriggered = true,
            };
    }

    private (string Syntax, string Check) Directives()
    {
        string syntax = "";
        string check = "";
        HashSet<string> seen = [];
        while (_next < _lines.Length)
        {
            string line = _lines[_next].Trim();
            int equals = line.IndexOf('=');
            if (line.Length == 0 || line[0] != '#' || equals < 0)
            {
                break;
            }
            string key = line[1..equals].Trim().ToLowerInvariant();
            string value = line[(equals + 1)..].Trim();
            if (key is not ("syntax" or "escape" or "check"))
            {
                break;
            }
            if (!seen.Add(key))
            {
                throw new DockerfileException($"the directive {key} is given twice", _next + 1);
            }
            switch (key)
            {
                case "syntax":
                    syntax = value;
                    break;
                case "check":
                    check = value;
                    break;
                default:
                    _escape = value is "\\" or "`"
                        ? value[0]
                        : throw new DockerfileException(
                            $"the escape character \"{value}\" is not possible: it is a backslash or a backtick",
                            _next + 1
                        );
                    break;
            }
            _next++;
        }
        return (syntax, check);
    }

    private Instruction? Next()
    {
        while (_next < _lines.Length)
        {
            if (IsSkipped(_lines[_next]))
            {
                _next++;
                continue;
            }
            int first = _next;
            string text = Logical();
            return Make(text, first + 1);
        }
        return null;
    }

    /// <summary>A line with those that continue it; comments and empty lines between them do not count.</summary>
    private string Logical()
    {
        StringBuilder text = new();
        bool continued = Append(text, _lines[_next++].TrimStart());
        int empty = 0;
        while (continued && _next < _lines.Length)
        {
            string line = _lines[_next++];
            if (IsSkipped(line))
            {
                empty = line.AsSpan().Trim().IsEmpty && empty == 0 ? _next : empty;
                continue;
            }
            continued = Append(text, line);
        }
        if (empty > 0)
        {
            _warnings.Add($"line {empty}: an empty line inside of an instruction that is continued");
        }
        return text.ToString().Trim();
    }

    /// <summary>True if the line ends in an escape character that continues it.</summary>
    private bool Append(StringBuilder text, string line)
    {
        string trimmed = line.TrimEnd(' ', '\t');
        bool continued = trimmed.Length > 0 && trimmed[^1] == _escape && (trimmed.Length == 1 || trimmed[^2] != _escape);
        text.Append(continued ? trimmed.AsSpan(0, trimmed.Length - 1) : line);
        return continued;
    }

    private static bool IsSkipped(string line)
    {
        ReadOnlySpan<char> text = line.AsSpan().Trim();
        return text.IsEmpty || text[0] == '#';
    }

    private Instruction Make(string text, int firstLine)
    {
        int end = text.AsSpan().IndexOfAny(' ', '\t');
        string name = (end < 0 ? text : text[..end]).ToUpperInvariant();
        if (!s_instructions.Contains(name))
        {
            string word = end < 0 ? text : text[..end];
            string? near = Skiff.Linux.Suggestion.Nearest(name, s_instructions);
            throw new DockerfileException($"unknown instruction: {word}{(near is null ? "" : $" (did you mean {near}?)")}", firstLine);
        }
        string rest = end < 0 ? "" : text[end..].Trim();
        (List<InstructionFlag> flags, string arguments) = Flags(rest, firstLine);
        if (arguments.Length == 0)
        {
            throw new DockerfileException($"{name} needs at least one argument", firstLine, _next);
        }
        List<Heredoc> heredocs = TakesHeredocs(name, arguments) ? Heredocs(arguments, firstLine) : [];
        return new Instruction
        {
            Name = name,
            Flags = flags,
            Arguments = arguments,
            Heredocs = heredocs,
            FirstLine = firstLine,
            LastLine = _next,
        };
    }

    private static bool TakesHeredocs(string name, string arguments)
    {
        if (name == "ONBUILD")
        {
            int end = arguments.AsSpan().IndexOfAny(' ', '\t');
            name = (end < 0 ? arguments : arguments[..end]).ToUpperInvariant();
        }
        return name is "RUN" or "COPY" or "ADD"
            && arguments.Contains("<<", StringComparison.Ordinal)
            && JsonForm.TryParse(arguments) is null;
    }

    /// <summary>Flags are words that begin with two dashes, before all others; <c>--</c> ends them.</summary>
    private (List<InstructionFlag> Flags, string Arguments) Flags(string text, int line)
    {
        List<InstructionFlag> flags = [];
        int at = 0;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
            {
                at++;
            }
            if (!text.AsSpan(at).StartsWith("--"))
            {
                return (flags, text[at..]);
            }
            StringBuilder word = new();
            char quote = '\0';
            for (; at < text.Length && (quote != '\0' || !char.IsWhiteSpace(text[at])); at++)
            {
                char c = text[at];
                if (c == _escape && quote != '\'' && at + 1 < text.Length)
                {
                    word.Append(text[++at]);
                }
                else if (quote == '\0' ? c is '"' or '\'' : c == quote)
                {
                    quote = quote == '\0' ? c : '\0';
                }
                else
                {
                    word.Append(c);
                }
            }
            string flag = word.ToString();
            if (flag == "--")
            {
                return (flags, text[at..].TrimStart());
            }
            if (quote != '\0')
            {
                throw new DockerfileException($"a quote is not closed in {flag}", line, _next);
            }
            int equals = flag.IndexOf('=');
            flags.Add(
                new InstructionFlag(flag[2..(equals < 0 ? flag.Length : equals)], equals < 0 ? "" : flag[(equals + 1)..], equals >= 0)
            );
        }
    }

    private List<Heredoc> Heredocs(string arguments, int firstLine)
    {
        List<Heredoc> found = [];
        foreach (string word in WordList.Split(arguments, _escape))
        {
            if (HeredocMark.TryParse(word, _escape) is not { } mark)
            {
                continue;
            }
            StringBuilder content = new();
            while (true)
            {
                if (_next >= _lines.Length)
                {
                    throw new DockerfileException($"the text <<{mark.Name} is not ended by a line {mark.Name}", firstLine, _lines.Length);
                }
                string line = _lines[_next++];
                line = mark.StripsTabs ? line.TrimStart('\t') : line;
                if (line == mark.Name)
                {
                    break;
                }
                content.Append(line).Append('\n');
            }
            found.Add(mark with { Content = content.ToString() });
        }
        return found;
    }
}
