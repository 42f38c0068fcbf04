using Skiff.Linux;

namespace Skiff.Format;

/// <summary>Reads the tokens of a template into nodes; unknown functions and variables are refused here, before anything is printed, as Go does.</summary>
internal sealed class TemplateParser
{
    private const int MaxDepth = 100;
    private readonly List<Token> _tokens;
    private readonly List<string> _variables = [""];
    private readonly Dictionary<string, IReadOnlyList<Node>> _templates;
    private int _next;
    private int _ranges;
    private int _depth;

    private TemplateParser(List<Token> tokens, Dictionary<string, IReadOnlyList<Node>> templates)
    {
        _tokens = tokens;
        _templates = templates;
    }

    /// <summary>Parses a template; those made by define are added to <paramref name="templates"/>.</summary>
    public static IReadOnlyList<Node> Parse(string template, Dictionary<string, IReadOnlyList<Node>> templates)
    {
        var parser = new TemplateParser(TemplateLexer.Tokens(template), templates);
        List<Node> nodes = parser.Nodes(out string end);
        return end.Length == 0 ? nodes : throw parser.Error($"unexpected {{{{{end}}}}}");
    }

    private Token Peek => _tokens[_next];

    private SkiffException Error(string message) => TemplateError.At(_tokens[Math.Min(_next, _tokens.Count - 1)].Position, message);

    private bool Take(TokenKind kind)
    {
        if (Peek.Kind != kind)
        {
            return false;
        }
        _next++;
        return true;
    }

    private void Expect(TokenKind kind, string what)
    {
        if (!Take(kind))
        {
            throw Error($"{what} expected{(Peek.Text.Length > 0 ? $" instead of '{Peek.Text}'" : "")}");
        }
    }

    /// <summary>Nodes up to end, else, or the end of the template; <paramref name="end"/> says which.</summary>
    private List<Node> Nodes(out string end)
    {
        var nodes = new List<Node>();
        while (true)
        {
            Token token = Peek;
            if (token.Kind == TokenKind.End)
            {
                end = "";
                return nodes;
            }
            _next++;
            if (token.Kind == TokenKind.Text)
            {
                nodes.Add(new TextNode(token.Text));
                continue;
            }
            if (Peek is { Kind: TokenKind.Word, Text: "end" or "else" })
            {
                end = _tokens[_next++].Text;
                if (end == "end")
                {
                    Expect(TokenKind.Close, "}}");
                }
                return nodes;
            }
            if (Action() is { } node)
            {
                nodes.Add(node);
            }
        }
    }

    private Node? Action()
    {
        if (Peek.Kind == TokenKind.Word)
        {
            string word = Peek.Text;
            switch (word)
            {
                case "if" or "with" or "range":
                    _next++;
                    return Block(word);
                case "break" or "continue":
                    _next++;
                    Expect(TokenKind.Close, "}}");
                    return _ranges > 0 ? new JumpNode(word == "break") : throw Error($"{{{{{word}}}}} outside {{{{range}}}}");
                case "define" or "block":
                    _next++;
                    return Define(word == "block");
                case "template":
                    _next++;
                    string name = Name();
                    Pipeline? argument = Peek.Kind == TokenKind.Close ? null : Pipe();
                    Expect(TokenKind.Close, "}}");
                    return new CallNode(name, argument);
            }
        }
        Pipeline pipeline = Pipe();
        Expect(TokenKind.Close, "}}");
        return new ActionNode(pipeline);
    }

    private string Name() =>
        Peek is { Kind: TokenKind.Literal, Text: "string" } token && ++_next > 0
            ? token.Value!.AsString
            : throw Error("a quoted template name expected");

    private CallNode? Define(bool isBlock)
    {
        string name = Name();
        Pipeline? argument = isBlock ? Pipe() : null;
        Expect(TokenKind.Close, "}}");
        List<string> outer = [.. _variables];
        _variables.RemoveRange(1, _variables.Count - 1);
        int ranges = _ranges;
        _ranges = 0;
        List<Node> body = Nodes(out string end);
        _ranges = ranges;
        _variables.Clear();
        _variables.AddRange(outer);
        if (end != "end")
        {
            throw Error($"{{{{define \"{name}\"}}}} has no {{{{end}}}}");
        }
        _templates[name] = body;
        return isBlock ? new CallNode(name, argument) : null;
    }

    private Node Block(string word)
    {
        if (++_depth > MaxDepth)
        {
            throw Error("too deeply nested");
        }
        int scope = _variables.Count;
        Pipeline pipeline = Pipe(word == "range");
        Expect(TokenKind.Close, "}}");
        _ranges += word == "range" ? 1 : 0;
        List<Node> then = Nodes(out string end);
        _ranges -= word == "range" ? 1 : 0;
        List<Node> otherwise = [];
        if (end == "else")
        {
            if (Peek is { Kind: TokenKind.Word, Text: "if" or "with" } chained && word != "range")
            {
                _next++;
                otherwise.Add(Block(chained.Text));
                end = "end";
            }
            else
            {
                Expect(TokenKind.Close, "}}");
                otherwise = Nodes(out end);
            }
        }
        if (end != "end")
        {
            throw Error(end.Length == 0 ? $"{{{{{word}}}}} has no {{{{end}}}}" : $"{{{{{word}}}}} has two {{{{else}}}}");
        }
        _variables.RemoveRange(scope, _variables.Count - scope);
        _depth--;
        return word switch
        {
            "if" => new IfNode(pipeline, then, otherwise),
            "with" => new WithNode(pipeline, then, otherwise),
            _ => new RangeNode(pipeline, then, otherwise),
        };
    }

    private Pipeline Pipe(bool isRange = false)
    {
        if (++_depth > MaxDepth)
        {
            throw Error("too deeply nested");
        }
        var variables = new List<string>();
        bool declares = false;
        TokenKind after = _next + 1 < _tokens.Count ? _tokens[_next + 1].Kind : TokenKind.End;
        if (Peek.Kind == TokenKind.Variable && (after is TokenKind.Declare or TokenKind.Assign || (isRange && after == TokenKind.Comma)))
        {
            variables.Add(_tokens[_next++].Text);
            if (Take(TokenKind.Comma))
            {
                variables.Add(Peek.Text);
                Expect(TokenKind.Variable, "a variable");
            }
            declares = Peek.Kind == TokenKind.Declare;
            if (!declares && Peek.Kind != TokenKind.Assign)
            {
                throw Error(":= expected");
            }
            _next++;
        }
        var commands = new List<IReadOnlyList<Operand>> { Words() };
        while (Take(TokenKind.Pipe))
        {
            commands.Add(Words());
            if (commands[^1][0] is LiteralOperand or NilOperand)
            {
                throw Error("a constant cannot receive the value of a pipeline");
            }
        }
        foreach (string variable in variables)
        {
            if (declares)
            {
                _variables.Add(variable);
            }
            else if (!_variables.Contains(variable))
            {
                throw Error($"unknown variable ${variable}");
            }
        }
        _depth--;
        return new Pipeline(variables, declares, commands);
    }

    private List<Operand> Words()
    {
        var words = new List<Operand>();
        while (Word() is { } word)
        {
            words.Add(word);
        }
        return words.Count > 0 ? words : throw Error("a value is missing");
    }

    private Operand? Word()
    {
        Token token = Peek;
        switch (token.Kind)
        {
            case TokenKind.Literal:
                _next++;
                return new LiteralOperand(token.Value!);
            case TokenKind.Dot:
                _next++;
                return new FieldOperand([]);
            case TokenKind.Field:
                _next++;
                return new FieldOperand([token.Text, .. Path()]);
            case TokenKind.Variable:
                _next++;
                return _variables.Contains(token.Text)
                    ? new VariableOperand(token.Text, Path())
                    : throw TemplateError.At(token.Position, $"unknown variable ${token.Text}");
            case TokenKind.LeftParenthesis:
                _next++;
                Pipeline inner = Pipe();
                Expect(TokenKind.RightParenthesis, ")");
                return new NestedOperand(inner, Path());
            case TokenKind.Word when token.Text is "true" or "false":
                _next++;
                return new LiteralOperand(Value.Of(token.Text == "true"));
            case TokenKind.Word when token.Text == "nil":
                _next++;
                return new NilOperand();
            case TokenKind.Word:
                if (!TemplateFunctions.Exists(token.Text))
                {
                    string? near = Suggestion.Nearest(token.Text, TemplateFunctions.Names);
                    throw Error($"unknown function {token.Text}{(near is null ? "" : $", did you mean {near}?")}");
                }
                _next++;
                return new FunctionOperand(token.Text, token.Position);
            default:
                return null;
        }
    }

    private List<string> Path()
    {
        var path = new List<string>();
        while (Peek is { Kind: TokenKind.Field, Glued: true } field)
        {
            path.Add(field.Text);
            _next++;
        }
        return path;
    }
}
