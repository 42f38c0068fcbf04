namespace Skiff.Engine.Spec;

/// <summary>One <c>name=value</c> pair of a label, annotation, sysctl, option or environment list; the order of pairs is kept.</summary>
/// <param name="Name">The part before the first <c>=</c>.</param>
/// <param name="Value">The part after it; may be empty.</param>
public readonly record struct NameValue(string Name, string Value)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name}={Value}";
}
