namespace Skiff.Format;

/// <summary>What a template consists of.</summary>
internal abstract record Node;

internal sealed record TextNode(string Text) : Node;

/// <summary>Prints the value of a pipeline, or only sets a variable.</summary>
internal sealed record ActionNode(Pipeline Pipeline) : Node;

internal sealed record IfNode(Pipeline Condition, IReadOnlyList<Node> Then, IReadOnlyList<Node> Otherwise) : Node;

internal sealed record WithNode(Pipeline Value, IReadOnlyList<Node> Then, IReadOnlyList<Node> Otherwise) : Node;

internal sealed record RangeNode(Pipeline Over, IReadOnlyList<Node> Body, IReadOnlyList<Node> Otherwise) : Node;

/// <summary>Leaves the innermost range, or goes on with its next item.</summary>
internal sealed record JumpNode(bool Break) : Node;

/// <summary>Runs a template made by define, with the value as its dot.</summary>
internal sealed record CallNode(string Name, Pipeline? Argument) : Node;

/// <summary><c>$a, $b := command | command</c>.</summary>
internal sealed record Pipeline(IReadOnlyList<string> Variables, bool Declares, IReadOnlyList<IReadOnlyList<Operand>> Commands);

/// <summary>One word of a command.</summary>
internal abstract record Operand;

internal sealed record LiteralOperand(Value Value) : Operand;

/// <summary>The literal <c>nil</c>, which is an argument only.</summary>
internal sealed record NilOperand : Operand;

internal sealed record FunctionOperand(string Name, int Position) : Operand;

/// <summary>Fields of the dot; no fields is the dot itself.</summary>
internal sealed record FieldOperand(IReadOnlyList<string> Path) : Operand;

/// <summary>A variable and fields of it; <c>$</c> has the empty name.</summary>
internal sealed record VariableOperand(string Name, IReadOnlyList<string> Path) : Operand;

/// <summary>A pipeline in parentheses and fields of its value.</summary>
internal sealed record NestedOperand(Pipeline Pipeline, IReadOnlyList<string> Path) : Operand;
