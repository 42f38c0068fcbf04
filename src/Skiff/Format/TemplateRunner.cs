using System.Text;
using Skiff.Linux;

namespace Skiff.Format;

/// <summary>Runs the nodes of a template over one value.</summary>
internal sealed class TemplateRunner
{
    /// <summary>Templates that call themselves end here instead of on the stack.</summary>
    private const int MaxCalls = 200;

    private readonly IReadOnlyDictionary<string, IReadOnlyList<Node>> _templates;
    private readonly TemplateFunctions _functions;
    private readonly StringBuilder _text;
    private readonly List<(string Name, Value Value)> _variables = [];
    private int _calls;

    public TemplateRunner(IReadOnlyDictionary<string, IReadOnlyList<Node>> templates, TemplateFunctions functions, StringBuilder text)
    {
        _templates = templates;
        _functions = functions;
        _text = text;
    }

    private enum Flow
    {
        Next,
        Continue,
        Break,
    }

    public void Run(IReadOnlyList<Node> nodes, Value dot)
    {
        int scope = _variables.Count;
        _variables.Add(("", dot));
        Walk(nodes, dot);
        _variables.RemoveRange(scope, _variables.Count - scope);
    }

    private Flow Walk(IReadOnlyList<Node> nodes, Value dot)
    {
        foreach (Node node in nodes)
        {
            Flow flow = One(node, dot);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }
        return Flow.Next;
    }

    private Flow One(Node node, Value dot)
    {
        int scope = _variables.Count;
        switch (node)
        {
            case TextNode text:
                _text.Append(text.Text);
                return Flow.Next;
            case ActionNode action:
                Value result = Evaluate(action.Pipeline, dot);
                if (action.Pipeline.Variables.Count == 0)
                {
                    _text.Append(GoPrinter.Print(result));
                }
                return Flow.Next;
            case JumpNode jump:
                return jump.Break ? Flow.Break : Flow.Continue;
            case IfNode branch:
                return Leave(scope, Walk(Evaluate(branch.Condition, dot).IsTrue() ? branch.Then : branch.Otherwise, dot));
            case WithNode with:
                Value value = Evaluate(with.Value, dot);
                return Leave(scope, value.IsTrue() ? Walk(with.Then, value) : Walk(with.Otherwise, dot));
            case RangeNode range:
                return Leave(scope, Range(range, dot));
            default:
                Call((CallNode)node, dot);
                return Flow.Next;
        }
    }

    private Flow Leave(int scope, Flow flow)
    {
        _variables.RemoveRange(scope, _variables.Count - scope);
        return flow;
    }

    private void Call(CallNode call, Value dot)
    {
        if (!_templates.TryGetValue(call.Name, out IReadOnlyList<Node>? body))
        {
            throw TemplateError.Running($"no template \"{call.Name}\" is defined");
        }
        if (++_calls > MaxCalls)
        {
            throw TemplateError.Running($"template \"{call.Name}\" calls itself without end");
        }
        Value argument = call.Argument is null ? Value.Nil : Evaluate(call.Argument, dot);
        List<(string, Value)> outer = [.. _variables];
        _variables.Clear();
        Run(body, argument);
        _variables.AddRange(outer);
        _calls--;
    }

    private Flow Range(RangeNode range, Value dot)
    {
        Pipeline over = range.Over;
        Value collection = Evaluate(over with { Variables = [] }, dot);
        bool any = false;
        foreach ((Value index, Value item) in Entries(collection))
        {
            any = true;
            int scope = _variables.Count;
            if (over.Variables.Count > 0)
            {
                Set(over.Variables[^1], over.Variables.Count == 1 && collection.Kind == ValueKind.Int ? index : item, over.Declares);
            }
            if (over.Variables.Count > 1)
            {
                Set(over.Variables[0], index, over.Declares);
            }
            Flow flow = Leave(scope, Walk(range.Body, item));
            if (flow == Flow.Break)
            {
                break;
            }
        }
        return any ? Flow.Next : Walk(range.Otherwise, dot);
    }

    private static IEnumerable<(Value Index, Value Item)> Entries(Value collection)
    {
        switch (collection.Kind)
        {
            case ValueKind.Nil:
                break;
            case ValueKind.List:
                for (int i = 0; i < collection.Items.Count; i++)
                {
                    yield return (Value.Of(i), collection.Items[i]);
                }
                break;
            case ValueKind.Map:
                foreach (KeyValuePair<string, Value> entry in collection.Fields)
                {
                    yield return (Value.Of(entry.Key), entry.Value);
                }
                break;
            case ValueKind.Int:
                for (long i = 0; i < collection.AsInt; i++)
                {
                    yield return (Value.Of(i), Value.Of(i));
                }
                break;
            default:
                throw TemplateError.Running($"range cannot iterate over {GoPrinter.Inner(collection)}");
        }
    }

    private void Set(string name, Value value, bool declare)
    {
        if (declare)
        {
            _variables.Add((name, value));
            return;
        }
        for (int i = _variables.Count - 1; i >= 0; i--)
        {
            if (_variables[i].Name == name)
            {
                _variables[i] = (name, value);
                return;
            }
        }
    }

    private Value Variable(string name)
    {
        for (int i = _variables.Count - 1; i >= 0; i--)
        {
            if (_variables[i].Name == name)
            {
                return _variables[i].Value;
            }
        }
        return Value.Nil;
    }

    private Value Evaluate(Pipeline pipeline, Value dot)
    {
        Value? value = null;
        foreach (IReadOnlyList<Operand> command in pipeline.Commands)
        {
            value = Command(command, dot, value);
        }
        foreach (string variable in pipeline.Variables)
        {
            Set(variable, value!, pipeline.Declares);
        }
        return value!;
    }

    private Value Command(IReadOnlyList<Operand> words, Value dot, Value? piped)
    {
        if (words[0] is FunctionOperand function)
        {
            return _functions.Call(function.Name, words.Count - 1 + (piped is null ? 0 : 1), Argument);

            // Lazily, as and/or stop at the first argument that decides.
            Value Argument(int i) => i + 1 < words.Count ? Word(words[i + 1], dot) : piped!;
        }
        if (words.Count > 1 || piped is not null)
        {
            if (
                words.Count + (piped is null ? 0 : 1) == 2
                && words[0] is FieldOperand { Path: [.., "Label"] } field
                && Path(dot, [.. field.Path.Take(field.Path.Count - 1)]).Labels is { } labels
            )
            {
                string key = GoPrinter.Inner(piped ?? Word(words[1], dot));
                return Value.Of(labels.TryGetValue(key, out string? label) ? label : _functions.MissingLabel(key));
            }
            throw TemplateError.Running($"{Describe(words[0])} is not a function and takes no arguments");
        }
        return words[0] is NilOperand ? throw TemplateError.Running("nil is not a command") : Word(words[0], dot);
    }

    private Value Word(Operand word, Value dot) =>
        word switch
        {
            LiteralOperand literal => literal.Value,
            FieldOperand field => Path(dot, field.Path),
            VariableOperand variable => Path(Variable(variable.Name), variable.Path),
            NestedOperand nested => Path(Evaluate(nested.Pipeline, dot), nested.Path),
            FunctionOperand function => _functions.Call(function.Name, 0, static _ => Value.Nil),
            _ => Value.Nil,
        };

    private static string Describe(Operand word) =>
        word switch
        {
            LiteralOperand literal => GoPrinter.Inner(literal.Value),
            FieldOperand field => "." + string.Join('.', field.Path),
            VariableOperand variable => "$" + variable.Name,
            _ => "a value",
        };

    private static Value Path(Value value, IReadOnlyList<string> path)
    {
        for (int i = 0; i < path.Count; i++)
        {
            Value? found = value.Find(path[i]) ?? ByGoName(value, path[i]);
            if (found is null)
            {
                string at = "." + string.Join('.', path.Take(i + 1));
                found = value.Kind switch
                {
                    ValueKind.Map => Value.Nil,
                    ValueKind.Nil => throw TemplateError.Running($"{at} is a field of something that has no value"),
                    ValueKind.Struct => throw TemplateError.Running(NoField(value, path[i], at)),
                    _ => throw TemplateError.Running($"{at}: {GoPrinter.Inner(value)} has no fields"),
                };
            }
            value = found;
        }
        return value;
    }

    /// <summary>docker's templates see its Go structures first, where some members have another name than in JSON: <c>.ID</c>, <c>.HostConfig.NanoCPUs</c>.</summary>
    private static Value? ByGoName(Value value, string name)
    {
        string? json =
            value.Kind != ValueKind.Struct ? null
            : name == "ID" ? "Id"
            : name.StartsWith("CPU", StringComparison.Ordinal) ? "Cpu" + name[3..]
            : name.StartsWith("DNS", StringComparison.Ordinal) ? "Dns" + name[3..]
            : name.EndsWith("CPUs", StringComparison.Ordinal) ? name[..^4] + "Cpus"
            : null;
        return json is null ? null : value.Find(json);
    }

    private static string NoField(Value value, string name, string at)
    {
        string? near =
            value.Fields.FirstOrDefault(f => string.Equals(f.Key, name, StringComparison.OrdinalIgnoreCase)).Key
            ?? Suggestion.Nearest(name, value.Fields.Select(static f => f.Key));
        return $"{TemplateError.NoField} {at}{(near is null ? "" : $", did you mean .{near}?")}";
    }
}
