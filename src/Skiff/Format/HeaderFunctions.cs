namespace Skiff.Format;

/// <summary>The functions while the header line of a table is made: those that only reshape a value leave its column's title as it is, as docker's do.</summary>
internal sealed class HeaderFunctions : TemplateFunctions
{
    public override Value Call(string name, int count, Func<int, Value> argument) =>
        name is "json" or "split" or "join" or "title" or "lower" or "upper" or "pad" or "truncate" && count > 0
            ? argument(0)
            : base.Call(name, count, argument);

    /// <summary>The title of a label's column: the last part of its dotted name, in words.</summary>
    public override string MissingLabel(string key) => key[(key.LastIndexOf('.') + 1)..].Replace('-', ' ').Replace('_', ' ');
}
